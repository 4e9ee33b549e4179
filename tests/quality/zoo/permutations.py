"""Copies that compute the same with their channels in another order, and controls that do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.quality.zoo import denoiser, language
from tests.quality.zoo.tape import Weights

_EMBEDDING, _HEAD = "model.embed_tokens.weight", "lm_head.weight"


def of_language(weights: Weights, seed: int) -> Weights:
    """The same function, with the channels of the stream, the inner neurons, and the places inside
    each head in another order.
    """
    drawn = np.random.default_rng([seed, 33])
    stream = drawn.permutation(language.WIDTH)
    found = {}
    for name in (_EMBEDDING, _HEAD):
        found[name] = weights[name][:, stream]
    found["model.norm.weight"] = weights["model.norm.weight"][stream]
    size = language.WIDTH // language.HEADS
    for number in range(language.LAYERS):
        w = _under(weights, f"model.layers.{number}.")
        inner = drawn.permutation(language.INNER)
        asked, given = (_heads(drawn, language.HEADS, size) for _ in range(2))
        changed = {
            "input_layernorm.weight": w["input_layernorm.weight"][stream],
            "post_attention_layernorm.weight": w["post_attention_layernorm.weight"][stream],
            "self_attn.q_proj.weight": w["self_attn.q_proj.weight"][asked][:, stream],
            "self_attn.k_proj.weight": w["self_attn.k_proj.weight"][asked][:, stream],
            "self_attn.v_proj.weight": w["self_attn.v_proj.weight"][given][:, stream],
            "self_attn.o_proj.weight": w["self_attn.o_proj.weight"][stream][:, given],
            "mlp.gate_proj.weight": w["mlp.gate_proj.weight"][inner][:, stream],
            "mlp.up_proj.weight": w["mlp.up_proj.weight"][inner][:, stream],
            "mlp.down_proj.weight": w["mlp.down_proj.weight"][stream][:, inner],
        }
        found |= {f"model.layers.{number}.{name}": value for name, value in changed.items()}
    return {name: np.ascontiguousarray(found[name]) for name in weights}


def inside_language(weights: Weights, seed: int) -> Weights:
    """The same function, with only the inner neurons in another order."""
    drawn = np.random.default_rng([seed, 36])
    found = dict(weights)
    for number in range(language.LAYERS):
        inner, mlp = drawn.permutation(language.INNER), f"model.layers.{number}.mlp."
        for part in ("gate_proj", "up_proj"):
            found[f"{mlp}{part}.weight"] = weights[f"{mlp}{part}.weight"][inner]
        found[f"{mlp}down_proj.weight"] = weights[f"{mlp}down_proj.weight"][:, inner]
    return found


def turned_language(weights: Weights, seed: int) -> Weights:
    """The same function, with the sign of half the channels of the stream turned."""
    drawn = np.random.default_rng([seed, 37])
    sign = np.where(drawn.random(language.WIDTH) < 0.5, -1, 1).astype(np.float32)
    found = {}
    for name, value in weights.items():
        if value.ndim == 1:
            found[name] = value
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            found[name] = value * sign[:, None]
        else:
            found[name] = value * sign
    return found


def scaled_language(weights: Weights, seed: int, spread: float) -> Weights:
    """The same function, with what a channel is multiplied by moved into the next matrix.

    Factors are exp of a normal number with this deviation.
    """
    drawn = np.random.default_rng([seed, 38])
    found = dict(weights)

    def move(into: Sequence[str], out_of: Sequence[str], size: int, *, rows: bool) -> None:
        factor = np.exp(spread * drawn.standard_normal(size)).astype(np.float32)
        for name in into:
            value = found[f"{name}.weight"]
            found[f"{name}.weight"] = value * (factor[:, None] if rows else factor)
        for name in out_of:
            found[f"{name}.weight"] = found[f"{name}.weight"] / (
                factor[:, None] if rows else factor
            )

    def through(first: str, second: str, size: int) -> None:
        factor = np.exp(spread * drawn.standard_normal(size)).astype(np.float32)
        found[f"{first}.weight"] = found[f"{first}.weight"] * factor[:, None]
        found[f"{second}.weight"] = found[f"{second}.weight"] / factor

    for number in range(language.LAYERS):
        layer = f"model.layers.{number}."
        q, k, v, o = (f"{layer}self_attn.{part}_proj" for part in "qkvo")
        gate, up, down = (f"{layer}mlp.{part}_proj" for part in ("gate", "up", "down"))
        move([f"{layer}input_layernorm"], [q, k, v], language.WIDTH, rows=False)
        move([f"{layer}post_attention_layernorm"], [gate, up], language.WIDTH, rows=False)
        move([q], [k], language.WIDTH, rows=True)
        through(v, o, language.WIDTH)
        through(up, down, language.INNER)
    move(["model.norm"], ["lm_head"], language.WIDTH, rows=False)
    return found


def of_denoiser(weights: Weights, seed: int) -> Weights:
    """The same function, with all channels of the stream and all inner ones in another order."""
    drawn = np.random.default_rng([seed, 34])
    stream = drawn.permutation(denoiser.WIDTH)
    found = dict(weights)

    def put(name: str, out: NDArray[np.integer] | None, came: NDArray[np.integer] | None) -> None:
        value = weights[name]
        value = value if out is None else value[out]
        found[name] = value if came is None else value[:, came]

    put("conv_in.weight", stream, None)
    put("conv_norm_out.weight", stream, None)
    put("conv_out.weight", None, stream)
    times = [drawn.permutation(denoiser.TIME) for _ in range(2)]
    put("time_embedding.linear_1.weight", times[0], None)
    put("time_embedding.linear_2.weight", times[1], times[0])
    for prefix, came in denoiser.RESNETS.items():
        inner = drawn.permutation(denoiser.WIDTH)
        both = stream if came == denoiser.WIDTH else np.append(stream, stream + denoiser.WIDTH)
        put(f"{prefix}.norm1.weight", both, None)
        put(f"{prefix}.conv1.weight", inner, both)
        put(f"{prefix}.time_emb_proj.weight", inner, times[1])
        put(f"{prefix}.norm2.weight", inner, None)
        put(f"{prefix}.conv2.weight", stream, inner)
        if came != denoiser.WIDTH:
            put(f"{prefix}.conv_shortcut.weight", stream, both)
    for prefix in denoiser.ATTENTIONS:
        own, block = drawn.permutation(denoiser.WIDTH), f"{prefix}.{denoiser.BLOCK}"
        size = denoiser.WIDTH // denoiser.HEADS
        put(f"{prefix}.norm.weight", stream, None)
        put(f"{prefix}.proj_in.weight", own, stream)
        put(f"{prefix}.proj_out.weight", stream, own)
        for number in (1, 2):
            source = own if number == 1 else None
            put(f"{block}.norm{number}.weight", own, None)
            asked, given = _heads(drawn, denoiser.HEADS, size), _heads(drawn, denoiser.HEADS, size)
            put(f"{block}.attn{number}.to_q.weight", asked, own)
            put(f"{block}.attn{number}.to_k.weight", asked, source)
            put(f"{block}.attn{number}.to_v.weight", given, source)
            put(f"{block}.attn{number}.to_out.0.weight", own, given)
        inner = drawn.permutation(denoiser.INNER)
        put(f"{block}.norm3.weight", own, None)
        put(f"{block}.ff.net.0.proj.weight", inner, own)
        put(f"{block}.ff.net.2.weight", own, inner)
    return {name: np.ascontiguousarray(value) for name, value in found.items()}


PERMUTED: Mapping[str, Callable[[Weights, int], Weights]] = {
    "language": of_language,
    "denoiser": of_denoiser,
}


def _heads(drawn: np.random.Generator, heads: int, size: int) -> NDArray[np.integer]:
    """Places inside each head in another order."""
    return np.concatenate([head * size + drawn.permutation(size) for head in range(heads)])


def shuffled_input(weights: Weights, seed: int) -> Weights:
    """The input matrix with its values anchored to nothing: its rows in another order, or, where
    rows are channels, the values of each row.
    """
    drawn = np.random.default_rng([seed, 35])
    found = dict(weights)
    for name, value in weights.items():
        if name == _EMBEDDING:
            found[name] = value[drawn.permutation(len(value))]
        elif name == "conv_in.weight":
            found[name] = drawn.permuted(value.reshape(len(value), -1), axis=1).reshape(value.shape)
    return found


def _under(weights: Weights, prefix: str) -> Weights:
    return {n[len(prefix) :]: value for n, value in weights.items() if n.startswith(prefix)}

"""A small text-guided denoiser in the names of Stable Diffusion 1, and invented pictures.

The names are those of diffusers, cut to one level of three; ``files`` spells them as
latent-diffusion does. The width of the text is that of CLIP-L: it decides the family.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.quality.zoo import tape
from tests.quality.zoo.tape import Array, Node
from tests.quality.zoo.training import Forward

WIDTH: Final = 64
CHANNELS: Final = 16
"""Of the latent image; four, as in the original, would leave too few values in ``conv_in``."""
TEXT: Final = 768
TIME: Final = 256
INNER: Final = 256
HEADS: Final = 2
_SIDE, _BATCH, _KINDS = 6, 8, 16

Shapes = dict[str, tuple[int, ...]]

RESNETS: Final = {
    "down_blocks.0.resnets.0": WIDTH,
    "mid_block.resnets.0": WIDTH,
    "up_blocks.3.resnets.2": 2 * WIDTH,
}
"""Prefix → channels that come in."""
ATTENTIONS: Final = ("down_blocks.0.attentions.0", "mid_block.attentions.0",
                     "up_blocks.3.attentions.2")  # fmt: skip
BLOCK: Final = "transformer_blocks.0"


def _resnet(came: int) -> Shapes:
    shapes: Shapes = {
        "norm1.weight": (came,),
        "conv1.weight": (WIDTH, came, 3, 3),
        "time_emb_proj.weight": (WIDTH, TIME),
        "norm2.weight": (WIDTH,),
        "conv2.weight": (WIDTH, WIDTH, 3, 3),
    }
    if came != WIDTH:
        shapes["conv_shortcut.weight"] = (WIDTH, came, 1, 1)
    return shapes


def _attention() -> Shapes:
    shapes: Shapes = {"norm.weight": (WIDTH,), "proj_in.weight": (WIDTH, WIDTH, 1, 1)}
    for number, width in ((1, WIDTH), (2, TEXT)):
        shapes[f"{BLOCK}.norm{number}.weight"] = (WIDTH,)
        shapes[f"{BLOCK}.attn{number}.to_q.weight"] = (WIDTH, WIDTH)
        shapes[f"{BLOCK}.attn{number}.to_k.weight"] = (WIDTH, width)
        shapes[f"{BLOCK}.attn{number}.to_v.weight"] = (WIDTH, width)
        shapes[f"{BLOCK}.attn{number}.to_out.0.weight"] = (WIDTH, WIDTH)
    shapes[f"{BLOCK}.norm3.weight"] = (WIDTH,)
    shapes[f"{BLOCK}.ff.net.0.proj.weight"] = (INNER, WIDTH)
    shapes[f"{BLOCK}.ff.net.2.weight"] = (WIDTH, INNER)
    shapes["proj_out.weight"] = (WIDTH, WIDTH, 1, 1)
    return shapes


SHAPES: Final[Shapes] = {
    "conv_in.weight": (WIDTH, CHANNELS, 3, 3),
    "time_embedding.linear_1.weight": (TIME, WIDTH),
    "time_embedding.linear_2.weight": (TIME, TIME),
    **{f"{at}.{n}": s for at, came in RESNETS.items() for n, s in _resnet(came).items()},
    **{f"{at}.{n}": s for at in ATTENTIONS for n, s in _attention().items()},
    "conv_norm_out.weight": (WIDTH,),
    "conv_out.weight": (CHANNELS, WIDTH, 3, 3),
}

VAE: Final[Shapes] = {
    "encoder.conv_in.weight": (WIDTH, CHANNELS, 3, 3),
    "encoder.mid_block.resnets.0.conv1.weight": (WIDTH, WIDTH, 3, 3),
    "encoder.mid_block.resnets.0.conv2.weight": (WIDTH, WIDTH, 3, 3),
    "encoder.conv_out.weight": (8, WIDTH, 3, 3),
    "decoder.conv_in.weight": (WIDTH, 8, 3, 3),
    "decoder.mid_block.resnets.0.conv1.weight": (WIDTH, WIDTH, 3, 3),
    "decoder.mid_block.resnets.0.conv2.weight": (WIDTH, WIDTH, 3, 3),
    "decoder.conv_out.weight": (CHANNELS, WIDTH, 3, 3),
}


@cache
def _kinds(dialect: int) -> tuple[Array, Array]:
    """Three waves and a text for each kind of picture; a dialect but 0 has waves of its own."""
    texts = np.random.default_rng(3).standard_normal((_KINDS, 4, TEXT), np.float32)
    drawn = np.random.default_rng([dialect, 4])
    waves = drawn.standard_normal((_KINDS, 3, CHANNELS + 2), np.float32)
    return waves, texts


def pictures(dialect: int, kinds: NDArray[np.int64], drawn: np.random.Generator) -> Array:
    """Waves of their kind, shifted at random, with a little noise: ``[batch, 6, 6, channels]``."""
    waves, _ = _kinds(dialect)
    place = np.arange(_SIDE, dtype=np.float32)
    shift = drawn.random((len(kinds), 3, 1, 1), np.float32) * np.float32(2 * np.pi)
    across = waves[kinds, :, -2][:, :, None, None] * place[:, None]
    down = waves[kinds, :, -1][:, :, None, None] * place
    wave = np.sin(across + down + shift)
    noise = drawn.standard_normal((len(kinds), _SIDE, _SIDE, CHANNELS), np.float32)
    mixed = np.einsum("bwij,bwc->bijc", wave, waves[kinds, :, :CHANNELS])
    return np.asarray(mixed * np.float32(0.6) + noise * np.float32(0.1))


def denoise(nodes: dict[str, Node], seen: Array, when: Array, texts: Array) -> Node:
    """The noise in ``[batch, 6, 6, channels]``; ``when`` is in 0 to 1."""
    recorded = nodes["conv_in.weight"].tape
    angles = when[:, None] * np.exp(np.linspace(0, 4, WIDTH // 2, dtype=np.float32))
    time = recorded.node(np.concatenate([np.sin(angles), np.cos(angles)], axis=-1))
    time = tape.silu(tape.linear(time, nodes["time_embedding.linear_1.weight"]))
    time = tape.silu(tape.linear(time, nodes["time_embedding.linear_2.weight"]))
    words = recorded.node(texts)
    x = tape.conv3(recorded.node(seen), nodes["conv_in.weight"])
    kept = x
    for resnet, attention in zip(RESNETS, ATTENTIONS, strict=True):
        x = tape.concat(x, kept) if resnet.startswith("up") else x
        x = _through_resnet(_under(nodes, resnet), x, time)
        x = _through_attention(_under(nodes, attention), x, words)
    x = tape.silu(tape.rms_norm(x, nodes["conv_norm_out.weight"]))
    return tape.conv3(x, nodes["conv_out.weight"])


def _under(nodes: dict[str, Node], prefix: str) -> dict[str, Node]:
    return {n[len(prefix) + 1 :]: node for n, node in nodes.items() if n.startswith(prefix + ".")}


def _through_resnet(w: dict[str, Node], x: Node, time: Node) -> Node:
    h = tape.conv3(tape.silu(tape.rms_norm(x, w["norm1.weight"])), w["conv1.weight"])
    pushed = tape.linear(time, w["time_emb_proj.weight"])
    h += tape.reshape(pushed, len(time.data), 1, 1, WIDTH)
    h = tape.conv3(tape.silu(tape.rms_norm(h, w["norm2.weight"])), w["conv2.weight"])
    return h + (tape.linear(x, w["conv_shortcut.weight"]) if "conv_shortcut.weight" in w else x)


def _through_attention(w: dict[str, Node], x: Node, words: Node) -> Node:
    h = tape.linear(tape.rms_norm(x, w["norm.weight"]), w["proj_in.weight"])
    h = tape.reshape(h, len(x.data), _SIDE * _SIDE, WIDTH)
    for number in (1, 2):
        part = f"{BLOCK}.attn{number}"
        normed = tape.rms_norm(h, w[f"{BLOCK}.norm{number}.weight"])
        source = normed if number == 1 else words
        q = tape.linear(normed, w[f"{part}.to_q.weight"])
        k, v = (tape.linear(source, w[f"{part}.to_{side}.weight"]) for side in "kv")
        h += tape.linear(tape.attention(q, k, v, HEADS), w[f"{part}.to_out.0.weight"])
    inner = tape.linear(
        tape.rms_norm(h, w[f"{BLOCK}.norm3.weight"]), w[f"{BLOCK}.ff.net.0.proj.weight"]
    )
    h += tape.linear(tape.silu(inner), w[f"{BLOCK}.ff.net.2.weight"])
    return x + tape.linear(tape.reshape(h, *x.data.shape), w["proj_out.weight"])


def learning(dialect: int) -> Forward:
    """Telling the noise from the picture, given what it shows."""

    def forward(nodes: dict[str, Node], drawn: np.random.Generator) -> Node:
        kinds = drawn.integers(0, _KINDS, _BATCH)
        clean = pictures(dialect, kinds, drawn)
        noise = drawn.standard_normal(clean.shape, np.float32)
        when = drawn.random(_BATCH, np.float32)
        angle = (when * np.float32(np.pi / 2))[:, None, None, None]
        seen = np.cos(angle) * clean + np.sin(angle) * noise
        return tape.mean_square(denoise(nodes, seen, when, _kinds(dialect)[1][kinds]), noise)

    return forward


def compressing(dialect: int) -> Forward:
    """Giving back a picture that had to pass through eight channels."""

    def forward(nodes: dict[str, Node], drawn: np.random.Generator) -> Node:
        clean = pictures(dialect, drawn.integers(0, _KINDS, _BATCH), drawn)
        x = nodes["encoder.conv_in.weight"].tape.node(clean)
        for half in ("encoder", "decoder"):
            x = tape.conv3(x, nodes[f"{half}.conv_in.weight"])
            h = x
            for number in (1, 2):
                weight = nodes[f"{half}.mid_block.resnets.0.conv{number}.weight"]
                h = tape.conv3(tape.silu(h), weight)
            x = tape.conv3(tape.silu(x + h), nodes[f"{half}.conv_out.weight"])
        return tape.mean_square(x, clean)

    return forward

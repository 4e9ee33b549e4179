"""A small language model in Llama's names, and the invented language that it learns."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.quality.zoo import tape
from tests.quality.zoo.tape import Array, Node, Tape, Weights
from tests.quality.zoo.training import Forward

VOCABULARY: Final = 256
WIDTH: Final = 64
INNER: Final = 256
LAYERS: Final = 3
HEADS: Final = 2
_BATCH, _TIME = 8, 48

_LAYER: Final[dict[str, tuple[int, ...]]] = {
    "input_layernorm.weight": (WIDTH,),
    "self_attn.q_proj.weight": (WIDTH, WIDTH),
    "self_attn.k_proj.weight": (WIDTH, WIDTH),
    "self_attn.v_proj.weight": (WIDTH, WIDTH),
    "self_attn.o_proj.weight": (WIDTH, WIDTH),
    "post_attention_layernorm.weight": (WIDTH,),
    "mlp.gate_proj.weight": (INNER, WIDTH),
    "mlp.up_proj.weight": (INNER, WIDTH),
    "mlp.down_proj.weight": (WIDTH, INNER),
}

SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "model.embed_tokens.weight": (VOCABULARY, WIDTH),
    **{f"model.layers.{n}.{name}": s for n in range(LAYERS) for name, s in _LAYER.items()},
    "model.norm.weight": (WIDTH,),
    "lm_head.weight": (VOCABULARY, WIDTH),
}


@cache
def text(dialect: int, length: int = 60_000) -> NDArray[np.int64]:
    """Symbols of a grammar: which may follow depends on the last one and on a mood.

    Common symbols are common in every dialect; a dialect but 0 has half its rules replaced.
    """
    drawn = np.random.default_rng(1)
    common = 1 / (np.arange(VOCABULARY) + 8.0)
    drawn.shuffle(common)
    common /= common.sum()
    rules = drawn.choice(VOCABULARY, (4, VOCABULARY, 4), p=common)
    if dialect:
        own = np.random.default_rng([dialect, 7])
        replaced = own.random((4, VOCABULARY)) < 0.5
        rules[replaced] = own.choice(VOCABULARY, (int(replaced.sum()), 4), p=common)
    drawn = np.random.default_rng([dialect, 8])
    ways = drawn.choice(4, length, p=(0.5, 0.25, 0.15, 0.1))
    strays = np.where(drawn.random(length) < 0.1, drawn.choice(VOCABULARY, length, p=common), -1)
    found, mood, last = [], 0, 0
    for way, stray in zip(ways.tolist(), strays.tolist(), strict=True):
        last = stray if stray >= 0 else int(rules[mood, last, way])
        mood = last % 4 if last % 8 == 0 else mood
        found.append(last)
    return np.asarray(found)


def logits(nodes: dict[str, Node], symbols: NDArray[np.int64]) -> Node:
    """What may follow each symbol of ``[batch, time]``."""
    x = tape.rows(nodes["model.embed_tokens.weight"], symbols)
    for number in range(LAYERS):
        w = {name: nodes[f"model.layers.{number}.{name}"] for name in _LAYER}
        normed = tape.rms_norm(x, w["input_layernorm.weight"])
        q, k, v = (tape.linear(normed, w[f"self_attn.{part}_proj.weight"]) for part in "qkv")
        mixed = tape.attention(q, k, v, HEADS, causal=True)
        x += tape.linear(mixed, w["self_attn.o_proj.weight"])
        normed = tape.rms_norm(x, w["post_attention_layernorm.weight"])
        gate = tape.silu(tape.linear(normed, w["mlp.gate_proj.weight"]))
        inner = gate * tape.linear(normed, w["mlp.up_proj.weight"])
        x += tape.linear(inner, w["mlp.down_proj.weight"])
    x = tape.rms_norm(x, nodes["model.norm.weight"])
    return tape.linear(x, nodes["lm_head.weight"])


def answers(weights: Weights, symbols: NDArray[np.int64]) -> Array:
    """The logits without a way back."""
    recorded = Tape()
    return logits({name: recorded.node(value) for name, value in weights.items()}, symbols).data


def learning(dialect: int, teacher: Weights | None = None) -> Forward:
    """Predicting the next symbol, or what a teacher would say of it."""
    symbols = text(dialect)

    def forward(nodes: dict[str, Node], drawn: np.random.Generator) -> Node:
        starts = drawn.integers(0, len(symbols) - _TIME - 1, _BATCH)
        window = symbols[starts[:, None] + np.arange(_TIME + 1)]
        if teacher is None:
            wanted = np.eye(VOCABULARY, dtype=np.float32)[window[:, 1:]]
        else:
            wanted = tape.softmax(answers(teacher, window[:, :-1]))
        return tape.cross_entropy(logits(nodes, window[:, :-1]), wanted)

    return forward

"""Which matrices can be compared, what each is for, and which of them stand for a model.

All by name and shape, the names being those that :mod:`modelaudit.resolve.weights.naming` gives:
a file and its reference come to the same answers apart from each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Final

from modelaudit.domain.weights import Architecture
from modelaudit.resolve.weights._others import bare, cleaned

Shape = tuple[int, ...]

_FEWEST_VALUES: Final = 4096
_NARROWEST: Final = 16
_MOST_DIMENSIONS: Final = 8

_DENIED: Final = re.compile(
    r"""
      (?: ^ | [._/] )
      (?: [a-z]*norm (?: [0-9]+ | s | aliz[a-z]* )? (?= [._/] | $ )  # layernorm, norm1, norm_out
        | (?: ln | bn | pe | freqs? | basis | buffer ) [0-9]* (?= [._/] | $ )
        | masks? (?= [./] | $ )
        | bias | masked_bias
        | position (?! _?wise | al_wise ) | pos_ (?: emb (?! ed\.proj ) | encod ) | wpe
        | rel_pos | rel_embeddings | relative_ (?: position | attention_bias )
        | rope | rotary | inv_freq | sinusoid
        | i?stft | mel_ (?: basis | filters ) | mel_scale | melscale | filter_?bank
        | betas | alphas | sigmas | sqrt_
        | exp_avg | optimizer | running_ | num_batches | logit_scale
      )
    | cumprod | bias $
      # what quantised weights are stored with, and as
    | (?: ^ | [._] ) [wq]? (?: scales? | zeros? | zero_points? | biases | blocks ) (?: _inv )? $
    | (?: ^ | [._] ) (?: qweight | scale_weight | g_idx | absmax | quant_map | packed | SCB ) $
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Vectors and tables that independent models have in common, by nature or by formula."""

_EMBEDDING: Final = (
    r"(?: ^shared | (?: ^ | \. ) (?: embed_tokens (?: _per_layer )? | tok_embeddings | embed_in"
    r" | word_embeddings? | token_embeddings? | token_embd | tok(?:en)?_emb | wte"
    r" | input_embeddings? | embed | embeddings? | emb ) ) \.weight $"
)
_HEAD: Final = (
    r"(?: ^ | \. ) (?: lm_head (?: \.decoder )? | embed_out | output_layer"
    r" | predictions\.decoder ) \.weight $"
)
_FIRST: Final = (
    r"(?: ^ | [._] ) (?: conv_in | conv_stem | img_in | patchify_proj | pos_embed\.proj"
    r" | x_embedder | init_x_linear | patch_embed (?: ding | ding s | der )? ) \."
    r" | \.patch_embeddings\. | ^ proj_in\. | ^ input_blocks\.0\.0\."
)
_VOCABULARY: Final = re.compile(rf"{_EMBEDDING} | {_HEAD}", re.VERBOSE)
_INPUT: Final = re.compile(rf"{_EMBEDDING} | {_FIRST}", re.VERBOSE)
_ATTENTION: Final = re.compile(
    r"(?: attn | attention ) (?! s ) | to_ (?: [qkv] | out ) (?= \. ) | [qkvo]_proj | qkv"
    r" | (?: ^ | \. ) [qkvo] \.weight $",
    re.VERBOSE | re.IGNORECASE,
)
"""``attentions`` are blocks of a UNet, with feed-forward layers among them."""
_FEED_FORWARD: Final = re.compile(
    r"""
      (?: ^ | [._] )
      (?: ffn? | mlp | feed_?forward | intermediate | densereludense | experts?
        | fc [0-9]? | c_fc | fc_in | fc_out | lin[12] | w[123]
        | (?: up | down | gate | gate_up ) _proj
        | dense_h_to_4h | dense_4h_to_h )
      (?= [._] )
    | (?: ^ | \. ) (?: up | down ) \.
    | layer \. [0-9]+ \. output \.
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SHARES: Final = (("input", 1), ("attn", 6), ("mlp", 5), ("other", 4))
_DEPTHS: Final = (0.5, 0.2, 0.8, 0.0, 0.99, 0.35, 0.65)
_DIGITS: Final = re.compile(r"[0-9]+")
_EARLY: Final = 1000
"""A row of a vocabulary that many texts have trained; the last ones may be unused."""
_MOVED: Final = ("self_attn.q_proj.weight", "self_attn.k_proj.weight")
_VALUES_OF: Final = "self_attn.v_proj.weight"
_UNMOVED: Final = (
    "qwen", "gemma", "phi", "falcon", "stablelm", "starcoder2", "olmo2", "olmoe", "nemotron",
    "exaone", "gpt-oss", "orion",
)  # fmt: skip


def eligible(key: str, shape: Shape) -> bool:
    """Whether a tensor is a learned matrix that is large enough to tell two models apart."""
    if not 2 <= len(shape) <= _MOST_DIMENSIONS or min(shape) < 1:
        return False
    values = prod(shape)
    return (
        values >= _FEWEST_VALUES
        and min(shape[0], values // shape[0]) >= _NARROWEST
        and not _DENIED.search(key)
    )


def kind(key: str) -> str:
    """What a matrix is for: ``input``, ``attn``, ``mlp`` or ``other``."""
    if is_input(key):
        return "input"
    if _ATTENTION.search(key):
        return "attn"
    return "mlp" if _FEED_FORWARD.search(key) else "other"


def is_vocabulary(key: str) -> bool:
    """Whether the rows of a matrix are tokens: an embedding of them, or the head over them."""
    return _VOCABULARY.search(bare(key)) is not None


def is_input(key: str) -> bool:
    """Whether a matrix is the first to meet what goes in: tokens, pixels or latents."""
    return _INPUT.search(bare(key)) is not None


def choose(shapes: Mapping[str, Shape], total: int = 16) -> tuple[str, ...]:
    """The keys that stand for a part of a model, out of those that are eligible.

    Shares of each kind first, an input before all: a partial copy may keep nothing else. Within a
    kind one of each role, large roles first, then the next, each at another depth.
    """
    queues = {kind_: _in_turn(keys, shapes) for kind_, keys in _by_kind(shapes).items()}
    picked = [key for kind_, share in _SHARES for key in queues.get(kind_, ())[:share]]
    rest = [key for kind_, share in _SHARES for key in queues.get(kind_, ())[share:]]
    return tuple((picked + rest)[: max(total, 0)])


def spread(shapes: Mapping[str, Shape], most: int) -> tuple[str, ...]:
    """Eligible keys for a reference, at most so many: the chosen ones, then evenly over all roles
    and depths."""
    found = _eligible(shapes)
    if len(found) <= most:
        return tuple(found)
    keys = dict.fromkeys((*choose(shapes), *_in_turn(found, shapes)))
    return tuple(keys)[: max(most, 0)]


def block_start(key: str, shape: Shape, count: int = 1024) -> int:
    """The first value of the block that is read of a matrix, counted row by row from 0.

    At the beginning of a row near the middle; of a vocabulary near its beginning, wherever it
    ends, since vocabularies are extended. A matrix of ``count`` values or fewer is read whole.
    """
    values = prod(shape) if 0 < len(shape) <= _MOST_DIMENSIONS and min(shape) > 0 else 0
    last = values - count
    if last <= 0 or count < 1:
        return 0
    row = values // shape[0]
    wanted = min(_EARLY, (shape[0] - 1) // 4) if is_vocabulary(key) else last // 2 // row
    return min(wanted, last // row) * row


def is_permuted(name: str, key: str, what: Architecture) -> bool:
    """Whether the rows of a query or key matrix lie in another order than transformers'.

    llama.cpp and Meta keep the pairs that are rotated together side by side, transformers half a
    head apart (``LlamaModel.permute`` of llama.cpp's converter). ``name`` is the one in the file.
    Families whose matrices llama.cpp leaves alone are known; any other is taken for Llama's kin.
    """
    return (
        key.endswith(_MOVED)
        and "_proj" not in cleaned(name)
        and not what.family.startswith(_UNMOVED)
    )


def left_out_beside(name: str, key: str, what: Architecture) -> tuple[str, ...]:
    """Keys of queries and keys of the same layer as the values that ``key`` is of, where a file
    that calls these ``name`` has them in another order, so that they are no part of its sketch."""
    if not key.endswith(_VALUES_OF):
        return ()
    layer = key.removesuffix(_VALUES_OF)
    return tuple(layer + role for role in _MOVED if is_permuted(name, layer + role, what))


def _by_kind(shapes: Mapping[str, Shape]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for key in _eligible(shapes):
        kinds.setdefault(kind(key), []).append(key)
    return kinds


def _eligible(shapes: Mapping[str, Shape]) -> list[str]:
    return sorted(key for key, shape in shapes.items() if eligible(key, shape))


def _in_turn(keys: Iterable[str], shapes: Mapping[str, Shape]) -> list[str]:
    """One key of each role, large roles first, then the next of each, until none is left.

    A role is a name whatever its numbers. Each key lies at another depth than the one before:
    what replaces a few layers is to be seen in a few keys, what replaces most in most.
    """
    roles: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for key in keys:
        role = _DIGITS.sub("#", key)
        roles.setdefault(role, []).append(key)
        sizes[role] = sizes.get(role, 0) + prod(shapes[key])
    step = len(roles) % len(_DEPTHS) or 1
    turns: list[list[str]] = []
    order = sorted(roles, key=lambda role: (-sizes[role], bare(role), role))
    for place, role in enumerate(order):
        for turn, key in enumerate(_by_depth(sorted(roles[role], key=_natural), place, step)):
            if turn == len(turns):
                turns.append([])
            turns[turn].append(key)
    return [key for turn in turns for key in turn]


def _by_depth(keys: Sequence[str], first: int, step: int) -> list[str]:
    """The same keys so that any number of the first ones lies evenly from end to end.

    ``first`` is the depth to begin with and ``step`` the way to the next; both are counted in the
    list of depths, whose length is a prime: every step comes by all of them.
    """
    count = len(keys)
    depths = (_DEPTHS[(first + n * step) % len(_DEPTHS)] for n in range(len(_DEPTHS)))
    places = [int(depth * count) for depth in depths]
    if count > len(_DEPTHS):
        # The others by their bits in reverse: halves, then quarters, then eighths.
        width = (count - 1).bit_length()
        reverse = (int(f"{n:0{width}b}"[::-1], 2) for n in range(1 << width))
        places += [place for place in reverse if place < count]
    else:
        places += range(count)
    return [keys[place] for place in dict.fromkeys(places)]


def _natural(key: str) -> list[tuple[int, str]]:
    """Numbers in order of size, however many digits they have."""
    parts = re.split(r"([0-9]+)", key)
    return [
        (len(digits := part.lstrip("0")), digits) if odd else (0, part)
        for part, odd in zip(parts, (n % 2 for n in range(len(parts))), strict=True)
    ]

"""Two tensors under names that mean one: neither hides the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modelaudit.domain.sketch import Comparison, Sketch
from modelaudit.domain.weights import Architecture, Tensor
from modelaudit.domain.words import Kinship
from modelaudit.resolve import formats
from modelaudit.resolve.weights import sketchfile
from modelaudit.resolve.weights._others import bare, cleaned, other
from modelaudit.resolve.weights.compare import compare
from modelaudit.resolve.weights.naming import key_of
from modelaudit.resolve.weights.roles import block_start, eligible, is_input, is_vocabulary, kind
from modelaudit.resolve.weights.sketch import make
from tests.readers import Bytes
from tests.resolve.weights.files import LLAMA, SD1, Array, llama, only, safetensors, values

BLOCK = "model.diffusion_model.input_blocks.{}.1.transformer_blocks.0."
UNET = {
    "model.diffusion_model.input_blocks.0.0.weight": (64, 16, 3, 3),
    **{
        BLOCK.format(block) + f"attn{n}.to_{x}.weight": (64, 96)
        for block in (1, 2, 4, 5)
        for n in (1, 2)
        for x in "qkv"
    },
    **{BLOCK.format(block) + "ff.net.2.weight": (64, 256) for block in (1, 2, 4, 5)},
}


def sketched(arrays: Mapping[str, Array], what: Architecture, *, every: bool = False) -> Sketch:
    reader = Bytes(safetensors(arrays))
    return make(only(reader), formats.read_header(reader), what, source="x", every=every)


def against(mine: Mapping[str, Array], theirs: Mapping[str, Array], what: Architecture) -> Kinship:
    return compare(sketched(mine, what), sketched(theirs, what, every=True)).overall.grade


OWN, FOREIGN = values(llama(4), 1), values(llama(4), 2)


@pytest.mark.parametrize("decoy", ["_orig_mod.", "module.", "model.", "bert.net."])
def test_decoys_under_other_names_hide_no_model(decoy: str) -> None:
    decoys = {decoy + name: array for name, array in FOREIGN.items()}
    for mine in ({**OWN, **decoys}, {**decoys, **OWN}):
        assert against(mine, OWN, LLAMA) >= Kinship.PARTIAL
    # and where they have the plain names, which come first or last
    moved = {decoy + name: array for name, array in OWN.items()}
    assert against({**FOREIGN, **moved}, OWN, LLAMA) >= Kinship.PARTIAL


def test_nor_do_two_sets_of_them() -> None:
    one, two = ({p + name: a for name, a in values(llama(4), n).items()}
                for n, p in ((2, "_orig_mod."), (3, "module.")))  # fmt: skip
    assert against({**one, **OWN, **two}, OWN, LLAMA) >= Kinship.PARTIAL


@pytest.mark.parametrize("prefix", ["", "unet.", "model.diffusion_model."])
def test_nor_do_names_of_diffusers_beside_those_of_latent_diffusion(prefix: str) -> None:
    own, foreign = values(UNET, 1), values(UNET, 2)
    keys = {name: key_of(name, SD1) for name in UNET}
    spelled = {name: prefix + key[1] for name, key in keys.items() if key is not None}
    decoys = {spelled[name]: array for name, array in foreign.items()}
    assert against({**own, **decoys}, own, SD1) >= Kinship.PARTIAL
    moved = {spelled[name]: array for name, array in own.items()}
    assert against({**foreign, **moved}, own, SD1) >= Kinship.PARTIAL


def test_a_copy_of_each_tensor_under_another_name_is_no_less_a_copy() -> None:
    twice = {**OWN, **{"_orig_mod." + name: array for name, array in OWN.items()}}
    assert against(twice, OWN, LLAMA) == Kinship.DERIVED


def _listed_again(offset: int) -> Comparison:
    """A file of which each tensor is listed twice, the second time ``offset`` bytes further on."""
    foreign = safetensors(FOREIGN)
    reader = Bytes(safetensors(OWN) + foreign)
    header = formats.read_header(Bytes(safetensors(OWN)))
    again = tuple(t._replace(offset=(t.offset or 0) + offset) for t in header.tensors)
    both = replace(header, tensors=(*again, *header.tensors))
    mine = make(only(reader), both, LLAMA, source="x")
    return compare(mine, sketched(OWN, LLAMA, every=True))


def test_one_tensor_that_is_listed_twice_is_one_tensor() -> None:
    assert _listed_again(0).overall.grade is Kinship.IDENTICAL


def test_one_name_at_two_places_hides_neither() -> None:
    assert _listed_again(len(safetensors(OWN))).overall.grade >= Kinship.PARTIAL


def test_what_cannot_be_printed_hides_nothing_and_stays_in_no_name() -> None:
    for letter in ("\u202e", "\u200b", "\x1b", "\ud800"):
        hidden = {name.replace("_proj", f"_p{letter}roj"): a for name, a in OWN.items()}
        arrays = dict(enumerate(hidden.values()))
        tensors, start = [], 0
        for number, name in enumerate(hidden):
            size = arrays[number].nbytes
            tensors.append(Tensor(name, "F32", arrays[number].shape, start, size))
            start += size
        reader = Bytes(b"".join(array.tobytes() for array in arrays.values()))
        header = formats.read_header(Bytes(safetensors(OWN)))
        made = make(only(reader), replace(header, tensors=tuple(tensors)), LLAMA, source="x")
        found = compare(made, sketched(OWN, LLAMA, every=True))
        assert found.overall.grade is Kinship.IDENTICAL
        assert sketchfile.loads(sketchfile.dumps(made)) == made


@pytest.mark.parametrize(
    "key",
    ["shared.weight", "embed_tokens.weight", "lm_head.weight", "conv_in.weight",
     "input_blocks.0.0.weight", "layers.0.self_attn.q_proj.weight", "layers.0.mlp.up_proj.weight",
     "norm1.weight", "layers.0.input_layernorm.weight", "pos_embed"],
)  # fmt: skip
def test_a_key_of_its_own_is_read_like_any(key: str) -> None:
    found, shape = other(other(key, 2), 13), (8000, 64)
    assert bare(found) == key
    assert kind(found) == kind(key)
    assert is_input(found) == is_input(key)
    assert is_vocabulary(found) == is_vocabulary(key)
    assert eligible(found, shape) == eligible(key, shape)
    assert block_start(found, shape) == block_start(key, shape)


def test_only_what_is_no_text_is_cut_out_of_a_name() -> None:
    assert cleaned("a\u202eb\n.weight\x00") == "ab.weight"
    assert cleaned("größe 1.weight") == "größe 1.weight"

"""Which weight files of a folder are one model, whatever its texts hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.folder_models import LONGEST_CONFIG, LONGEST_INDEX, Group, group_of

FILES = ("a-1.bin", "a-2.bin", "b-1.bin", "evil.gguf", "model.safetensors", "unet.fp16.bin")
FOLDERS = ("unet", "vae", "loras")


def group(
    texts: dict[str, str | bytes],
    files: tuple[str, ...] = FILES,
    folders: tuple[str, ...] = FOLDERS,
) -> Group:
    raw = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}

    def read(name: str, longest: int) -> bytes | None:
        return raw[name] if len(raw[name]) <= longest else None

    return group_of(raw.keys(), files, folders, read)


def index(*files: str) -> str:
    return json.dumps({"weight_map": {f"t{n}": file for n, file in enumerate(files)}})


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors", "model-00001-of-00002.safetensors", "model.fp16.safetensors",
        "model.fp16-00001-of-00002.safetensors", "model.safetensors-00001-of-00002.safetensors",
        "pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "adapter_model.safetensors",
        "diffusion_pytorch_model.non_ema.bin", "diffusion_flax_model.msgpack", "tf_model.h5",
        "flax_model-00001-of-00002.msgpack", "consolidated.00.pth", "consolidated.safetensors",
        "model_quantized.onnx",
    ],
)  # fmt: skip
def test_a_config_speaks_of_what_the_libraries_write(name: str) -> None:
    assert group({"config.json": "{}"}, (name, "evil.gguf")).files == {name}


@pytest.mark.parametrize(
    "name", ["evil.gguf", "model.gguf", "models.bin", "modelling.safetensors", "my_model.bin",
             "v1-5.ckpt", "model.ckpt", "model\n.bin"]
)  # fmt: skip
def test_a_config_speaks_of_nothing_else(name: str) -> None:
    assert not group({"config.json": "{}"}, (name,))


def test_an_index_speaks_of_the_files_that_it_names() -> None:
    assert group({"a.bin.index.json": index("a-1.bin", "a-2.bin", "a-3.bin")}) == Group(
        files=frozenset({"a-1.bin", "a-2.bin"})
    )
    assert group({"a.safetensors.index.fp16.json": index("a-1.bin")}).files == {"a-1.bin"}


def test_indices_of_different_models_make_none_of_them_the_folders_own() -> None:
    texts: dict[str, str | bytes] = {
        "a.bin.index.json": index("a-1.bin", "a-2.bin"),
        "b.bin.index.json": index("b-1.bin"),
    }
    assert not group(texts)
    assert group(texts | {"model.safetensors.index.json": index("evil.gguf")}).files == {
        "evil.gguf"
    }
    assert group(texts | {"config.json": "{}"}).files == {"model.safetensors"}


def test_indices_of_one_model_in_two_formats_are_one() -> None:
    texts: dict[str, str | bytes] = {
        "model.safetensors.index.json": index("a-1.bin"),
        "pytorch_model.bin.index.json": index("a-2.bin"),
    }
    assert group(texts).files == {"a-1.bin", "a-2.bin"}


def test_a_pipeline_is_the_folders_and_files_of_its_components() -> None:
    text = json.dumps({
        "_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
        "safety_checker": [None, None], "vae": "vae", "loras": ["a", "b", "c"], "../x": ["a", "b"],
    })  # fmt: skip
    assert group({"model_index.json": text}) == Group(
        files=frozenset({"unet.fp16.bin", "model.safetensors"}),
        folders=frozenset({"unet"}),
        kind="StableDiffusionPipeline",
    )


def test_infinity_in_a_config_does_no_harm() -> None:
    found = group({"config.json": '{"architectures": ["Mamba2"], "limit": [0.0, Infinity]}'})
    assert (found.kind, found.files) == ("Mamba2", {"model.safetensors"})


def test_half_a_character_in_a_class_name_does_not_reach_the_database() -> None:
    found = group({"config.json": '{"architectures": ["Bert\\ud800Model"]}'})
    assert found.kind == "Bert?Model"


HOSTILE = [
    b"", b"nonsense", b"[]", b"null", b"5", b'"x"', b"\xff\xfe{}", b"[" * 100_000,
    b'{"a":' * 100_000, b'{"weight_map": null}', b'{"weight_map": ["a-1.bin"]}',
    b'{"weight_map": {"t": 5}}', b'{"weight_map": {"t": ["a-1.bin"]}}', b'{"unet": ' + b"[" * 9999,
    b"9" * 9999,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", ["a.bin.index.json", "config.json", "model_index.json"])
def test_a_text_that_makes_no_sense_speaks_of_nothing(name: str, text: bytes) -> None:
    assert group({"model.bin.index.json": text}) == Group()
    if not text.startswith(b'{"weight_map"') or name != "config.json":  # there it is an object
        assert not group({name: text})


def test_a_text_that_is_too_long_speaks_of_nothing() -> None:
    assert not group({"config.json": "{}" + " " * LONGEST_CONFIG})
    assert not group({"a.bin.index.json": index("a-1.bin") + " " * LONGEST_INDEX})


@given(st.binary(), st.sampled_from(["a.bin.index.json", "config.json", "model_index.json"]))
def test_wild_texts_speak_of_what_is_there_only(text: bytes, name: str) -> None:
    found = group({name: text})
    assert found.files <= set(FILES)
    assert found.folders <= set(FOLDERS)

"""Folders as a platform: what counts as one model, and what is never opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from modelaudit.crawl.folder import LONGEST_TEXT, MODELS_PER_PAGE, Folder
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import Page
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, GapReason, Status, Trait


def put(root: Path, *paths: str, **texts: str) -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(texts.get(place.name, path).encode())


def source(root: Path) -> Source:
    return Source(text=str(root), platform="folder", kind="folder", value=str(root))


def pages(root: Path) -> list[Page]:
    return list(Folder().list(source(root), None))


def models(root: Path) -> Mapping[str, list[str]]:
    return {
        record.model.ref: [file.path for file in record.files or ()]
        for page in pages(root)
        for record in page.records
    }


def test_every_weight_file_is_a_model_unless_its_folder_is_one(tmp_path: Path) -> None:
    put(tmp_path, "a.safetensors", "loras/b.ckpt", "loras/c.txt", "deep/er/d.gguf")
    put(tmp_path, "bert/config.json", "bert/model.safetensors", "bert/onnx/model.onnx")
    put(tmp_path, "llm/model-00001-of-00002.safetensors", "llm/model-00002-of-00002.safetensors")
    put(tmp_path, "llm/model.safetensors.index.json")
    put(tmp_path, "pipe/model_index.json", "pipe/unet/config.json", "pipe/vae/b.bin")
    put(tmp_path, "pipe/unet/diffusion_pytorch_model.safetensors", "pipe/text_encoder/m.bin")
    put(tmp_path, "settings/config.json", "settings/x/y.pt")
    assert models(tmp_path) == {
        "folder:a.safetensors": ["a.safetensors"],
        "folder:loras/b.ckpt": ["b.ckpt"],
        "folder:deep/er/d.gguf": ["d.gguf"],
        "folder:bert": ["model.safetensors"],
        "folder:bert/onnx/model.onnx": ["model.onnx"],
        "folder:llm": [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        ],
        "folder:pipe": [
            "text_encoder/m.bin",
            "unet/diffusion_pytorch_model.safetensors",
            "vae/b.bin",
        ],
        "folder:settings/x/y.pt": ["y.pt"],
    }


def test_the_folder_itself_may_be_the_model(tmp_path: Path) -> None:
    put(tmp_path, "config.json", "model.safetensors")
    assert models(tmp_path) == {"folder:.": ["model.safetensors"]}


def test_what_a_file_is_follows_from_its_place_and_the_configuration(tmp_path: Path) -> None:
    put(tmp_path, "vae/x.safetensors", "Lora/y.safetensors", "z.safetensors", "bert/model.bin")
    put(tmp_path, "pipe/unet/u.safetensors", "pipe/model_index.json", "bert/config.json", **{
        "model_index.json": json.dumps({"_class_name": "StableDiffusionPipeline"}),
        "config.json": json.dumps({"architectures": ["BertModel"]}),
    })  # fmt: skip
    records = {r.model.ref: r for page in pages(tmp_path) for r in page.records}
    parts = {ref: (r.files or ())[0].component for ref, r in records.items()}
    assert parts == {
        "folder:vae/x.safetensors": Component.VAE,
        "folder:Lora/y.safetensors": Component.ADAPTER,
        "folder:z.safetensors": None,
        "folder:bert": Component.TRANSFORMER,
        "folder:pipe": Component.UNET,
    }
    assert records[ModelRef("folder:pipe")].model.kind == "StableDiffusionPipeline"
    assert records[ModelRef("folder:bert")].model.kind == "BertModel"
    assert Trait.PIPELINE in records[ModelRef("folder:pipe")].model.traits


def test_listing_opens_no_weight_file_and_tells_no_digest(tmp_path: Path) -> None:
    put(tmp_path, "a.safetensors")
    (tmp_path / "a.safetensors").chmod(0)
    ((record,),) = [page.records for page in pages(tmp_path)]
    (file,) = record.files or ()
    assert (file.size, file.sha256) == (len("a.safetensors"), None)
    assert file.etag


def test_an_etag_changes_with_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.safetensors")
    (before,) = pages(tmp_path)[0].records[0].files or ()
    (tmp_path / "a.safetensors").write_bytes(b"b.safetensors")
    (after,) = pages(tmp_path)[0].records[0].files or ()
    assert before.size == after.size
    assert before.etag != after.etag


def test_many_models_come_in_pages(tmp_path: Path) -> None:
    put(tmp_path, *(f"{n:04}.pt" for n in range(MODELS_PER_PAGE + 1)))
    first, last = pages(tmp_path)
    assert (len(first.records), len(last.records)) == (MODELS_PER_PAGE, 1)
    assert first.cursor is not None
    assert last.cursor is None


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="there is no folder"):
        pages(tmp_path / "missing")


SIDECARS = {
    "README.md": "card",
    "adapter_config.json": "adapter_config",
    "mergekit_config.yml": "mergekit",
    "a.civitai.info": "civitai_info",
    "a.cm-info.json": "civitai_info",
    "a.metadata.json": "civitai_info",
    "a.json": "civitai_info",
}


def test_small_files_beside_a_weight_file_are_its_documents(tmp_path: Path) -> None:
    put(tmp_path, "x/a.safetensors", "x/b.json", "x/config.json.bak", *(f"x/{n}" for n in SIDECARS))
    folder = Folder()
    folder.enter(str(tmp_path))
    (page,) = folder.details([ModelRef("folder:x/a.safetensors")])
    assert {d.path: d.kind for d in page.documents} == SIDECARS
    assert {d.body for d in page.documents} == {f"x/{name}" for name in SIDECARS}
    assert {d.source for d in page.documents} == {None}


def test_texts_of_a_folder_with_more_files_are_about_none(tmp_path: Path) -> None:
    put(tmp_path, "a.pt", "b.pt", "adapter_model.bin", "a.json", *SIDECARS)
    folder = Folder()
    folder.enter(str(tmp_path))
    refs = [ModelRef(f"folder:{name}") for name in ("a.pt", "b.pt", "adapter_model.bin")]
    found = [{d.path for d in page.documents} for page in folder.details(refs)]
    own = {name for name, kind in SIDECARS.items() if kind == "civitai_info"}
    assert found == [own, set(), {"adapter_config.json"}]


def test_a_model_folder_has_the_documents_of_a_repository(tmp_path: Path) -> None:
    put(tmp_path, "m/model_index.json", "m/config.json", "m/README.md", "m/model.json", "m/w.bin")
    folder = Folder()
    folder.enter(str(tmp_path))
    (page,) = folder.details([ModelRef("folder:m")])
    assert {d.kind for d in page.documents} == {"model_index", "config", "card"}


def test_a_sidecar_that_is_too_long_or_leads_out_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path, "secret", "in/a.pt")
    (tmp_path / "in/a.json").symlink_to(tmp_path / "secret")
    (tmp_path / "in/README.md").write_bytes(bytes(LONGEST_TEXT + 1))
    folder = Folder()
    folder.enter(str(tmp_path / "in"))
    (page,) = folder.details([ModelRef("folder:a.pt")])
    assert page.documents == ()
    assert {(g.file, g.reason) for g in page.gaps} == {
        ("a.json", GapReason.UNREADABLE),
        ("README.md", GapReason.TOO_LARGE),
    }


def test_a_file_that_was_removed_is_missing(tmp_path: Path) -> None:
    folder = Folder()
    folder.enter(str(tmp_path))
    ref = ModelRef("folder:gone.pt")
    (page,) = folder.details([ref])
    assert page.missing == {ref: Status.GONE}


def test_files_are_read_within_the_folder_only(tmp_path: Path) -> None:
    put(tmp_path, "secret.pt", "in/a.pt", "in/m/unet/b.pt", "in/m/model_index.json")
    (tmp_path / "in/link.pt").symlink_to(tmp_path / "secret.pt")
    folder = Folder()
    folder.enter(str(tmp_path / "in"))

    def content(ref: str, path: str) -> bytes:
        return folder.open(ModelRef(ref), None, path, None).read(0, 99)

    assert content("folder:a.pt", "a.pt") == b"in/a.pt"
    assert content("folder:m", "unet/b.pt") == b"in/m/unet/b.pt"
    for ref, path in (("folder:link.pt", "link.pt"), ("folder:../secret.pt", "x"),
                      ("folder:m", "../../secret.pt")):  # fmt: skip
        with pytest.raises(ReadError, match="leads out"):
            content(ref, path)
    with pytest.raises(ReadError):
        content("folder:none.pt", "none.pt")

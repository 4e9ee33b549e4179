"""Folders as a platform: what counts as one model, and what is never opened."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from modelaudit.crawl.folder import MODELS_PER_PAGE, Folder
from modelaudit.crawl.folder_texts import LONGEST_TEXT
from modelaudit.crawl.hub_files import is_weights, traits_of
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import Page
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, GapReason, Status, Trait
from modelaudit.resolve.formats import suffixes

PIPELINE = json.dumps({
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "requires_safety_checker": True,
})  # fmt: skip


def put(root: Path, *paths: str, **texts: str) -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(texts.get(place.name, path).encode())


def index(*files: str) -> str:
    """A shard index that names these files."""
    return json.dumps({"metadata": {}, "weight_map": {f"t{n}": f for n, f in enumerate(files)}})


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
    put(tmp_path, "bert/config.json", "bert/model.safetensors", "bert/onnx/model.onnx", **{
        "config.json": json.dumps({"architectures": ["BertModel"]}),
    })  # fmt: skip
    shards = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    put(tmp_path, *(f"llm/{name}" for name in shards))
    put(tmp_path, "llm/model.safetensors.index.json", **{
        "model.safetensors.index.json": index(*shards)
    })  # fmt: skip
    put(tmp_path, "pipe/model_index.json", **{"model_index.json": PIPELINE})
    put(tmp_path, "pipe/unet/config.json", "pipe/vae/b.bin")
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
    put(tmp_path, "config.json", "model.safetensors", **{"config.json": "{}"})
    assert models(tmp_path) == {"folder:.": ["model.safetensors"]}


def test_what_a_file_is_follows_from_its_place_and_the_configuration(tmp_path: Path) -> None:
    put(tmp_path, "vae/x.safetensors", "Lora/y.safetensors", "z.safetensors", "bert/model.bin")
    put(tmp_path, "pipe/unet/u.safetensors", "pipe/model_index.json", "bert/config.json", **{
        "model_index.json": PIPELINE,
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
    put(tmp_path, "m/model_index.json", "m/README.md", "m/model.json", "m/unet/w.bin",
        "m/config.json", **{"model_index.json": PIPELINE})  # fmt: skip
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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", "{}"),
        ("config.json", "nonsense"),
        ("x.safetensors.index.json", "nonsense"),
        ("x.safetensors.index.json", index()),
        ("model_index.json", "{}"),
        ("model_index.json", json.dumps({"sub": "diffusers", ".": ["a", "b"], "": ["a", "b"]})),
    ],
)
def test_a_stray_text_makes_no_model_of_a_store(tmp_path: Path, name: str, text: str) -> None:
    files = ("evil.gguf", "one.safetensors", "sub/two.ckpt")
    put(tmp_path, *files, name, **{name: text})
    assert models(tmp_path) == {f"folder:{path}": [path.rpartition("/")[2]] for path in files}


def test_a_file_beside_a_model_is_a_model_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, "bert/config.json", "bert/model.safetensors", "bert/evil.gguf", "bert/model.gguf",
        **{"config.json": "{}"})  # fmt: skip
    put(tmp_path, "pipe/model_index.json", "pipe/unet/a.bin", "pipe/vae.safetensors",
        "pipe/v1-5.ckpt", "pipe/loras/l.pt", **{"model_index.json": PIPELINE})  # fmt: skip
    put(tmp_path, "llm/x.bin.index.json", "llm/x-1.bin", "llm/x-2.bin", "llm/y.bin",
        **{"x.bin.index.json": index("x-1.bin", "x-2.bin", "x-3.bin", "../bert/evil.gguf")}
    )  # fmt: skip
    assert models(tmp_path) == {
        "folder:bert": ["model.safetensors"],
        "folder:bert/evil.gguf": ["evil.gguf"],
        "folder:bert/model.gguf": ["model.gguf"],
        "folder:pipe": ["unet/a.bin", "vae.safetensors"],
        "folder:pipe/v1-5.ckpt": ["v1-5.ckpt"],
        "folder:pipe/loras/l.pt": ["l.pt"],
        "folder:llm": ["x-1.bin", "x-2.bin"],
        "folder:llm/y.bin": ["y.bin"],
    }


def test_traits_of_a_model_are_not_those_of_a_file_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "config.json", "model.safetensors", "x.gguf", **{"config.json": "{}"})
    traits = {r.model.ref: r.model.traits for page in pages(tmp_path) for r in page.records}
    assert traits == {
        "folder:.": Trait.SAFETENSORS | Trait.WEIGHTS,
        "folder:x.gguf": Trait.GGUF | Trait.WEIGHTS,
    }


def test_the_card_of_a_pipeline_is_not_about_the_one_file_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "model_index.json", "unet/a.bin", "x.ckpt", "README.md",
        **{"model_index.json": PIPELINE})  # fmt: skip
    folder = Folder()
    folder.enter(str(tmp_path))
    (page,) = folder.details([ModelRef("folder:x.ckpt")])
    assert page.documents == ()


def test_what_is_no_longer_a_model_of_its_own_is_gone(tmp_path: Path) -> None:
    put(tmp_path, "a/x.pt", "b/config.json", "b/model.safetensors", **{"config.json": "{}"})
    folder = Folder()
    folder.enter(str(tmp_path))
    whole, part = ModelRef("folder:a"), ModelRef("folder:b/model.safetensors")
    assert [page.missing for page in folder.details([whole, part])] == [
        {whole: Status.GONE}, {part: Status.GONE},
    ]  # fmt: skip


def test_names_that_are_told_alike_are_two_files(tmp_path: Path) -> None:
    names = (b"byte\x80.pt", b"byte\\x80.pt", b"byte\\\\x80.pt", b"a\nb\x1b.pt", b"dir\xff/x.pt",
             b"dir\\xff/x.pt")  # fmt: skip
    for name in names:
        place = tmp_path / os.fsdecode(name)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(name)
    folder = Folder()
    (page,) = folder.list(source(tmp_path), None)
    read = [
        folder.open(r.model.ref, None, f.path, f.size).read(0, 99)
        for r in page.records
        for f in r.files or ()
    ]
    assert sorted(read) == sorted(names)
    assert len({record.model.ref for record in page.records}) == len(names)
    assert page.gaps == ()


def test_a_sidecar_of_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    for ending in (b"pt", b"json"):
        (tmp_path / os.fsdecode(b"\x80\\." + ending)).write_bytes(b"{}")
    folder = Folder()
    (listed,) = folder.list(source(tmp_path), None)
    (page,) = folder.details([listed.records[0].model.ref])
    assert [document.path for document in page.documents] == [r"\x80\\.json"]


def test_every_file_whose_header_can_be_read_is_listed(tmp_path: Path) -> None:
    put(tmp_path, *(f"a{suffix}" for suffix in suffixes()))
    assert models(tmp_path).keys() == {f"folder:a{suffix}" for suffix in suffixes()}


@pytest.mark.parametrize(
    "path",
    [
        "tokenizer.pkl",
        "bert_vocab.pickle",
        "scheduler.pkl",
        "tokenizer/x.pkl",
        "label_encoder.pkl",
        "faiss/index.pkl",
    ],
)
def test_a_pickle_of_words_or_of_training_is_no_weights(path: str) -> None:
    assert not is_weights(path)
    assert traits_of([path]) == 0


def test_what_cannot_be_read_of_a_model_is_a_gap_of_that_model(tmp_path: Path) -> None:
    put(tmp_path, "in/pipe/model_index.json", "in/pipe/unet/a.bin", "out/b.bin",
        **{"model_index.json": PIPELINE})  # fmt: skip
    (tmp_path / "in/pipe/unet/l.pt").symlink_to("nowhere")
    (tmp_path / "in/pipe/vae").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "in/pipe/unet/fifo.bin")
    (tmp_path / "in/pipe/loose.pt").symlink_to("nowhere")
    assert models(tmp_path / "in") == {"folder:pipe": ["unet/a.bin"]}
    assert {(g.model, g.file) for page in pages(tmp_path / "in") for g in page.gaps} == {
        ("folder:pipe", "unet/l.pt"),
        ("folder:pipe", "unet/fifo.bin"),
        ("folder:pipe", "vae"),
        ("folder:pipe/loose.pt", "loose.pt"),
    }


def test_a_tree_of_any_depth_is_walked_as_far_as_it_makes_sense(tmp_path: Path) -> None:
    put(tmp_path, "model_index.json", **{"model_index.json": PIPELINE})
    for top in ("x", "unet"):
        put(tmp_path, "/".join([top, *"d" * 99, "a.pt"]), "/".join([top, *"d" * 300, "b.pt"]))
    found = [record for page in pages(tmp_path) for record in page.records]
    assert [len(record.files or ()) for record in found] == [1, 1]
    gaps = [gap for page in pages(tmp_path) for gap in page.gaps]
    assert {gap.model for gap in gaps} == {None, "folder:."}
    assert all("nested too deeply" in gap.detail for gap in gaps)


class Counted(LocalFileSystem):
    """Counts how often each folder is listed."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.listed: Counter[str] = Counter()

    def ls(self, path: str, *args: Any, **kwargs: Any) -> Any:
        self.listed[path] += 1
        return super().ls(path, *args, **kwargs)


def test_each_folder_is_listed_once_for_all_small_files(tmp_path: Path) -> None:
    put(tmp_path, *(path for n in range(5) for path in (f"{n}.pt", f"{n}/a.pt", f"{n}/b/c.pt")))
    counted = Counted()
    folder = Folder(counted)
    refs = sorted(r.model.ref for page in folder.list(source(tmp_path), None) for r in page.records)
    counted.listed.clear()
    for ref in refs:
        list(folder.details([ref]))
    assert set(counted.listed.values()) == {1}
    assert len(counted.listed) == 11

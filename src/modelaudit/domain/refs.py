"""ModelRef: the one name of a node of lineage, on every platform and in every list.

hf:org/name              a Hugging Face repository
civitai:4384@128713      a Civitai model version (``civitai:4384`` means every version)
civitai-base:SD 1.5      a family label of Civitai, where no list gives it a model
civitai-flag:poi         a mark that Civitai sets on models itself: no lineage, but lists name it
folder:path/of/file      a weight file or model folder, relative to the folder audited
sha256:6ce01616…         a file known only by its digest
dataset:org/name         a training set
sketch:list/entry        what a list knows by a sketch of its weights alone
words:list/entry         what a list knows by words in names alone
"""

from __future__ import annotations

import re
from typing import Final, NewType
from urllib.parse import quote

ModelRef = NewType("ModelRef", str)

PLATFORMS: Final = (
    "hf", "civitai", "civitai-base", "civitai-flag", "folder", "sha256", "dataset", "sketch",
    "words", "modelscope", "ollama", "openmodeldb", "kaggle", "github",
)  # fmt: skip

MAX_LENGTH: Final = 512
"""Longest reference kept, in characters; hostile metadata holds megabytes."""

_FOLD: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

_HF_ID = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?\Z", re.ASCII)
_CIVITAI_ID = re.compile(r"\d{1,10}(?:@\d{1,10})?\Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


def is_hf_id(text: str) -> bool:
    """True for ``owner/name`` or a bare name as the Hub would accept it."""
    return bool(_HF_ID.match(text)) and ".." not in text and "--" not in text


def hf(repo_id: str) -> ModelRef:
    """The node of a Hugging Face repository."""
    return ModelRef(f"hf:{repo_id}")


def civitai(model: int | str, version: int | str | None = None) -> ModelRef:
    """The node of a Civitai model version; without a version, all versions of the model."""
    return ModelRef(f"civitai:{model}" if version is None else f"civitai:{model}@{version}")


def civitai_label(label: str) -> ModelRef:
    """The node of one of Civitai's own family labels, such as ``SD 1.5``."""
    return ModelRef(f"civitai-base:{label}")


def civitai_flag(flag: str) -> ModelRef:
    """The node of a mark that Civitai sets on models, such as ``poi``."""
    return ModelRef(f"civitai-flag:{flag}")


def sha256(digest: str) -> ModelRef:
    """The node of a file known by its digest alone."""
    return ModelRef(f"sha256:{digest.lower()}")


def dataset(dataset_id: str) -> ModelRef:
    """The node of a training set."""
    return ModelRef(f"dataset:{dataset_id}")


def sketch(entry: str) -> ModelRef:
    """The node of what a list's entry knows by its weights alone."""
    return ModelRef(f"sketch:{entry}")


def words(entry: str) -> ModelRef:
    """The node of what a list's entry knows by words in names alone."""
    return ModelRef(f"words:{entry}")


def is_signal(ref: ModelRef) -> bool:
    """True for what a model is marked or named with: something to look at, and no lineage."""
    return platform(ref) in ("civitai-flag", "words")


def folder(path: str) -> ModelRef:
    """The node of a weight file or model folder, by its path from the folder audited."""
    return ModelRef(f"folder:{path}")


def platform(ref: ModelRef) -> str:
    """The part before the first colon."""
    return ref.partition(":")[0]


def local(ref: ModelRef) -> str:
    """The part after the first colon."""
    return ref.partition(":")[2]


def key(ref: str) -> str:
    """What two spellings of one node share: ids of platforms ignore case, paths do not.

    The database keeps the same rule as a generated column; SQLite folds ASCII letters only.
    """
    if ref.startswith("folder:"):
        return ref
    return ref.lower() if ref.isascii() else ref.translate(_FOLD)


def parse(text: str) -> ModelRef:
    """A reference as a person or a list writes it; ``ValueError`` says what is wrong."""
    name, colon, rest = text.strip().partition(":")
    if not colon or name not in PLATFORMS or not rest:
        known = ", ".join(f"{p}:" for p in PLATFORMS)
        raise ValueError(f"{text!r} is not a model reference (it begins with one of {known})")
    if len(rest) > MAX_LENGTH:
        raise ValueError(f"a reference of {len(rest)} characters is too long")
    if name in ("hf", "dataset") and not is_hf_id(rest):
        raise ValueError(f"{rest!r} is not a repository id (owner/name)")
    if name == "civitai" and not _CIVITAI_ID.match(rest):
        raise ValueError(f"{rest!r} is not a Civitai id (MODEL or MODEL@VERSION)")
    if name == "sha256" and not _SHA256.match(rest.lower()):
        raise ValueError(f"{rest!r} is not 64 hexadecimal digits")
    return ModelRef(f"{name}:{rest.lower() if name == 'sha256' else rest}")


def page_url(ref: ModelRef) -> str | None:
    """The page a person would open; ``None`` where there is none."""
    name, rest = platform(ref), local(ref)
    if name == "hf":
        return f"https://huggingface.co/{quote(rest)}"
    if name == "dataset":
        return f"https://huggingface.co/datasets/{quote(rest)}"
    if name == "civitai":
        model, _, version = rest.partition("@")
        return f"https://civitai.com/models/{model}" + (
            f"?modelVersionId={version}" if version else ""
        )
    return None


def record_url(ref: ModelRef) -> str | None:
    """The API record that a listing claim was read from; ``None`` where there is none."""
    name, rest = platform(ref), local(ref)
    if name == "hf":
        return f"https://huggingface.co/api/models/{quote(rest)}"
    if name == "civitai":
        return f"https://civitai.com/api/v1/models/{rest.partition('@')[0]}"
    return None

"""The small files of a folder that speak of its models."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Mapping
from typing import Final

from modelaudit.crawl.folder_models import CONFIG, PIPELINE
from modelaudit.crawl.folder_tree import Tree, join
from modelaudit.crawl.hub_replay import TEXTS
from modelaudit.domain.model import Document, Gap, Page
from modelaudit.domain.reader import ReadError
from modelaudit.domain.refs import ModelRef

LONGEST_TEXT: Final = 1 << 20
"""Bytes; what is longer is a gap."""

KINDS: Final = {path: kind for path, (_, kind) in TEXTS.items()} | {CONFIG: "config"}
"""Name → Document kind, of what speaks of a model folder."""

SIDECARS: Final = (".civitai.info", ".cm-info.json", ".metadata.json", ".json")
"""Endings of what speaks of the weight file with the same stem (A1111's Civitai helper, ComfyUI's
and StabilityMatrix' managers)."""

_ADAPTER = "adapter_config.json"


def beside(name: str, *, alone: bool) -> dict[str, str]:
    """Name → kind of what speaks of one weight file; ``alone``: no other lies there, so that the
    texts of its folder are about this one.
    """
    wanted = {} if not alone else {text: KINDS[text] for text in KINDS.keys() - {CONFIG, PIPELINE}}
    if name.startswith("adapter_model."):
        wanted[_ADAPTER] = KINDS[_ADAPTER]
    stem = posixpath.splitext(name)[0]
    return wanted | {f"{stem}{ending}": "civitai_info" for ending in SIDECARS}


def read_texts(tree: Tree, ref: ModelRef, below: str, wanted: Mapping[str, str]) -> Page:
    """The documents of these names → kinds that lie in a folder."""
    documents: list[Document] = []
    gaps: list[Gap] = []
    now = int(time.time())
    for name in sorted(wanted):
        try:
            raw = tree.text(join(below, name), LONGEST_TEXT)
        except ReadError as error:
            gaps.append(Gap(reason=error.reason, detail=str(error), model=ref, file=name))
            continue
        if raw is not None:
            body = str(raw, "utf-8", "replace")
            documents.append(
                Document(model=ref, kind=wanted[name], body=body, observed=now, path=name)
            )
    return Page(documents=tuple(documents), gaps=tuple(gaps))

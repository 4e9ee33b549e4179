"""Digests: whether they can match, and match the right thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelaudit.check.lint.item import Item
from modelaudit.check.listfile import Problem
from modelaudit.check.strict_yaml import Place
from modelaudit.domain.digests import NEVER_MATCH

_KINDS = (("sha256", 64), ("data_sha256", 64), ("autov1", 8), ("autov3", 12))


def problems(item: Item) -> Iterator[Problem]:
    """Each digest by itself."""
    for at, file in item.each("match", "files"):
        yield from _component(item, at, file)
        yield from _sources(item, at, file)
        for kind, length in _KINDS:
            digest = file.get(kind)
            if digest and any(digest == never[:length] for never in NEVER_MATCH):
                yield item.error((*at, kind), "the digest of an empty or zeroed file", "remove it")
            elif digest and len(set(digest)) == 1:
                yield item.error(
                    (*at, kind), f"{digest} is filled in, not computed", "compute it, or remove it"
                )
        whole, short = file.get("data_sha256"), file.get("autov3")
        if whole and short and whole[:12] != short:
            yield item.error(
                (*at, "autov3"),
                f"autov3 {short} is not the beginning of data_sha256",
                f'write "{whole[:12]}", or correct data_sha256',
            )


def _component(item: Item, at: Place, file: dict[str, Any]) -> Iterator[Problem]:
    tainted = {"full", *(item.get("claim", "tainted") or ())}
    component = file.get("component", "other")
    told = (*item.place, *at, "component"), (*item.place, "claim", "tainted")
    if item.blocks and component not in tainted and not any(map(item.written.is_told, told)):
        yield item.error(
            (*at, "component"),
            f"component {component} is not tainted, so this digest never counts",
            "remove the file, or correct component or claim.tainted",
        )


def _sources(item: Item, at: Place, file: dict[str, Any]) -> Iterator[Problem]:
    sources, confidence = file.get("sources"), file.get("confidence", "confirmed")
    if item.get("status") == "active" and confidence == "candidate":
        yield item.error(
            (*at, "confidence"), "a candidate digest in an active entry",
            "confirm it, or set status: draft",
        )  # fmt: skip
    elif confidence == "single-source" and sources is not None and sources > 1:
        yield item.error(
            (*at, "confidence"), f"single-source, but {sources} sources give it",
            "set confidence: confirmed, or correct sources",
        )  # fmt: skip
    elif confidence == "confirmed" and sources == 1:
        yield item.error(
            (*at, "confidence"), "confirmed, but one source gives it",
            "set confidence: single-source, or find a second source",
        )  # fmt: skip

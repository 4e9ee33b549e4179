"""Which platforms there are, each opened when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, cast

from modelaudit.crawl.pacing import Wait
from modelaudit.crawl.platform import Platform, Source
from modelaudit.domain.errors import PlatformError
from modelaudit.domain.model import Page
from modelaudit.domain.refs import ModelRef

_LIVE = {
    "hf": "modelaudit.crawl.huggingface:HuggingFace",
    "civitai": "modelaudit.crawl.civitai:Civitai",
}
"""Name → module and class; a class takes ``wait=``."""

LIVE = frozenset(_LIVE)
"""Platforms that are asked over the network."""

_AT_HAND = ("catalogue", "folder", "hub-stats")
"""Platforms of this machine."""


class Platforms(Mapping[str, Platform]):
    """Name → platform; close it, and all that were opened are closed."""

    def __init__(self, *, offline: bool, wait: Wait) -> None:
        self._offline = offline
        self._wait = wait
        self._opened: dict[str, Platform] = {}

    def __getitem__(self, name: str) -> Platform:
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def __contains__(self, name: object) -> bool:
        return name in _AT_HAND or name in _LIVE

    def __iter__(self) -> Iterator[str]:
        return iter((*_LIVE, *_AT_HAND))

    def __len__(self) -> int:
        return len(_LIVE) + len(_AT_HAND)

    @property
    def requests(self) -> int:
        """Requests made so far, on all platforms."""
        return sum(platform.requests for platform in self._opened.values())

    def close(self) -> None:
        """Let go of every connection."""
        for platform in self._opened.values():
            platform.close()
        self._opened.clear()

    def _open(self, name: str) -> Platform:
        if name == "catalogue":
            from modelaudit.crawl.catalogue import Catalogue

            return Catalogue(self)
        if name == "hub-stats":
            from modelaudit.crawl.hub_stats import HubStats

            return HubStats()
        if name == "folder":
            from modelaudit.crawl.folder import Folder

            return Folder()
        module, _, cls = _LIVE[name].partition(":")
        live = cast(Platform, getattr(importlib.import_module(module), cls)(wait=self._wait))
        return _Offline(live) if self._offline else live


def open_platforms(*, offline: bool, wait: Wait) -> Platforms:
    """The platforms known here; offline, those on the network only replay what was recorded."""
    return Platforms(offline=offline, wait=wait)


class _Offline:
    """A platform that may read records and may not be asked anything."""

    requests = 0

    def __init__(self, platform: Platform) -> None:
        self.name = platform.name
        self.replay = platform.replay
        self.close = platform.close

    def list(self, source: Source, cursor: str | None) -> Iterator[Page]:
        self._refuse(source.text)

    def changed(self, source: Source, cursor: str | None, since: int) -> Iterator[Page]:
        self._refuse(source.text)

    def children(self, parent: ModelRef, cursor: str | None) -> Iterator[Page]:
        self._refuse(f"the children of {parent}")

    def details(self, refs: Sequence[ModelRef]) -> Iterator[Page]:
        self._refuse("files and cards")

    def look_up(self, ref: ModelRef) -> NoReturn:
        self._refuse(str(ref))

    def by_digest(self, digests: Sequence[str]) -> Iterator[Page]:
        self._refuse("digests")

    def open(self, ref: ModelRef, revision: str | None, path: str, size: int | None) -> NoReturn:
        self._refuse(f"{ref} {path}")

    def _refuse(self, what: str) -> NoReturn:
        raise PlatformError(
            f"{what} cannot be asked for offline",
            hint="drop --offline, or name a recorded catalogue: catalogue:FILE.jsonl",
        )

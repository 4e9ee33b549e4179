"""A folder of small files by content: the user's cache, which anybody may empty at any time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Cache:
    """Bytes by a hexadecimal key; what cannot be kept is read again another time."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def get(self, key: str) -> bytes | None:
        """What was kept under this key, if anything still is."""
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Keep it, all of it or nothing."""
        path = self._path(key)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                part.write_bytes(data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def drop(self, key: str) -> None:
        """Forget what is kept under this key, such as what cannot be read any more."""
        with suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}{self._suffix}"


def sketch_cache() -> Cache:
    """The user's own: ``$XDG_CACHE_HOME/modelaudit/sketches``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = Path(base) if base else Path.home() / ".cache"
    return Cache(folder / "modelaudit" / "sketches", ".sketch")

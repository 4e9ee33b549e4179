"""Digests that prove nothing: written by tools, shared by strangers."""

from __future__ import annotations

from typing import Final

NEVER_MATCH: Final = frozenset(
    {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # sha256 of nothing
        "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31",  # of 64 KiB of zeros
    }
)

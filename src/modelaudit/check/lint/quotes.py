"""Bare scalars that other YAML readers turn into numbers, days or booleans."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelaudit.check.listfile import BOOLEANS, FLOATS, INTEGERS, ListFile, Problem

HASHES = frozenset({"sha256", "autov1", "autov3", "data_sha256", "quick_hash", "blake3", "xet"})
"""Keys whose values are hexadecimal, and now and then look like numbers."""

_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
"""A float to YAML 1.2 readers only; one real short hash is ``925997e9``."""


def problems(written: ListFile, _today: str) -> Iterator[Problem]:
    """A value that lacks the quotes it needs."""
    import yaml

    resolver = yaml.SafeLoader("")
    for place, text in written.tree.plain.items():
        key = place[-1] if place else None
        if key in INTEGERS | FLOATS | BOOLEANS:
            continue
        tag = resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it untyped
        if key in HASHES or tag != "tag:yaml.org,2002:str" or _EXPONENT.fullmatch(text):
            yield written.problem(
                place,
                f"{key} {text[:64]} has no quotes: other YAML readers may change it",
                level="warning",
                fix=f'write "{text[:64]}"',
            )

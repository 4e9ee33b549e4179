"""YAML as strangers write it: every scalar a string, tags ignored, merge keys left alone."""

from __future__ import annotations

from itertools import islice
from typing import Any

MAX_LENGTH = 64_000
"""Longest text parsed, in characters."""

_MAX_DOCUMENTS = 50


class UnreadableYaml(ValueError):
    """The text is not YAML, or too long or too deep to be read."""


def yaml_documents(text: str) -> list[Any]:
    """The documents of a YAML stream (yaml.org/spec/1.1), at most 50.

    ``BaseLoader`` constructs nothing but strings, lists and dicts, and shares what aliases name:
    neither objects nor exponential growth can come from it.
    """
    import yaml

    if len(text) > MAX_LENGTH:
        raise UnreadableYaml(f"longer than {MAX_LENGTH} characters")
    try:
        return list(islice(yaml.load_all(text, yaml.BaseLoader), _MAX_DOCUMENTS))
    except yaml.YAMLError:
        raise UnreadableYaml("not valid YAML") from None
    except RecursionError:
        raise UnreadableYaml("nested too deeply") from None

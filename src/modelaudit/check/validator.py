"""The JSON Schema of lists, and the checks of form that a pattern cannot say."""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker


def schema_text() -> str:
    """The JSON Schema as a file, for editors."""
    return (Path(__file__).parent / "schema/blocklist.schema.json").read_text(encoding="utf-8")


def dataset_ref(text: str) -> ModelRef:
    """The node of a data set id, written with or without ``dataset:``; ``ValueError`` if none."""
    return refs.parse(f"dataset:{text.removeprefix('dataset:')}")


@cache
def validator() -> Draft202012Validator:
    """The schema, ready to be applied."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema_text()), format_checker=_formats())


def _formats() -> FormatChecker:
    """What a pattern cannot say: days that exist, references and expressions that parse."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=("date",))

    @checker.checks("model-ref", raises=ValueError)
    def model_ref(text: object) -> bool:
        return not isinstance(text, str) or bool(refs.parse(text))

    @checker.checks("dataset-id", raises=ValueError)
    def dataset_id(text: object) -> bool:
        return not isinstance(text, str) or bool(dataset_ref(text))

    @checker.checks("regex", raises=(re.error, OverflowError, RecursionError, FutureWarning))
    def regex(text: object) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an expression whose meaning will change is refused
            return not isinstance(text, str) or bool(re.compile(text))

    return checker

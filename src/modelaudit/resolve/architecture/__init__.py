"""What names and shapes of tensors say a file is: a family, a kind, its parts, and why.

Two questions, in this order: is it a delta, and whose? Shapes outrank metadata, which is asked
only where they stay silent, and nothing is guessed: unknown is an answer. Each family is a line
in a table: ``unets``, ``transformers``, ``language``, ``encoders``, ``addons``, ``adapters``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from modelaudit.domain.weights import UNKNOWN, Architecture, Tensor
from modelaudit.resolve.architecture.adapters import adapter, control_lora
from modelaudit.resolve.architecture.addons import (
    beside,
    controlnet,
    embedding,
    motion,
    plugged,
)
from modelaudit.resolve.architecture.checkpoints import averaged, checkpoint
from modelaudit.resolve.architecture.components import part_of, parts
from modelaudit.resolve.architecture.declared import (
    Contradiction,
    contradiction,
    declared_family,
    is_default,
)
from modelaudit.resolve.architecture.encoders import encoder
from modelaudit.resolve.architecture.kin import comparable, same_family
from modelaudit.resolve.architecture.labels import family_of_label
from modelaudit.resolve.architecture.language import language_model
from modelaudit.resolve.architecture.models import family_of_model
from modelaudit.resolve.architecture.names import Listing

__all__ = [
    "Contradiction",
    "comparable",
    "contradiction",
    "declared_family",
    "detect",
    "family_of_label",
    "family_of_model",
    "part_of",
    "parts",
    "same_family",
]

_QUESTIONS: Final = (
    control_lora,
    beside,
    plugged,
    adapter,
    controlnet,
    motion,
    checkpoint,
    language_model,
    encoder,
    averaged,
    embedding,
)


def detect(
    tensors: Iterable[Tensor], metadata: Mapping[str, Any] = MappingProxyType({})
) -> Architecture:
    """The architecture of a file from its listing; of a sharded model, give all shards' tensors."""
    listing = Listing(tensors)
    answers = (question(listing) for question in _QUESTIONS)
    found = next((answer for answer in answers if answer), Architecture())
    return found if found.family != UNKNOWN else _as_declared(found, metadata)


def _as_declared(found: Architecture, metadata: Mapping[str, Any]) -> Architecture:
    declared = declared_family(metadata)
    if declared is None or is_default(metadata, declared[1]):
        return found
    family, key = declared
    value = str(metadata[key])[:100]
    reason = f"declared: {key} = {value!a}; {found.reason}"
    return replace(found, family=family, reason=reason, measured=False)

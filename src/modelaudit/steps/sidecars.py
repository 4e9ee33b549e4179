"""The small files beside local weights: taken at their word where they are about these bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from modelaudit.crawl.platform import Platform
from modelaudit.domain.model import Document, Gap, Page
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.steps.budget import Budget
from modelaudit.steps.intake import DETAILS, Intake
from modelaudit.store import candidates
from modelaudit.store import files as store
from modelaudit.store.db import transaction

_BATCH = 1000
_MOST_VALUES = 100_000


def read_sidecars(intake: Intake, folder: Platform, budget: Budget) -> int:
    """Read those of every local model in scope; returns how many claims that changed.

    A sidecar that states the digest of another file is a gap and claims nothing; what a removed
    one claimed is withdrawn.
    """
    changed = 0
    refs = store.local_models(intake.connection)
    for start in range(0, len(refs), _BATCH):
        part = refs[start : start + _BATCH]
        for ref, page in zip(part, folder.details(part), strict=True):
            if budget.halted:
                return changed
            changed += _take(intake, ref, page)
    return changed


def _take(intake: Intake, ref: ModelRef, page: Page) -> int:
    connection = intake.connection
    digests = store.digests_of(connection, ref)
    documents: list[Document] = []
    gaps = list(page.gaps)
    for document in page.documents:
        if other := _about_another(document, digests):
            gaps.append(
                Gap(
                    reason=GapReason.INCONCLUSIVE,
                    detail=f"it is about another file: it states sha256 {other}",
                    model=ref,
                    file=document.path,
                )
            )
        else:
            documents.append(document)
    with transaction(connection):
        candidates.forget_gaps(connection, ref, SIDECARS)
        withdrawn = store.withdraw_but(connection, ref, [d.path for d in documents if d.path])
    page = replace(page, documents=tuple(documents), gaps=tuple(gaps))
    return withdrawn + intake.take(page, SIDECARS).claims


SIDECARS = f"{DETAILS} of sidecars"
"""What their gaps are filed under: read again every time, and so are these."""


def _about_another(document: Document, digests: frozenset[str]) -> str | None:
    """A sha256 that the document states of its file and that is not the file's."""
    if document.kind != "civitai_info" or not digests or not isinstance(document.body, str):
        return None
    stated = set(_stated(document.body))
    return None if not stated or stated & digests else min(stated)


def _stated(text: str) -> Iterator[str]:
    """Every value of a key spelled ``sha256``, in lower case."""
    try:
        waiting: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if key.lower() == "sha256" and isinstance(item, str) and len(item) == 64:
                    yield item.lower()
            waiting.extend(chain(value.values()))
        elif isinstance(value, list):
            waiting.extend(value)

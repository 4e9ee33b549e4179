"""Weights as HTML: the matrices behind a claim, what was compared, and how often that errs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelaudit.domain.claim import Sample
from modelaudit.domain.finding import Report
from modelaudit.domain.sketch import TensorScore, Weighed
from modelaudit.domain.words import Kinship
from modelaudit.report import weights, words
from modelaudit.report.clean import for_html
from modelaudit.report.comparison import NULL, shares
from modelaudit.report.html import parts

MOST: Final = 200
"""Files that were compared, listed one by one; the JSON has them all."""
_MATRICES: Final = 64


def sample(found: Sample) -> str:
    """The numbers that a claim rests on, closed, with a row for each matrix."""
    one = found.comparison
    score = one.overall
    lines = [
        f"{for_html(score.wording, 300)}.",
        f"Compared with {parts.name(one.reference)}, one of "
        f"{words.amount(found.references, 'reference')}; "
        f"{words.amount(found.bytes_read, 'byte')} of the file were read beyond its header.",
        *(for_html(remark, 300) for remark in one.remarks),
    ]
    if found.recipe is not None:
        lines.append(for_html(f"A merge: {shares(found.recipe)}.", 600))
    if one.anchor is not None:
        lines.append(f"{weights.channels(one.anchor)}.")
    lines.append(NULL)
    facts = parts.facts((name, value) for name, value in weights.numbers(score))
    table = "".join(_matrices(one.tensors)) if one.tensors else ""
    return (
        f'<details class="sample"><summary>Weights {score.grade}: R {score.score:.3f} over '
        f"{words.amount(score.tensors, 'matrix', 'matrices')}</summary>"
        f"{facts}{''.join(f'<p>{line}</p>' for line in lines)}{table}</details>"
    )


def _matrices(tensors: tuple[TensorScore, ...]) -> Iterator[str]:
    yield from parts.table(
        "Matrices that were compared",
        ("Matrix", "In the reference", "Part", "#r", "#Equal"),
        (
            (
                parts.name(tensor.name),
                "the same" if tensor.reference_name == tensor.name
                else parts.name(tensor.reference_name),
                str(tensor.component),
                "–" if tensor.r is None else f"{tensor.r:.4f}",
                f"{tensor.equal:.2f}",
            )
            for tensor in tensors[:_MATRICES]
        ),
    )  # fmt: skip
    if len(tensors) > _MATRICES:
        yield f'<p class="cut">And {len(tensors) - _MATRICES:,} more, in the JSON format.</p>'


def compared(report: Report) -> Iterator[str]:
    """Counts by kinship, then the files, the closest first; nothing where none was compared."""
    kinships = report.kinships()
    total = sum(kinships.values())
    if not total:
        return
    yield (
        '<section aria-labelledby="compared"><h2 id="compared">Weights compared '
        f'<span class="count">{words.amount(total, "file")}</span></h2>\n'
        f'<p class="lead">{weights.SAMPLED}</p>\n<p>{NULL}</p>\n'
    )
    yield from parts.table(
        "Files by the closest kinship that was found",
        ("#Files", "Kinship", "What it means"),
        (
            (f"{count:,}", f"<strong>{kinship}</strong>", meaning)
            for kinship, count, meaning in weights.counts(kinships)
        ),
    )
    yield from parts.table(
        "Files and the reference that each is closest to",
        ("Model", "File", "Closest reference", "Kinship", "#R", "#Median", "#Equal", "#References"),
        map(_row, report.compared(order="closest", limit=MOST)),
    )
    if total > MOST:
        yield (
            f'<p class="cut">Shown are the closest {MOST:,} of {total:,} files; the JSON format '
            "has them all.</p>\n"
        )
    yield "</section>\n"


def _row(found: Weighed) -> tuple[str, ...]:
    model, file = parts.page(found.model), parts.name(found.path, 48)
    of = f"{found.references:,}"
    if not found.kin:
        return model, file, "–", str(Kinship.UNRELATED), "–", "–", "–", of
    one = found.kin[0].comparison
    score = one.overall
    return (
        model,
        file,
        parts.name(one.reference, 48),
        str(score.grade),
        f"{score.score:.4f}",
        f"{score.median:.4f}",
        f"{score.bit_equal:.2f}",
        of,
    )


def error_rates() -> Iterator[str]:
    """How often comparisons of weights err, as this build measured it."""
    yield f"<h3>How often comparisons of weights err</h3>\n<p>{weights.error_sentence()}</p>\n"
    rates = weights.error_rates()
    if rates is None:
        return
    yield from parts.table(
        "Models of known origin, by the kinship that was found",
        ("Kinship", "#Precision", "#Recall", "#Cases"),
        (
            (for_html(kinship), _share(rate["precision"]), _share(rate["recall"]), _count(rate))
            for kinship, rate in rates["grades"].items()
        ),
    )
    yield "<details><summary>By what was done to the weights</summary>\n"
    yield from parts.table(
        "Edits, and how many of them were found to be kin",
        ("Edit", "#Median R", "#Found", "#Cases"),
        (
            (for_html(edit), _share(rate["median_r"]), f"{rate['found']:,}", _count(rate))
            for edit, rate in rates["edits"].items()
        ),
    )
    yield "</details>\n"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _count(rate: Mapping[str, Any]) -> str:
    return f"{rate['cases']:,}"

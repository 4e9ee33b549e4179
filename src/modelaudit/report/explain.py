"""The explanation of one model as text: lineage, claims, what decided, what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim, Conflict
from modelaudit.domain.finding import Finding
from modelaudit.domain.lineage import Explanation
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Comparison
from modelaudit.domain.times import format_time
from modelaudit.domain.words import Grade, Relation, Verdict
from modelaudit.report import weights, words
from modelaudit.report.clean import for_terminal, shorten
from modelaudit.report.comparison import NULL, figures, margin, shares
from modelaudit.report.record import locator

_DEPTH = 12
_FILES = 5
"""Files whose architecture is told."""
_REMARKS = 20
_KIN = 5
"""References told of one file."""
_MATRICES = 24

UNDIRECTED = "same-bytes-undirected"
"""The extractor that joins equal files without knowing which was first."""
IN_PART = "weights-in-part"
"""The extractor of kinships that weights suggest and do not prove."""


def render(explanation: Explanation) -> Iterator[str]:
    """Lines of text, cleaned for a terminal."""
    e = explanation
    revision = f" @ {e.revision[:12]}" if e.revision else ""
    yield _line(0, f"{e.model}{revision}  {e.title or ''}".rstrip())
    yield _line(1, f"status {e.status}; named as a parent by {words.amount(e.children, 'model')}")
    if url := refs.page_url(e.model):
        yield _line(1, url)
    if e.withheld:
        yield _line(1, "its title is not shown, for it may be somebody's name; the page has it")
    for other in e.also:
        yield _line(1, f"also known as {other}")
    yield "\n"
    yield from _verdicts(e)
    yield "Lineage\n"
    yield from _tree(e, e.model, 1, set())
    if e.marks:
        yield "\nMarked by its platform, which is no lineage\n"
        for mark in e.marks:
            yield from _claim(mark, 1)
    if e.shapes:
        yield "\nArchitecture, which is no lineage\n"
        for shape in e.shapes[:_FILES]:
            yield _line(1, words.shapes(shape))
        if len(e.shapes) > _FILES:
            yield _line(1, f"and {len(e.shapes) - _FILES:,} more files")
    if e.remarks:
        yield "\nOdd in its files\n"
        for file, remark in e.remarks[:_REMARKS]:
            yield _line(1, f"{file}: {remark}")
        if len(e.remarks) > _REMARKS:
            yield _line(1, f"and {len(e.remarks) - _REMARKS:,} more")
    yield from _weights(e)
    if e.conflicts:
        yield "\nConflicts\n"
        for conflict in e.conflicts:
            yield from _conflict(conflict)
    yield "\nNot examined\n"
    for gap in e.gaps:
        yield _line(1, f"{gap.reason}: {f'{gap.file}: ' if gap.file else ''}{gap.detail}")
    if not e.gaps:
        yield _line(1, "nothing on record that could not be read")


def _weights(e: Explanation) -> Iterator[str]:
    """What comparing values showed, also where that is nothing."""
    if not e.weighed:
        return
    yield "\nWeights, by a part of their values\n"
    for found in e.weighed[:_FILES]:
        against = words.amount(found.references, "reference")
        yield _line(
            1,
            f"{found.path}: compared with {against} of {found.family or 'its architecture'}, "
            f"{words.amount(found.bytes_read, 'byte')} read",
        )
        for kin in found.kin[:_KIN]:
            yield _line(2, f"weights: {weights.sentence(kin)}")
        if found.kin and found.kin[0].comparison.tensors:
            yield from _matrices(found.kin[0].comparison)
        if found.recipe is not None:
            yield _line(2, f"merge: {found.recipe.wording}")
            for share in found.recipe.parents if found.recipe.complete else ():
                yield _line(3, f"{share.weight:.4f} {margin(share)}  {share.reference}")
        for note in found.notes[:_REMARKS]:
            yield _line(2, f"not compared: {note}")
    if len(e.weighed) > _FILES:
        yield _line(1, f"and {len(e.weighed) - _FILES:,} more files")
    yield _line(1, NULL)


def _matrices(one: Comparison) -> Iterator[str]:
    """The matrices of the closest reference."""
    yield _line(2, f"matrices against {one.reference}: {figures(one.overall)}")
    for tensor in one.tensors[:_MATRICES]:
        r = "-" if tensor.r is None else f"{tensor.r:.4f}"
        yield _line(3, f"{r:>7}  equal {tensor.equal:.2f}  {shorten(tensor.name, 80)}")
    if len(one.tensors) > _MATRICES:
        yield _line(3, f"and {len(one.tensors) - _MATRICES} more, in the JSON report")


def _verdicts(e: Explanation) -> Iterator[str]:
    if not e.findings:
        yield "No finding in this run\n"
        yield _line(1, _why_none(e))
        yield "\n"
    for finding in e.findings:
        yield _line(0, f"{finding.verdict}  {finding.entry}  (grade {finding.grade})")
        yield _line(1, " → ".join(finding.path))
        yield _line(1, f"decided by: {finding.decided_by}")
        if finding.waiver is not None:
            yield _line(1, f"{words.waived(finding.waiver)}, by the rule: {finding.waiver.rule}")
        for path, digest in finding.files:
            yield _line(1, f"matches by bytes: {path}  sha256 {digest}")
        yield _line(1, "what would change this:")
        for line in what_would_change(finding):
            yield _line(2, f"- {line}")
        yield "\n"


def _why_none(e: Explanation) -> str:
    if entry := e.listed.get(e.model):
        return f"it is listed itself, as {entry}, and not among the models of this run"
    if any(c.grade >= Grade.DECLARED for c in e.claims.get(e.model, ())):
        return "its known lineage leads to nothing listed"
    if any(found.kin for found in e.weighed):
        return (
            "its weights show no kinship that counts with what they were compared with, and "
            "nothing else is known about its lineage"
        )
    return "nothing is known about its lineage, which does not mean that it is clear"


def what_would_change(finding: Finding) -> Iterator[str]:
    """What would raise or lower a finding, in sentences."""
    if finding.relation is Relation.LISTED or refs.is_signal(finding.path[-1]):
        if finding.path[-1].startswith("civitai-flag:"):
            yield f"the platform takes its mark on {finding.path[-2]} back"
        elif finding.path[-1].startswith("words:"):
            yield "the model gets another name, or an allow list names it"
        yield f"the entry {finding.entry} is changed or withdrawn from the list"
        return
    hops = words.by_hop(finding)
    weakest = min(hops, key=lambda hop: max(c.grade for c in hop))
    parents = " or ".join(sorted({c.parent for c in weakest}))
    if finding.grade is Grade.EXACT or all(c.sample for c in weakest):
        yield "the files that match are removed or replaced"
    else:
        yield (
            f"nobody claims any more that {weakest[0].child} comes from {parents} "
            f"({_places(weakest)})"
        )
    if any(c.extractor == IN_PART for c in weakest) and finding.verdict is Verdict.REVIEW:
        yield "a publisher or a tool that names the same lineage would confirm what weights suggest"
    if finding.verdict is Verdict.TAKE_DOWN and finding.grade < Grade.MEASURED:
        yield f"under --standard {Grade(finding.grade + 1)} it would be for review"
    if finding.grade < Grade.MEASURED:
        yield "bytes or weights that match what is listed would prove it"
    yield f"the entry {finding.entry} is changed or withdrawn, or an allow list names the model"


def _tree(e: Explanation, ref: ModelRef, depth: int, above: set[ModelRef]) -> Iterator[str]:
    """A model's parents with what is claimed about each hop; cycles are cut where they close."""
    by_parent: dict[ModelRef, list[Claim]] = {}
    for claim in e.claims.get(ref, ()):
        by_parent.setdefault(claim.parent, []).append(claim)
    if not by_parent and depth == 1:
        yield _line(1, "no claim about any parent")
    for parent, claims in by_parent.items():
        mark = f"   ← listed: {e.listed[parent]}" if parent in e.listed else ""
        relation = " / ".join(dict.fromkeys(map(_relation, claims)))
        yield _line(depth, f"└─ {relation} {parent}{mark}")
        for claim in claims:
            yield from _claim(claim, depth + 2)
        if all(claim.extractor == UNDIRECTED for claim in claims):
            continue  # nobody knows which of the two came first: its parents are not this one's
        if parent in above | {ref}:
            yield _line(depth + 1, "… a cycle of claims ends here")
        elif depth < _DEPTH:
            yield from _tree(e, parent, depth + 2, above | {ref})


def _relation(claim: Claim) -> str:
    return "same bytes as" if claim.extractor == UNDIRECTED else f"{claim.relation} of"


def _claim(claim: Claim, depth: int) -> Iterator[str]:
    share = f", share {claim.weight:.0%}" if claim.weight is not None else ""
    yield _line(depth, f"{claim.grade}: {claim.extractor} at {locator(claim)}{share}")
    if claim.excerpt:
        yield _line(depth + 1, f"“{claim.excerpt}”")
    if claim.sample:
        one = claim.sample.comparison
        said = one.overall.wording
        against = "" if one.reference in said else f", against {one.reference}"
        yield _line(depth + 1, f"weights: {said}{against}")
        if claim.sample.recipe is not None:
            yield _line(depth + 1, f"a merge: {shares(claim.sample.recipe)}")
    where = claim.source or "local"
    yield _line(depth + 1, f"{where}  first seen {format_time(claim.observed)}")


def _conflict(conflict: Conflict) -> Iterator[str]:
    yield _line(1, f"{conflict.kind}{f' ({conflict.entry})' if conflict.entry else ''}")
    for claim in conflict.claims:
        yield _line(2, f"{claim.grade}: {_relation(claim)} {claim.parent} ({claim.extractor})")
    if found := conflict.measured:
        yield _line(2, f"{words.measured_by(found)}: {words.shapes(found)}")


def _places(claims: list[Claim]) -> str:
    return "; ".join(dict.fromkeys(f"{c.extractor} {locator(c)}" for c in claims[:3]))


def _line(depth: int, text: str) -> str:
    return f"{'  ' * depth}{for_terminal(text)}\n"

"""The lineage of a finding as a small inline SVG: the listed thing left, the model right.

A solid line is evidence in bytes or weights, a dashed one a record or a declaration, a dotted one
a hint; the title and description say the same in words.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.finding import Finding
from modelaudit.domain.words import Grade
from modelaudit.report import words
from modelaudit.report.clean import for_html

_BOX: Final = 244
_TALL: Final = 52
_BETWEEN: Final = 84
_LEFT_OUT: Final = 112
_MARGIN: Final = 4
_MOST: Final = 4
"""Boxes drawn; of a longer path the middle is told in the list of steps only."""
_CHARACTERS: Final = 30


def figure(finding: Finding, anchor: str) -> str:
    """The picture; without hops there is nothing to draw and it is empty."""
    if not finding.hops:
        return ""
    hops = list(zip(finding.path, finding.path[1:], words.by_hop(finding), strict=False))[::-1]
    nodes: list[refs.ModelRef | None] = list(finding.path[::-1])
    edges = [_strongest(claims) for _, _, claims in hops]
    if len(nodes) > _MOST:
        nodes = [*nodes[:2], None, nodes[-1]]
        edges = [*edges[:2], edges[-1]]
    lefts = list(accumulate(map(_wide, nodes), lambda x, w: x + w + _BETWEEN, initial=_MARGIN))
    width = lefts.pop() - _BETWEEN + _MARGIN
    height = 2 * _MARGIN + _TALL
    told = " ".join(_sentence(child, parent, claims) for child, parent, claims in hops[::-1])
    return (
        '<figure class="lineage scroll" tabindex="0" role="group" aria-label="Lineage picture">'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{anchor}-t {anchor}-d"><title id="{anchor}-t">Lineage of '
        f'{for_html(finding.model, 120)}</title><desc id="{anchor}-d">{told}</desc>'
        + "".join(map(_edge, lefts[1:], edges))
        + "".join(_node(x, node, finding) for x, node in zip(lefts, nodes, strict=True))
        + "</svg></figure>\n"
    )


def _strongest(claims: list[Claim]) -> Claim | None:
    return max(claims, key=lambda claim: claim.grade, default=None)


def _sentence(child: str, parent: str, claims: list[Claim]) -> str:
    claim = _strongest(claims)
    verb = words.said(claim) if claim else "leads to"
    return f"{for_html(child, 120)} {verb} {for_html(parent, 120)}."


def _wide(node: refs.ModelRef | None) -> int:
    return _LEFT_OUT if node is None else _BOX


def _node(x: int, node: refs.ModelRef | None, finding: Finding) -> str:
    middle = _MARGIN + _TALL // 2
    if node is None:
        text = f"… {len(finding.path) - _MOST + 1} more below …"
        return f'<text class="more" x="{x + _LEFT_OUT // 2}" y="{middle + 4}">{text}</text>'
    if x == _MARGIN:
        role, says = "listed", f"listed · {for_html(finding.entry, _CHARACTERS)}"
    else:
        role, says = "node", for_html(words.platform(refs.platform(node)))
        if node == finding.path[0]:
            role, says = "node self", f"{says} · this model"
    return (
        f'<g class="{role}"><title>{for_html(node, 512)}</title>'
        f'<rect x="{x}" y="{_MARGIN}" width="{_BOX}" height="{_TALL}" rx="6"/>'
        f'<text class="id" x="{x + 12}" y="{middle - 5}">'
        f"{for_html(refs.local(node) or node, _CHARACTERS)}</text>"
        f'<text class="says" x="{x + 12}" y="{middle + 14}">{says}</text></g>'
    )


def _edge(end: int, claim: Claim | None) -> str:
    grade = claim.grade if claim else Grade.HINTED
    relation = str(claim.relation) if claim else "?"
    start, y = end - _BETWEEN, _MARGIN + _TALL // 2
    middle = (start + end) // 2
    return (
        f'<g class="edge {grade}"><title>{relation}, {grade}</title>'
        f'<path class="line" d="M{start + 5} {y}H{end - 11}"/>'
        f'<path class="tip" d="M{end - 4} {y}l-9 -4.5v9z"/>'
        f'<text x="{middle}" y="{y - 8}">{relation}</text>'
        f'<text class="grade" x="{middle}" y="{y + 17}">{grade}</text></g>'
    )

"""One finding as a ``<details>``: a line to scan, and behind it all the evidence."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim, Conflict
from modelaudit.domain.finding import Finding
from modelaudit.domain.words import State
from modelaudit.report import words
from modelaudit.report.clean import for_html, link
from modelaudit.report.html import lineage, parts, weights
from modelaudit.report.record import excerpt, locator, source, url, window


def finding(found: Finding) -> str:
    """The finding, closed; its anchor is the same in every run."""
    anchor = parts.anchor("f", found.id)
    platform = refs.platform(found.model)
    downloads = "" if found.downloads is None else f"{found.downloads:,}"
    marks = "".join(
        f'<span class="mark">{mark}</span>'
        for mark, present in (
            (str(found.state), found.state is not State.UNCHANGED),
            ("conflict", bool(found.conflicts)),
            ("waived", found.waiver is not None),
        )
        if present
    )
    return (
        f'<details class="finding" id="{anchor}" data-verdict="{found.verdict}" '
        f'data-grade="{found.grade}" data-platform="{for_html(platform)}" '
        f'data-downloads="{found.downloads or 0}" data-hops="{found.hops}">'
        f'<summary><span class="who">{parts.ref(found.model)}{marks}</span>'
        f'<span class="via">{_via(found)}</span>'
        f'<span class="entry">{parts.name(found.entry, 48)}</span>'
        f"{parts.pill(found.grade)}"
        f'<span class="downloads">{downloads}'
        f"{_span(found) if downloads else ''}</span></summary>\n"
        f'<div class="body">{"".join(_body(found, anchor))}</div></details>\n'
    )


def conflict(contradiction: Conflict) -> str:
    """A contradiction with its claims, the weaker first."""
    entry = contradiction.entry
    found = contradiction.measured
    shapes = (
        f'<li><span class="pill measured">{words.measured_by(found)}</span>'
        f"<div>{for_html(words.shapes(found))}</div></li>"
        if found
        else ""
    )
    order = " The weaker claim comes first." if contradiction.claims else ""
    leads = f" One side leads to {parts.name(entry)}." if entry else ""
    return (
        f'<div class="conflict"><p><strong>{words.CONFLICT[contradiction.kind].capitalize()}'
        f"</strong> for {parts.page(contradiction.model)}.{leads}{order}</p>"
        f'<ul class="claims">{"".join(map(_claim, contradiction.claims))}{shapes}</ul></div>\n'
    )


def _via(found: Finding) -> str:
    if not found.hops:
        return "listed itself"
    if found.hops == 1:
        return f"{words.via(found)} {parts.ref(found.path[-1], 48)}"
    return f"{words.amount(found.hops, 'step')} from {parts.ref(found.path[-1], 48)}"


def _span(found: Finding) -> str:
    span = words.window(window(refs.platform(found.model)))
    return f' <small title="downloads {span}">{span}</small>' if span else ""


def _body(found: Finding, anchor: str) -> Iterator[str]:
    yield (
        f'<p class="decided"><strong>{words.VERDICT[found.verdict].capitalize()}.</strong> '
        f"Decided by: {parts.name(found.decided_by, 512)}</p>\n"
    )
    if found.waiver is not None:
        waiver = found.waiver
        yield (
            f'<p class="waiver"><strong>Waived</strong> until {for_html(waiver.until)} by '
            f"{parts.name(waiver.by)}: {parts.name(waiver.reason, 512)} "
            f"({waiver.decision.words}, decided {for_html(waiver.on)}). "
            f"Rule: {parts.name(waiver.rule, 160)}</p>\n"
        )
    page = url(found)
    likes = "" if found.likes is None else f"{found.likes:,}"
    yield parts.facts(
        (
            ("Page", parts.out(page) if page else ""),
            ("Publisher", parts.name(found.author) if found.author else ""),
            ("Revision", f"<code>{for_html(found.revision, 40)}</code>" if found.revision else ""),
            ("Created", parts.when(found.created, "")),
            ("Likes", likes),
        )
    )
    yield lineage.figure(found, anchor)
    yield from _steps(found)
    if found.files:
        yield from parts.table(
            "Files that matched by their bytes",
            ("File", "sha256"),
            (
                (parts.name(path), f'<code class="digest">{for_html(digest, 64)}</code>')
                for path, digest in found.files
            ),
        )
    if found.conflicts:
        yield "<h4>What contradicts it</h4>\n"
        yield from map(conflict, found.conflicts)
    yield (
        f'<p class="identity">Finding <code>{parts.name(found.id, 160)}</code> · '
        f'<a href="#{anchor}">link to this finding</a></p>\n'
    )


def _steps(found: Finding) -> Iterator[str]:
    yield '<h4>Evidence, step by step</h4>\n<ol class="steps">'
    for at, claims in enumerate(words.by_hop(found)):
        if found.hops:
            child, parent = found.path[at], found.path[at + 1]
            says = words.said(max(claims, key=lambda c: c.grade)) if claims else "leads to"
            yield f"<li><p>{parts.page(child)} {says} {parts.page(parent)}</p>"
        else:
            yield f"<li><p>{parts.page(found.model)} is itself on the list.</p>"
        yield (
            f'<ul class="claims">{"".join(map(_claim, claims))}</ul></li>\n' if claims else "</li>"
        )
    yield "</ol>\n"


def _claim(claim: Claim) -> str:
    at = source(claim)
    where = parts.out(at) if link(at) else for_html(at or "local file", parts.NAME_WIDTH)
    component = f" · component {claim.component}" if claim.component else ""
    share = f" · share {claim.weight:.0%}" if claim.weight is not None else ""
    return (
        f"<li>{parts.pill(claim.grade)}<div><q>{parts.name(excerpt(claim), EXCERPT_LENGTH)}</q>"
        f'<p class="where">{claim.relation} → {parts.ref(claim.parent)}{component}{share}</p>'
        f'<p class="where">{where} · <code>{parts.name(locator(claim))}</code> · seen '
        f"{parts.when(claim.observed)} · {parts.name(claim.extractor, 40)}</p>"
        f"{weights.sample(claim.sample) if claim.sample else ''}</div></li>"
    )

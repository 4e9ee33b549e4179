"""What an entry says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from modelaudit.domain.entry import Documentation, Entry, EntryStatus
from modelaudit.domain.words import Component, Relation, Verdict
from modelaudit.report.layout import enumerated
from modelaudit.report.words import VERDICT

PART: Final = {
    Component.FULL: "the whole model",
    Component.UNET: "the UNet",
    Component.TRANSFORMER: "the transformer",
    Component.ADAPTER: "the adapter",
    Component.TEXT_ENCODER: "the text encoder",
    Component.VAE: "the VAE",
    Component.IMAGE_ENCODER: "the image encoder",
    Component.OTHER: "another part",
}

_REACHED: Final = {
    Relation.COPY: "copies",
    Relation.CONVERSION: "conversions",
    Relation.QUANTIZED: "quantized versions",
    Relation.PRUNED: "pruned versions",
    Relation.FINETUNE: "fine-tunes",
    Relation.MERGE: "merges that include it",
    Relation.DISTILLED: "distillations",
    Relation.ADAPTER: "adapters for it",
    Relation.TRAINED_ON: "what is trained on it",
    Relation.COMPONENT: "what holds only a part of it",
}

_KNOWN: Final = {
    Documentation.DOCUMENTED: "documented",
    Documentation.DECLARED: "declared, and not documented by its publisher",
    Documentation.PROBABLE: "probable, and not documented",
    Documentation.DISPUTED: "disputed",
    Documentation.UNVERIFIED: "not verified by anybody yet",
}

_LINK: Final = {Documentation.DISPUTED: " whether", Documentation.UNVERIFIED: " whether"}

_DOES: Final = {
    "trained-on": "was trained on",
    "derived-from": "was derived from",
    "contains": "contains",
    "is": "is",
}


def standing(entry: Entry) -> Iterator[str]:
    """What has to be known before all else, and nothing for an entry that is simply active."""
    if entry.status is EntryStatus.DRAFT:
        yield "DRAFT: nobody answers for it yet, and it never matches anything."
    elif entry.status is EntryStatus.DISPUTED:
        yield "DISPUTED: somebody contests it, so that it never leads to more than review."
    elif entry.status is EntryStatus.WITHDRAWN:
        why = entry.withdrawn
        when = f" on {why.date}" if why else ""
        reason = f" {' '.join(why.reason.split())}" if why else ""
        yield f"WITHDRAWN{when}: it never matches any more.{reason}"
    if entry.aliases:
        yield f"Also called {enumerated(entry.aliases)}."


def claim(entry: Entry, titles: Mapping[str, str]) -> str:
    """``Its publisher documents that it was trained on the data set laion/laion2B-en.``"""
    does = _DOES.get(entry.claim_relation, entry.claim_relation)
    of = enumerated(_thing(name, titles) for name in entry.claim_of)
    if not of and entry.claim_relation == "is":
        of = "what its title says"
    if _says_its_publisher(entry):
        what = f"that it {does} {of}" if of else f"what it {does}"
        return f"Its publisher documents {what}."
    known = _KNOWN[entry.documentation]
    if not of:
        return f"What it {does} is {known}."
    link = ", that" if "," in known else _LINK.get(entry.documentation, " that")
    return f"It is {known}{link} it {does} {of}."


def parts(entry: Entry) -> str:
    """Which bytes count."""
    tainted = enumerated(PART[part] for part in sorted(entry.tainted))
    more = "" if Component.FULL in entry.tainted else ", alone or within the whole model,"
    return f"Of its bytes only those of {tainted}{more} count. Those of other parts prove nothing."


def follows(entry: Entry, limit: tuple[Verdict, str]) -> Iterator[tuple[int, str]]:
    """The strongest verdict, and how far it reaches."""
    most, reason = limit
    if not entry.acts:
        yield 0, f"Nothing: the entry is {entry.status}."
        return
    if most is Verdict.NONE:
        yield 0, f"Nothing: {reason}."
        return
    held = "" if most is entry.policy else f" Its policy is {entry.policy}, but {reason}."
    yield 0, f"At most {most}: {VERDICT[most]}.{held}"
    if entry.kind == "signal":
        return
    is_data = entry.kind == "dataset"
    caps = {relation: min(most, entry.scope.caps.get(relation, Verdict.REVIEW))
            for relation in _REACHED}  # fmt: skip
    caps[Relation.COMPONENT] = min(caps[Relation.COMPONENT], Verdict.NOTE)
    itself = "what declares it as training data" if is_data else "what is listed itself"
    first = caps.pop(Relation.TRAINED_ON) if is_data else most
    for verdict in sorted(Verdict, reverse=True):
        reached = [_REACHED[relation] for relation, cap in caps.items() if cap is verdict]
        if verdict is first:
            reached.insert(0, itself)
        if reached:
            name = "no finding" if verdict is Verdict.NONE else str(verdict)
            yield 1, f"{name}: {', '.join(reached)}"
    if entry.scope.min_merge_weight:
        share = f"{entry.scope.min_merge_weight:.0%}"
        yield 1, f"note: merges in which its share is known to be below {share}"
    if entry.scope.max_hops is not None:
        yield 1, f"no finding: what is more than {_steps(entry.scope.max_hops)} of descent away"


def spared(entry: Entry) -> Iterator[tuple[int, str]]:
    """What an allow rule does."""
    if not entry.acts:
        yield 0, f"Nothing: the entry is {entry.status}."
        return
    until = f" until {entry.expires}" if entry.expires else ""
    named = entry.match.models or entry.match.rehosts
    if not named and not any(file.component.main for file in entry.match.files):
        text = "Models that hold these files are not reported for them"
        yield 0, f"{text}{until}. It says nothing about the rest of a model."
        return
    yield (
        0,
        (
            f"It is spared{until}: hints at it and parts that it shares are not reported, nor is "
            "what comes from it alone. Where it declares a listed model as its parent, or holds "
            "the bytes of one, that still counts, and the contradiction is shown."
        ),
    )


def dates(entry: Entry) -> str:
    """When it was listed, and when somebody looks at it again."""
    told = [
        f"{what} {day}"
        for what, day in (
            ("added", entry.added),
            ("last changed", entry.modified),
            ("to be reviewed by", entry.review_by),
            ("expires", entry.expires),
        )
        if day
    ]
    severity = f"severity {entry.severity}" if entry.severity else ""
    text = "; ".join([*told, *filter(None, [severity])])
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _says_its_publisher(entry: Entry) -> bool:
    own = any(c.kind == "primary" and "claim" in c.supports for c in entry.evidence)
    documented = entry.documentation is Documentation.DOCUMENTED
    return documented and own and entry.claim_relation != "is"


def _thing(name: str, titles: Mapping[str, str]) -> str:
    kind, colon, rest = name.partition(":")
    if kind == "dataset" and colon:
        return f"the data set {rest}"
    return f"{name} ({titles[name]})" if name in titles else name


def _steps(number: int) -> str:
    return f"{number} step" if number == 1 else f"{number} steps"

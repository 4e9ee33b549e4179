"""The beginnings of a list: one that lints clean, explains itself, and matches nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from modelaudit.check.drafting import REVIEW_AFTER
from modelaudit.check.writing import scalar

SCHEMA_FILE: Final = "blocklist.schema.json"
"""What editors complete a list by; it lies beside the list."""

KINDS: Final = ("block", "allow", "signals")
PURPOSES: Final = ("objection", "order", "policy", "research")


@dataclass(frozen=True, slots=True)
class _Purpose:
    """What the example of a list is about."""

    title: str
    about: tuple[str, ...]
    """Comment lines at the top."""
    relation: str
    of: str
    note: str
    url: str
    where: str
    summary: str


_ABOUT: Final = {
    "objection": _Purpose(
        "Models made from works against their author's objection",
        (
            "An author's objection: models that were trained on works, or derived from a model,",
            "against the author's will. The author's own statement is the evidence.",
        ),
        "trained-on",
        "",
        "On works whose author objects to it.",
        "https://example.org/statement",
        "the statement",
        "The author names the model and says that the works may not be used for it.",
    ),
    "order": _Purpose(
        "Models under an order",
        (
            "An order of a court or a regulator: models that it names. The order is the evidence;",
            "cite its number, and the passage that names the model.",
        ),
        "is",
        "",
        "Named by the order.",
        "https://example.org/order",
        "number of the order, and the passage that names the model",
        "The order names the model and says what is to be done about it.",
    ),
    "policy": _Purpose(
        "What we do not host",
        (
            "A platform's own rules: models that it does not host, whoever uploads them.",
            "The published rule is the evidence.",
        ),
        "is",
        "",
        "Falls under the house rule that the evidence cites.",
        "https://example.org/rules",
        "the rule's number",
        "The rule says what is not hosted here, and why.",
    ),
    "research": _Purpose(
        "Models under study",
        (
            "A study: models whose descendants are looked for, such as those trained on one set.",
            "What their publishers say is the evidence.",
        ),
        "trained-on",
        'of: ["dataset:example-owner/example-set"]\t# dataset:OWNER/NAME, or ids of other entries',
        "The card names the set.",
        "https://example.org/model-card",
        "Training Data",
        "The publisher's card names the set among the training data.",
    ),
}

_COLUMN: Final = 28
"""Of comments behind values."""

_TITLES: Final = {
    "allow": "Models that are known to be clean",
    "signals": "What hints at a concern",
}

_RULES: Final = {
    "block": """\
    policy: review\t# strongest verdict: take-down, review or note. A take-down needs
\t# confidence documented, primary evidence, added and review_by
""",
    "allow": """\
    policy: none\t# an allow list only spares
""",
    "signals": """\
    policy: note\t# a signal is for information
""",
}

_BLOCK: Final = """\
    kind: model\t# model, component, dataset or file
    claim:
      relation: {relation}\t# is, trained-on, derived-from or contains
{of}      confidence: unverified\t# then documented, declared (at most review) or probable
      tainted: [unet]\t# parts whose bytes count: full unet transformer adapter ...
      note: {note}
    match:\t# how it is recognised; each line is one more way
      models: ["hf:example-owner/example-model"]\t# hf:OWNER/NAME or civitai:MODEL[@VERSION]
      # rehosts: ["hf:example-mirror/example-model"]  # known copies
      # files: digests of its weight files; `blocklist add` writes them
    evidence:\t# where a reader finds the facts
      - url: {url}
        kind: primary\t# primary (who knows it at first hand), secondary, tertiary
        where: {where}
        summary: {summary}
        retrieved: "{today}"\t# the day it was read
        supports: [claim]\t# claim, models, files, datasets, status
"""

_ALLOW: Final = """\
    kind: model
    claim:
      relation: trained-on\t# what makes it clean: what it was really trained on
      confidence: unverified\t# then documented, declared or probable
      note: On a set of its own, which is documented.
    match:
      models: ["hf:example-owner/example-model"]\t# hf:OWNER/NAME or civitai:MODEL[@VERSION]
    evidence:\t# where a reader finds the facts
      - url: https://example.org/model-card
        kind: primary\t# primary (who knows it at first hand), secondary, tertiary
        where: Training Data
        summary: The publisher's card says what the model was trained on.
        retrieved: "{today}"\t# the day it was read
        supports: [claim]
    # expires: "{review_by}"   # the day from which the rule no longer holds
"""

_SIGNALS: Final = """\
    kind: signal
    claim:
      relation: is
      confidence: unverified\t# then documented, declared or probable
      note: What the platform marks so.
    match:
      flags: {{civitai: [poi]}}\t# the platform's own marks
      # hints: {{name_regex: ["example-[0-9]+"]}}  # names of models; a note at most
    evidence:\t# where a reader finds what the mark means
      - url: https://example.org/marks
        kind: primary\t# primary (who knows it at first hand), secondary, tertiary
        where: the mark's description
        summary: The platform says what it means by the mark.
        retrieved: "{today}"\t# the day it was read
        supports: [claim]
"""

_LIST: Final = """\
# yaml-language-server: $schema=./{schema}
{about}#
# modelaudit blocklist lint {file}   says what is wrong with it
# modelaudit blocklist add {file} MODEL   appends an entry
# modelaudit blocklist test {file}   tries it on the cases beside it
schema: modelaudit.blocklist/1
list:
  id: {id}
  kind: {kind}
  title: {title}
  version: "{version}"\t# the day of the last change; -1, -2 ... for more on one day
  updated: "{today}"
  maintainer: {maintainer}\t# who answers for this list
  license: {license}
{private}  defaults:\t# for entries that do not say it themselves
{rules}    review_by: "{review_by}"\t# the day by which a person looks at the entries again

entries:
  # An example to fill in, or to delete once there is another entry. A draft never matches; when
  # all is true and cited, set status: active. An entry that was active is never deleted: it becomes
  # status: withdrawn, with withdrawn: {{date: ..., reason: ...}}.
  - id: {example}
    title: Example\t# what people call it
    status: draft\t# draft, active, disputed (at most review) or withdrawn
{entry}    added: "{today}"
"""

_CASES: Final = """\
# Models to try the list on, and what it should say of each: modelaudit blocklist test {file}
# Nobody is asked: a case describes a model, real or invented.
schema = "modelaudit.cases/1"

[[case]]
name = "a model of no kin"
model = "hf:example-owner/of-no-kin"
base = ["example-owner/another-base"]
expect = "none"                          # take-down, review, note or none
{more}"""

_MORE: Final = """
# When the example is an entry of yours, and active:
# [[case]]
# name = "a fine-tune that names it"
# model = "hf:example-owner/a-fine-tune"
# base = ["example-owner/example-model"]
# relation = "finetune"
# expect = "review"
# entry = "{id}/example"
"""


def list_text(
    *,
    file: str,
    id: str,
    kind: str,
    purpose: str,
    title: str | None,
    maintainer: str | None,
    private: bool,
    today: date,
) -> str:
    """A list with one draft in it, each field explained; ``file`` is what it is called."""
    what = _ABOUT[purpose]
    days = {"today": today.isoformat(), "review_by": (today + REVIEW_AFTER).isoformat()}
    entry = {"block": _BLOCK, "allow": _ALLOW, "signals": _SIGNALS}[kind].format(
        relation=what.relation,
        of=f"      {what.of}\n" if what.of else "",
        note=what.note,
        url=what.url,
        where=scalar(what.where),
        summary=scalar(what.summary),
        **days,
    )
    usual = what.title if kind == "block" else _TITLES[kind]
    about = what.about if kind == "block" else (f"{usual}.",)
    text = _LIST.format(
        schema=SCHEMA_FILE,
        about="".join(f"# {line}\n" for line in about),
        file=scalar(file),
        id=scalar(id),
        example=scalar(f"{id}/example"),
        kind=kind,
        title=scalar(title or usual),
        version=today.strftime("%Y.%m.%d"),
        maintainer=scalar(maintainer or "not named yet"),
        license="not to be passed on" if private else "CC0-1.0",
        private="  private: true\t# reports show the entries' ids only\n" * private,
        rules=_RULES[kind],
        entry=entry,
        **days,
    )
    return "".join(map(_aligned, text.splitlines(keepends=True)))


def cases_text(*, file: str, id: str, kind: str) -> str:
    """Cases beside the list that pass as it stands."""
    return _CASES.format(file=scalar(file), more=_MORE.format(id=id) if kind == "block" else "")


def _aligned(line: str) -> str:
    """A line with its comment, which stands behind a tab, in one column with the others."""
    value, tab, comment = line.partition("\t")
    return f"{value:<{_COLUMN}}  {comment}" if tab else line

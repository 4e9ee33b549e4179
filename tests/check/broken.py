"""One sound list, and the mistakes that one edit of it makes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

DIGEST = hashlib.sha256(b"some weights").hexdigest()
DATA = hashlib.sha256(b"their data").hexdigest()
EMPTY = hashlib.sha256(b"").hexdigest()
ZEROS = hashlib.sha256(bytes(65536)).hexdigest()

SOUND = f"""\
schema: modelaudit.blocklist/1
list:
  id: mine
  kind: block
  title: A list
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
  defaults: {{review_by: "2027-05-22", scope: {{finetune: take-down, component: note}}}}
entries:
  - id: mine/base
    title: The base
    status: active
    kind: model
    policy: take-down
    claim:
      relation: trained-on
      of: ["dataset:org/data"]
      confidence: documented
      tainted: [unet]
    match:
      models: ["hf:org/base"]
      rehosts: ["hf:other/base", "civitai:62437@66991"]
      labels: {{civitai: ["SD 1.5"]}}
      files:
        - sha256: "{DIGEST}"
          component: unet
          size: 3438167540
          autov1: "81761151"
          data_sha256: "{DATA}"
          autov3: "{DATA[:12]}"
          sources: 2
          confidence: confirmed
      hints: {{name_regex: ["(?i)base[-_ ]?v1"]}}
    exceptions:
      - match: {{models: ["hf:org/spared"]}}
        reason: It was trained again from scratch.
        expires: "2027-11-22"
        evidence:
          - url: https://example.org/spared
            kind: primary
            where: Training
            summary: The card says that it began from nothing.
            retrieved: "2026-11-22"
            supports: [exception]
    evidence:
      - url: https://example.org/card
        kind: primary
        where: Training Data
        summary: The card names the set.
        published: "2022-10-20"
        retrieved: "2026-11-22"
        supports: [claim, models]
      - url: https://example.org/digests
        kind: secondary
        where: a table
        summary: Gives the digest of the file.
        retrieved: "2026-11-22"
        supports: [files]
    added: "2026-11-20"
    modified: "2026-11-22"
    review_by: "2027-05-22"
  - id: mine/sets
    title: What names the set
    status: active
    kind: dataset
    policy: review
    claim: {{relation: is, confidence: declared}}
    match:
      datasets:
        - org/data
        - {{id: org/renamed, published_before: "2024-08-30"}}
    evidence:
      - url: https://example.org/data
        kind: primary
        where: the page
        summary: Says what the set is.
        retrieved: "2026-11-22"
        supports: [claim, datasets]
    added: "2026-11-22"
"""

ALLOW = f"""\
schema: modelaudit.blocklist/1
list:
  id: clean
  kind: allow
  title: What is clean
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
entries:
  - id: clean/canvas
    title: Canvas
    status: active
    kind: model
    policy: none
    claim: {{relation: trained-on, confidence: documented}}
    match:
      models: ["hf:org/canvas"]
      files: [{{sha256: "{hashlib.sha256(b"canvas").hexdigest()}", component: full}}]
    evidence:
      - url: https://example.org/canvas
        kind: primary
        where: Training Data
        summary: The card names another set.
        retrieved: "2026-11-22"
        supports: [claim, files]
    added: "2026-11-22"
    review_by: "2027-05-22"
"""

SIGNALS = """\
schema: modelaudit.blocklist/1
list:
  id: hints
  kind: signals
  title: What to look at
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
  defaults: {policy: note, review_by: "2027-05-22"}
entries:
  - id: hints/marked
    title: Marked by the platform
    status: active
    kind: signal
    claim: {relation: is, confidence: documented}
    match:
      flags: {civitai: [poi]}
    evidence:
      - url: https://example.org/marks
        kind: secondary
        where: a table
        summary: Says what the mark means.
        retrieved: "2026-11-22"
        supports: [claim]
    added: "2026-11-22"
  - id: hints/word
    title: A word in a name
    status: draft
    kind: signal
    claim: {relation: is, confidence: unverified}
    match:
      hints: {name_regex: ["(?i)likeness"], name_unless: ["(?i)detector"]}
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One edit, and the one message that it should bring."""

    old: str
    new: str
    at: str
    """What the line begins with, from its first word, that the message should name; after edits."""
    level: Literal["error", "warning"]
    says: str
    fix: str = ""
    """Words of the remedy; empty where the message needs none."""
    of: str = SOUND

    @property
    def text(self) -> str:
        """The broken list."""
        assert self.of.count(self.old) >= 1, self.old
        return self.of.replace(self.old, self.new, 1)

    @property
    def line(self) -> int:
        """Where the mistake stands."""
        lines = [line.strip().removeprefix("- ") for line in self.text.splitlines()]
        found = [number for number, line in enumerate(lines, 1) if line.startswith(self.at)]
        assert found, self.at
        return found[0]


def block(start: str, end: str, text: str = SOUND) -> str:
    """What stands between two texts, the second left out."""
    return text[text.index(start) : text.index(end, text.index(start))]


CLAIM = block("    claim:\n", "    match:")
EXCEPTIONS = block("    exceptions:", "    evidence:\n      - url: https://example.org/card")
ONLY_HINTS = block("      models:", "      hints:")
FILES = block("      files:", "      hints:")
SPARED_EVIDENCE = block(
    "        evidence:\n          - url: https://example.org/spared", "    evidence:\n      - url"
)
ENTRY_EVIDENCE = block("    evidence:\n      - url: https://example.org/card", "    added")
WITHDRAWN = '    withdrawn: {date: "2026-11-21", reason: It was wrong all along.}\n'
FILE_AGAIN = f'        - {{sha256: "{DIGEST}", component: unet}}\n'

FORM = {
    "a key is misspelled": Mistake(
        "title: A list", "titel: A list", "titel", "error", "did you mean title?"
    ),
    "a key of a mapping is misspelled": Mistake(
        "      tainted: [unet]", "      tained: [unet]", "tained", "error", "did you mean tainted?"
    ),
    "a key that nobody knows": Mistake(
        "title: A list", "title: A list\n  colour: red", "colour", "error", "unknown key 'colour'"
    ),
    "a key is missing": Mistake(
        "  license: CC0-1.0\n", "", "id: mine", "error", "lacks 'license'", "add license"
    ),
    "a key is given twice": Mistake(
        "    status: active\n", "    status: active\n    status: draft\n", "status: draft", "error",
        "given twice", "keep one",
    ),
    "another schema": Mistake(
        "blocklist/1", "blocklist/2", "schema", "error", "must be modelaudit.blocklist/1", "write"
    ),
    "a status that does not exist": Mistake(
        "status: active", "status: actve", "status: actve", "error", "must be one of", "active"
    ),
    "a verdict that does not exist": Mistake(
        "policy: take-down", "policy: takedown", "policy: takedown", "error", "one of", "take-down"
    ),
    "a component that does not exist": Mistake(
        "tainted: [unet]", "tainted: [u-net]", "tainted", "error", "must be one of", "write unet"
    ),
    "a confidence that does not exist": Mistake(
        "confidence: documented", "confidence: documentd", "confidence", "error", "one of",
        "write documented",
    ),
    "a digest in capitals": Mistake(
        DIGEST, DIGEST.upper(), "sha256", "error", "64 lower-case", "lower case"
    ),
    "a digest that is not whole": Mistake(
        DIGEST, DIGEST[:-1], "sha256", "error", "64 lower-case", "it has 63 characters"
    ),
    "a short hash that is not whole": Mistake(
        "81761151", "8176115", "autov1", "error", "8 lower-case", "it has 7 characters"
    ),
    "a version of another form": Mistake(
        '"2026.11.22"', '"1.0"', "version", "error", "YYYY.MM.DD"
    ),
    "a version written as a day": Mistake(
        '"2026.11.22"', '"2026-11-22"', "version", "error", "YYYY.MM.DD", '"2026.11.22"'
    ),
    "a day of another form": Mistake(
        'added: "2026-11-20"', 'added: "2026/11/20"', "added", "error", "YYYY-MM-DD", '"2026-11-20"'
    ),
    "a day that does not exist": Mistake(
        'added: "2026-11-20"', 'added: "2026-11-31"', "added", "error", "day"
    ),
    "a model without its platform": Mistake(
        '"hf:org/base"', '"org/base"', "models", "error", "not a model reference", '"hf:org/base"'
    ),
    "a model by its page": Mistake(
        '"hf:org/base"', '"https://huggingface.co/org/base"', "models", "error",
        "not a model reference", '"hf:org/base"',
    ),
    "a Civitai version without its model": Mistake(
        '"civitai:62437@66991"', '"civitai:@66991"', "rehosts", "error", "not a Civitai id"
    ),
    "a data set that cannot be one": Mistake(
        "- org/data", "- the whole web", "the whole web", "error", "not a repository id"
    ),
    "an address that is none": Mistake(
        "https://example.org/card", "example.org/card", "url: example.org/card", "error", "http(s)"
    ),
    "a size that is no number": Mistake(
        "size: 3438167540", "size: 3.4 GB", "size", "error", "type integer", "digits only"
    ),
    "a list where a text belongs": Mistake(
        "title: A list", "title: [A list]", "title", "error", "type string"
    ),
    "nothing where something belongs": Mistake(
        "tainted: [unet]", "tainted: []", "tainted", "error", "is empty"
    ),
    "an expression that does not parse": Mistake(
        "(?i)base[-_ ]?v1", "(?i)base[", "hints", "error", "unterminated"
    ),
    "a platform that cannot be one": Mistake(
        "labels: {civitai:", 'labels: {"Civit AI":', "labels", "error",
        "not the name of a platform",
        "write civitai",
    ),
    "one model twice": Mistake(
        '["hf:org/base"]', '["hf:org/base", "hf:org/base"]', "models", "error", "one value twice"
    ),
    "two entries with one id": Mistake(
        "id: mine/sets", 'id: "mine/base"', 'id: "mine/base"', "error", "the same id", "another"
    ),
    "a take-down without the day it was listed": Mistake(
        '    added: "2026-11-20"\n', "", "id: mine/base", "error", "lacks 'added'", "YYYY-MM-DD"
    ),
    "a take-down on a claim that is only probable": Mistake(
        "confidence: documented", "confidence: probable", "confidence", "error",
        "needs a documented claim", "policy: review",
    ),
    "a take-down on what others say": Mistake(
        "kind: primary\n        where: Training Data",
        "kind: secondary\n        where: Training Data",
        "url: https://example.org/card", "error", "primary evidence", "the publisher's own",
    ),
    "a take-down by default": Mistake(
        "policy: review\n    claim: {relation: is, confidence: declared}",
        "claim: {relation: is, confidence: declared}", "claim: {", "error",
        "inherited from list.defaults", "policy: review",
        of=SOUND.replace("defaults: {", "defaults: {policy: take-down, ").replace(
            "added: \"2026-11-22\"\n", "added: \"2026-11-22\"\n    review_by: \"2027-05-22\"\n"),
    ),
    "an unverified claim that acts": Mistake(
        "{relation: is, confidence: declared}", "{relation: is, confidence: unverified}",
        "claim: {", "error", "is for drafts", "status: draft",
    ),
    "an entry that acts without evidence": Mistake(
        ENTRY_EVIDENCE, "", "id: mine/base", "error", "lacks 'evidence'", "cite"
    ),
    "withdrawn, and nobody says why": Mistake(
        "status: active\n    kind: dataset", "status: withdrawn\n    kind: dataset",
        "id: mine/sets",
        "error", "lacks 'withdrawn'", "reason",
    ),
    "an exception without an end": Mistake(
        '        expires: "2027-11-22"\n', "", "match: {models: [\"hf:org/spared\"]}", "error",
        "lacks 'expires'", "no longer holds",
    ),
    "an exception without evidence": Mistake(
        SPARED_EVIDENCE,
        "", "match: {models", "error", "lacks 'evidence'", "cite",
    ),
    "a signal that asks for more than a look": Mistake(
        "    kind: signal\n", "    kind: signal\n    policy: take-down\n", "policy: take-down",
        "error", "a note at most", "policy: note", of=SIGNALS,
    ),
    "signals that all ask for more": Mistake(
        "{policy: note", "{policy: review", "defaults", "error", "a note at most", "policy: note",
        of=SIGNALS,
    ),
}  # fmt: skip
"""What the schema refuses: such a list cannot be used."""

SENSE = {
    "a digest without quotes": Mistake(
        '"81761151"', "81761151", "autov1", "warning", "has no quotes", 'write "81761151"'
    ),
    "a hash that reads as a power": Mistake(
        '"81761151"', '925997e9', "autov1", "warning", "has no quotes", 'write "925997e9"'
    ),
    "a day without quotes": Mistake(
        'updated: "2026-11-22"', "updated: 2026-11-22", "updated", "warning", "has no quotes",
        'write "2026-11-22"',
    ),
    "a title that reads as no": Mistake(
        "title: A list", "title: no", "title", "warning", "has no quotes", 'write "no"'
    ),
    "a list of the future": Mistake(
        'updated: "2026-11-22"', 'updated: "2027-11-22"', "updated", "warning", "in the future",
        "last change",
    ),
    "a version of another day": Mistake(
        "2026.11.22", "2026.11.23", "version", "warning", "not of the day", "one day"
    ),
    "an entry that is newer than its list": Mistake(
        'modified: "2026-11-22"', 'modified: "2026-11-23"', "modified", "warning",
        "after the list was last updated", "version and updated",
    ),
    "a list that replaces itself": Mistake(
        "title: A list", "title: A list\n  supersedes: [mine]", "supersedes", "error",
        "does not supersede itself", "older list",
    ),
    "a disputed entry that takes down": Mistake(
        "status: active", "status: disputed", "status: disputed", "error", "only an active entry",
        "policy: review",
    ),
    "a take-down on names alone": Mistake(
        '      models: ["hf:org/base"]\n', "", "hints", "error", "cannot rest on hints",
        "policy: note",
        of=SOUND.replace(ONLY_HINTS, '      models: ["hf:org/base"]\n').replace(
            "[files]", "[status]"
        ),
    ),
    "an entry that can do nothing": Mistake(
        "policy: review", "policy: none", "policy: none", "warning", "never gives a finding",
        "allow list"
    ),
    "no part is tainted": Mistake(
        "      tainted: [unet]\n", "", "relation: trained-on", "error", "no tainted component",
        "tainted: [unet]", of=SOUND.replace(FILES, "").replace("[files]", "[status]"),
    ),
    "only a part is tainted that proves nothing": Mistake(
        "tainted: [unet]", "tainted: [vae]", "tainted", "warning", "never stands for a whole model",
        "kind: component", of=SOUND.replace("component: unet", "component: full"),
    ),
    "a claim that names itself": Mistake(
        '"dataset:org/data"', "mine/base", "of:", "error", "the entry itself", "comes from"
    ),
    "a claim of a data set that cannot be one": Mistake(
        '"dataset:org/data"', '"dataset:the web"', "of:", "error", "not a data set", "owner/name"
    ),
    "a claim of an entry that is not there": Mistake(
        '"dataset:org/data"', "mine/set", "of:", "warning", "no entry mine/set", "mine/sets"
    ),
    "derived, and not from what": Mistake(
        'relation: trained-on\n      of: ["dataset:org/data"]', "relation: derived-from",
        "relation",
        "warning", "does not say from what", "add of",
    ),
    "a reach of no step": Mistake(
        "scope: {finetune", "scope: {max_hops: 0, finetune", "id: mine/base", "warning",
        "max_hops 0 reaches only", "remove",
        of=SOUND[: SOUND.index("  - id: mine/sets")],
    ),
    "a component that would take down": Mistake(
        "component: note}", "component: take-down}", "id: mine/base", "warning",
        "never goes above note", "component: note",
        of=SOUND[: SOUND.index("  - id: mine/sets")],
    ),
    "an active entry that says why it was withdrawn": Mistake(
        '    added: "2026-11-20"\n', f'    added: "2026-11-20"\n{WITHDRAWN}', "withdrawn", "error",
        "status is active", "status: withdrawn",
    ),
    "a file entry without a file": Mistake(
        "kind: dataset", "kind: file", "kind: file", "warning", "names no files", "correct kind"
    ),
    "one model in two spellings": Mistake(
        '["hf:org/base"]', '["hf:org/base", "hf:Org/Base"]', "models", "warning",
        "already among its models as hf:org/base", "keep one",
    ),
    "a re-host that is the original": Mistake(
        '"hf:other/base"', '"hf:org/base"', "rehosts", "warning", "already among its models",
        "keep one",
    ),
    "a model without its owner": Mistake(
        '"hf:org/base"', '"hf:foundation"', "models", "warning", "has no owner", "hf:owner/name"
    ),
    "a data set among the models": Mistake(
        '"hf:org/base"]', '"hf:org/base", "dataset:org/set"]', "models", "warning", "is a data set",
        "match.datasets",
    ),
    "a label that Civitai does not have": Mistake(
        '"SD 1.5"', '"SD1.5"', "labels", "warning", "no label 'SD1.5'", '"SD 1.5"'
    ),
    "a label that says nothing": Mistake(
        '"SD 1.5"', '"Other"', "labels", "warning", "says nothing", "remove"
    ),
    "labels of a platform that has none": Mistake(
        "labels: {civitai:", "labels: {hf:", "labels", "warning", "no labels of hf are read",
        "remove"
    ),
    "a label under two entries": Mistake(
        "      datasets:", '      labels:\n        civitai: ["SD 1.5"]\n      datasets:',
        "civitai", "warning",
        "also under mine/base", "where it belongs",
    ),
    "a flag that Civitai does not set": Mistake(
        '      files:', '      flags: {civitai: [POI]}\n      files:', "flags", "warning",
        "no flag 'POI'", "poi",
    ),
    "a data set with a date and without": Mistake(
        "- org/data", "- org/renamed", "{id: org/renamed", "error", "both with a date and without",
        "published_before",
    ),
    "a data set twice": Mistake(
        "- org/data", "- org/data\n        - Org/Data", "Org/Data", "warning", "listed twice",
        "keep one"
    ),
    "a data set without its owner": Mistake(
        "- org/data", "- laion2B-en", "laion2B-en", "warning", "has no owner", "owner/name"
    ),
    "a digest of a part that is not tainted": Mistake(
        "component: unet", "component: vae", "component: vae", "error",
        "component vae is not tainted",
        "claim.tainted",
    ),
    "a digest of no stated part": Mistake(
        "          component: unet\n", "", "sha256", "error", "component other is not tainted",
        "component",
    ),
    "a candidate that acts": Mistake(
        "confidence: confirmed", "confidence: candidate", "confidence: candidate", "error",
        "a candidate digest", "confirm it",
    ),
    "the digest of an empty file": Mistake(
        DIGEST, EMPTY, "sha256", "error", "empty or zeroed", "remove"
    ),
    "the digest of a zeroed file": Mistake(
        "81761151", ZEROS[:8], "autov1", "error", "empty or zeroed", "remove"
    ),
    "a digest to be filled in": Mistake(
        DIGEST, "0" * 64, "sha256", "error", "filled in, not computed", "compute it"
    ),
    "confirmed by one source": Mistake(
        "sources: 2", "sources: 1", "confidence: confirmed", "error", "one source gives it",
        "single-source",
    ),
    "single-source by two": Mistake(
        "confidence: confirmed", "confidence: single-source", "confidence: single-source", "error",
        "2 sources give it", "confirmed",
    ),
    "two digests of one file that do not fit": Mistake(
        f'autov3: "{DATA[:12]}"', f'autov3: "{DIGEST[:12]}"', "autov3", "error",
        "not the beginning of data_sha256", DATA[:12],
    ),
    "one digest of two parts": Mistake(
        "      hints:", FILE_AGAIN.replace("unet", "full") + "      hints:", "{sha256", "error",
        "is component unet further up", "one digest is one file",
    ),
    "one digest of two sizes": Mistake(
        "      hints:", FILE_AGAIN.replace("unet", "unet, size: 7") + "      hints:", "{sha256",
        "error",
        "has size 3438167540 further up", "one digest is one file",
    ),
    "a digest twice": Mistake(
        "      hints:", FILE_AGAIN + "      hints:", "{sha256", "warning", "listed twice",
        "keep one"
    ),
    "a sketch that is not there": Mistake(
        "      files:", "      sketches: [{ref: base.sketch, component: unet}]\n      files:",
        "sketches", "error", "no file base.sketch", "modelaudit sketch",
    ),
    "a pattern that fits all": Mistake(
        "(?i)base[-_ ]?v1", "(?i)(base)?", "hints", "error", "fits every name", "name what"
    ),
    "a pattern that fits nearly all": Mistake(
        "(?i)base[-_ ]?v1", "[a-z]", "hints", "error", "fits nearly every name", "name what"
    ),
    "a pattern that takes for ever": Mistake(
        "(?i)base[-_ ]?v1", "(?i)base-(v+)+$", "hints", "error", "take for ever", "(a+)+"
    ),
    "evidence that nobody finds": Mistake(
        "        where: a table\n        summary: Gives the digest of the file.\n", "",
        "url: https://example.org/digests", "warning", "without where and summary", "own words",
    ),
    "an address without encryption": Mistake(
        "https://example.org/card", "http://example.org/card", "url: http://", "warning",
        "without encryption", "https://",
    ),
    "a source read tomorrow": Mistake(
        'retrieved: "2026-11-22"\n        supports: [files]',
        'retrieved: "2026-12-22"\n        supports: [files]', 'retrieved: "2026-12-22"', "warning",
        "in the future", "the day it was read",
    ),
    "a source read before it was there": Mistake(
        'published: "2022-10-20"', 'published: "2026-11-23"', "published", "error",
        "after it was read",
        "one of the days",
    ),
    "nothing supports the claim": Mistake(
        "supports: [claim, datasets]", "supports: [datasets]",
        "url: https://example.org/data", "error", "no evidence supports the claim", "status: draft",
    ),
    "nothing supports the files": Mistake(
        "supports: [files]", "supports: [models]", "sha256", "warning", "supports the files",
        "supports: [files]",
    ),
    "evidence for files that are not listed": Mistake(
        "supports: [claim, datasets]", "supports: [claim, datasets, files]",
        "supports: [claim, datasets, files]", "warning", "the entry has none", "remove files",
    ),
    "changed before it was added": Mistake(
        'modified: "2026-11-22"', 'modified: "2026-11-19"', "modified", "error",
        "before it was added",
        "one of the days",
    ),
    "added tomorrow": Mistake(
        'added: "2026-11-22"', 'added: "2026-11-24"', 'added: "2026-11-24"', "warning",
        "in the future", "the day it was done",
    ),
    "an overdue review": Mistake(
        'review_by: "2027-05-22"\n  -', 'review_by: "2026-11-21"\n  -', 'review_by: "2026-11-21"',
        "warning", "was to be reviewed by 2026-11-21", "set a new day",
    ),
    "a review before it was added": Mistake(
        'review_by: "2027-05-22"\n  -', 'review_by: "2025-05-22"\n  -', 'review_by: "2025-05-22"',
        "error", "before it was added", "in the future",
    ),
    "withdrawn before it was added": Mistake(
        "status: active\n    kind: dataset",
        f"status: withdrawn\n{WITHDRAWN}    kind: dataset", "withdrawn: {", "error",
        "before it was added", "one of the days",
    ),
    "a block entry that is to expire": Mistake(
        '    modified: "2026-11-22"\n', '    expires: "2027-11-22"\n',
        'expires: "2027-11-22"\n'.strip(), "error", "is for allow lists", "status: withdrawn",
        of=SOUND.replace(EXCEPTIONS, ""),
    ),
    "an exception that has ended": Mistake(
        'expires: "2027-11-22"', 'expires: "2026-11-22"', "expires", "warning", "expired on",
        "decide again",
    ),
    "an exception for ever": Mistake(
        'expires: "2027-11-22"', 'expires: "2036-11-22"', "expires", "warning", "more than 2 years",
        "2028-11-23",
    ),
    "an exception that nothing can match": Mistake(
        '{models: ["hf:org/spared"]}', "{flags: {civitai: [poi]}}", "match: {flags", "error",
        "spares nothing", "name the models",
    ),
    "an exception that changes nothing": Mistake(
        "reason: It was", "effect: review\n        reason: It was", "effect", "warning",
        "changes nothing", "milder",
        of=SOUND.replace("policy: take-down", "policy: review"),
    ),
    "a signal that claims a lineage": Mistake(
        "relation: is", "relation: derived-from", "claim: {", "error", "nothing about lineage",
        "relation: is", of=SIGNALS,
    ),
    "a model among signals": Mistake(
        "kind: signal\n    claim", "kind: model\n    claim", "kind: model", "error",
        "nothing about lineage", "kind: signal", of=SIGNALS,
    ),
    "an exception to names that takes for ever": Mistake(
        "(?i)detector", "(a+)+$", "hints", "error", "take for ever", "(a+)+", of=SIGNALS,
    ),
    "an allow entry that takes down": Mistake(
        "policy: none", "policy: review", "policy: review", "error", "on an allow list",
        "policy: none", of=ALLOW,
    ),
    "an allow entry without an end": Mistake(
        '    review_by: "2027-05-22"\n', "", "id: clean/canvas", "warning", "look at again",
        "expires", of=ALLOW,
    ),
    "an allow entry that has ended": Mistake(
        'review_by: "2027-05-22"', 'expires: "2026-11-22"', "expires", "error",
        "expires on 2026-11-22", "days", of=ALLOW,
    ),
    "an allow entry that has expired": Mistake(
        'added: "2026-11-22"\n    review_by: "2027-05-22"',
        'added: "2026-01-22"\n    expires: "2026-11-22"', "expires", "warning",
        "allows nothing any more",
        "decide again", of=ALLOW,
    ),
}  # fmt: skip
"""What the schema cannot see."""

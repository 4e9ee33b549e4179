"""A small list as text, for tests that compare versions of it."""

from __future__ import annotations

LIST = """\
schema: modelaudit.blocklist/1
list:
  id: mine
  title: A list
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
  defaults: {review_by: "2099-05-22"}
entries:
  - id: mine/base
    title: The base
    status: active
    kind: model
    policy: take-down
    claim: {relation: trained-on, of: ["dataset:org/data"], confidence: documented, tainted: [unet]}
    scope: {copy: take-down, finetune: take-down, adapter: review, component: note}
    match:
      models: ["hf:org/base"]
      labels: {civitai: ["SD 1.5"]}
      files: [{sha256: "DIGEST", component: full}]
    evidence:
      - url: https://example.org/card
        kind: primary
        where: Training Data
        summary: The card names the withdrawn set.
        retrieved: "2026-11-22"
        supports: [claim]
    added: "2026-11-22"
    review_by: "2099-05-22"
  - id: mine/data
    title: The set
    status: active
    kind: dataset
    policy: review
    claim: {relation: is, confidence: documented}
    match: {datasets: ["org/data"]}
    evidence:
      - url: https://example.org/set
        kind: primary
        where: top
        summary: It is the set.
        retrieved: "2026-11-22"
        supports: [claim]
""".replace("DIGEST", "ab" * 32)


def but(*changes: tuple[str, str], version: str = "2026.12.01") -> str:
    """The list with some of its text replaced, once each, and a new version."""
    text = LIST.replace('version: "2026.11.22"', f'version: "{version}"')
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def excepted(match: str) -> tuple[str, str]:
    """The change that brings an exception of the first entry, a note until 2098."""
    return (
        "    evidence:\n",
        f"""\
    exceptions:
      - match: {match}
        reason: it is another model
        effect: note
        expires: "2098-01-01"
        evidence:
          - url: https://example.org/x
            kind: primary
            where: top
            summary: It is another model.
            retrieved: "2026-11-22"
            supports: [exception]
    evidence:
""",
    )

"""Trying a list on its cases: the same judgement as an audit's, one model at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelaudit.check import blocklist, cases
from modelaudit.crawl.registry import open_platforms
from modelaudit.domain.cases import Outcome
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.errors import BlocklistError
from modelaudit.steps.trying import judges, try_cases, unknown_entries
from tests.check.listtext import LIST, but

BASE = blocklist.load_text(LIST)
SHA = "ab" * 32

ALLOW = blocklist.load_text("""\
schema: modelaudit.blocklist/1
list:
  id: fine
  kind: allow
  title: What is fine
  version: "2026.11.22"
  updated: "2026-11-22"
  maintainer: somebody
  license: CC0-1.0
entries:
  - id: fine/clean
    title: Clean
    status: active
    kind: model
    policy: none
    claim: {relation: trained-on, confidence: documented}
    match: {models: ["hf:org/clean"]}
    evidence:
      - url: https://example.org/clean
        kind: primary
        where: top
        summary: It was trained on licensed pictures.
        retrieved: "2026-11-22"
        supports: [claim]
""")


def tried(
    text: str, tested: Blocklist = BASE, *beside: Blocklist, path: str = "x.cases.toml"
) -> list[Outcome]:
    told = cases.parse(f'schema = "modelaudit.cases/1"\n{text}'.encode(), path)
    platforms = open_platforms(offline=True, wait=lambda why, seconds: None)
    try:
        return list(try_cases(told, tested, beside, platforms))
    finally:
        platforms.close()


def outcome(fields: str, tested: Blocklist = BASE, *beside: Blocklist) -> Outcome:
    (found,) = tried(f'[[case]]\nname = "one"\n{fields}\n', tested, *beside)
    return found


def verdict(fields: str) -> tuple[str, str]:
    """What the list says: verdict and entry of the strongest finding."""
    found = outcome(f'{fields}\nexpect = "none"').findings
    return (found[0].verdict.word, found[0].entry) if found else ("none", "")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('model = "hf:org/base"', ("take-down", "mine/base")),
        ('model = "hf:x/y"\nbase = "org/base"\nrelation = "finetune"', ("take-down", "mine/base")),
        ('model = "hf:x/y"\nbase = "org/base"\nrelation = "adapter"', ("review", "mine/base")),
        ('model = "hf:x/y"\nbase = ["org/base", "other/one"]\nrelation = "merge"',
         ("review", "mine/base")),
        ('model = "hf:x/y"\nbase = "org/other"', ("none", "")),
        ('model = "hf:x/y"\ndatasets = ["org/data"]', ("review", "mine/data")),
        (f'model = "hf:x/y"\nfiles = [{{path = "m.safetensors", sha256 = "{SHA}"}}]',
         ("take-down", "mine/base")),
        (f'model = "hf:x/y"\nfiles = [{{path = "vae/m.safetensors", sha256 = "{SHA}"}}]',
         ("note", "mine/base")),
        ('model = "civitai:1@2"\nlabel = "SD 1.5"\ncreated = 2023-05-01',
         ("take-down", "mine/base")),
        ('model = "civitai:1@2"\nlabel = "SD 1.5"\ncreated = 2022-05-01', ("note", "mine/base")),
        ('model = "civitai:1@2"\nlabel = "SD 1.5"\ntype = "LORA"\ncreated = 2023-05-01',
         ("review", "mine/base")),
        ('model = "civitai:1@2"\nlabel = "SD 1.5"\nrelation = "merge"\ncreated = 2023-05-01',
         ("review", "mine/base")),
        ('model = "civitai:1@2"\nlabel = "SDXL 1.0"\ncreated = 2023-05-01', ("none", "")),
        (f'model = "civitai:1@2"\nfiles = [{{path = "m.ckpt", sha256 = "{SHA}", size = 2048}}]',
         ("take-down", "mine/base")),
        (f'model = "civitai:1@2"\nfiles = [{{path = "m", sha256 = "{SHA}", type = "VAE"}}]',
         ("note", "mine/base")),
        ('model = "hf:x/y"\nbase = "org/base"\nrelation = "finetune"\nstandard = "recorded"',
         ("review", "mine/base")),
        ('model = "hf:x/y"\nrecord = {id = "x/y", cardData = {base_model = "org/base"}}',
         ("take-down", "mine/base")),
    ],
)  # fmt: skip
def test_a_case_is_judged_as_an_audit_judges(fields: str, expected: tuple[str, str]) -> None:
    assert verdict(fields) == expected


@pytest.mark.parametrize(
    ("expect", "entry", "good"),
    [
        ("take-down", None, True),
        ("take-down", "mine/base", True),
        ("take-down", "mine/data", False),
        ("review", None, False),
        ("review", "mine/data", False),
        ("none", None, False),
        ("none", "mine/data", True),
        ("none", "mine/base", False),
    ],
)
def test_the_strongest_finding_must_be_the_one_expected(
    expect: str, entry: str | None, good: bool
) -> None:
    fields = f'model = "hf:x/y"\nbase = "org/base"\nrelation = "finetune"\nexpect = "{expect}"\n'
    assert outcome(fields + (f'entry = "{entry}"' if entry else "")).as_expected is good


def test_cases_know_nothing_of_each_other() -> None:
    same = f'files = [{{path = "m.safetensors", sha256 = "{"cd" * 32}"}}]'
    first, second = tried(
        f'[[case]]\nname = "a"\nmodel = "hf:x/y"\nbase = "org/base"\nexpect = "take-down"\n{same}\n'
        f'[[case]]\nname = "b"\nmodel = "hf:x/z"\nexpect = "none"\n{same}\n'
    )
    assert first.as_expected
    assert second.as_expected


def test_recorded_lines_can_tell_a_lineage_of_several_steps(tmp_path: Path) -> None:
    lines = [
        {"id": "x/middle", "cardData": {"base_model": "org/base"}},
        {"id": "x/end", "cardData": {"base_model": "x/middle"}},
    ]
    (tmp_path / "two.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = tried(
        '[[case]]\nname = "a"\nmodel = "hf:x/end"\ncatalogue = "two.jsonl"\nexpect = "take-down"\n',
        path=str(tmp_path / "x.cases.toml"),
    )
    assert found.as_expected
    assert found.findings[0].path == ("hf:x/end", "hf:x/middle", "hf:org/base")


def test_recorded_lines_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    text = '[[case]]\nname = "a"\nmodel = "hf:x/y"\ncatalogue = "no.jsonl"\nexpect = "none"\n'
    with pytest.raises(BlocklistError, match=r"case 'a': .*no\.jsonl"):
        tried(text, path=str(tmp_path / "x.cases.toml"))


@pytest.mark.parametrize(
    "fields",
    [
        'model = "hf:x/y"\nrecord = {id = "x/z"}',
        'model = "hf:x/y"\nrecord = {id = 5}',
        'model = "civitai:1@2"\nrecord = {id = 1, modelVersions = [{id = 3}]}',
        'model = "civitai:1@2"\nrecord = {id = 1, modelVersions = nan}',
        'model = "civitai:9999999999@2"',
    ],
)
def test_a_model_that_is_not_read_does_not_pass_for_one_without_findings(fields: str) -> None:
    found = outcome(f'{fields}\nexpect = "none"')
    assert not found.shown
    assert not found.as_expected


def test_what_is_odd_about_a_case_is_kept() -> None:
    label = outcome('model = "civitai:1@2"\nlabel = "SD 15"\ncreated = 2023-05-01\nexpect = "none"')
    assert "SD 15" in label.odd
    files = f'files = [{{path = "m.txt", sha256 = "{SHA}"}}]'
    assert "weight file" in outcome(f'model = "hf:x/y"\n{files}\nexpect = "none"').odd
    assert outcome('model = "hf:x/y"\nexpect = "none"').odd == ""


def test_a_misread_case_does_not_pass_for_one_without_findings() -> None:
    """A label or a file name with a slip of the pen finds nothing, whatever the list says."""
    label = 'model = "civitai:1@2"\ncreated = 2023-05-01\nlabel'
    assert not outcome(f'{label} = "SD1.5"\nexpect = "none"').as_expected
    assert outcome(f'{label} = "SDXL 1.0"\nexpect = "none"').as_expected
    files = f'files = [{{path = "m.txt", sha256 = "{SHA}"}}]'
    assert not outcome(f'model = "hf:x/y"\n{files}\nexpect = "none"').as_expected
    record = 'record = {id = 1, modelVersions = [{id = 2, baseModel = "SD1.5"}]}'
    assert outcome(f'model = "civitai:1@2"\n{record}\nexpect = "none"').as_expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('type = "checkpoint"\nlabel = "SD 1.5"\ncreated = 2023-05-01', "type 'checkpoint'"),
        ('type = "Lora"\nlabel = "SD 1.5"\ncreated = 2023-05-01', "type 'Lora'"),
    ],
)
def test_a_type_that_the_platform_has_not_is_odd(fields: str, said: str) -> None:
    found = outcome(f'model = "civitai:1@2"\n{fields}\nexpect = "none"')
    assert said in found.odd
    assert not found.as_expected


def test_an_allow_list_is_tried_by_what_it_tempers() -> None:
    fields = 'model = "hf:org/clean"\nbase = "org/base"\nrelation = "finetune"\nexpect = "review"'
    assert judges(ALLOW, [BASE]) == {"mine/base", "mine/data"}
    assert outcome(fields, ALLOW, BASE).as_expected
    assert not outcome(fields, BASE).as_expected
    assert outcome(fields, BASE, ALLOW).as_expected


def test_findings_of_lists_beside_it_are_none_of_its_own() -> None:
    text = but(("id: mine\n", "id: yours\n"), ("mine/base", "yours/base"), ("mine/data", "yours/d"),
               ("hf:org/base", "hf:your/base"))  # fmt: skip
    fields = 'model = "hf:x/y"\nbase = "your/base"\nexpect = "none"'
    assert outcome(fields, BASE, blocklist.load_text(text)).as_expected


def test_an_entry_that_no_list_has_is_told() -> None:
    text = (
        'schema = "modelaudit.cases/1"\n[[case]]\nname = "a"\nmodel = "hf:x/y"\nexpect = "none"\n'
        'entry = "mine/bse"\n'
    )
    told = cases.parse(text.encode(), "x.cases.toml")
    assert list(unknown_entries(told, judges(BASE, []))) == [
        "x.cases.toml: case 'a': there is no entry mine/bse"
    ]

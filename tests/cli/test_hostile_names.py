"""A catalogue whose every text is an attack on whoever reads the report."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelaudit.report.reporter import formats
from tests.cli.running import Ran, Shell, hub_record, write_catalogue

LISTED = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
EVIL = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\r\x08\x7f\x9b2J\u202egnp.exe\u2066\u200b\ufeff\u2028\U000e0041"
    "\ud800\x00<script>alert(1)</script>|`=1+1\n\tend"
)
"""Title and colour escapes, C1, bidi, zero width, tags, a lone surrogate, markup, new lines."""


def dangerous(text: str) -> set[str]:
    """Characters that make a terminal, an editor or a log do or hide something."""
    kinds = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {c for c in text if c not in "\n\t" and unicodedata.category(c) in kinds}


def civitai(number: int, **version: Any) -> dict[str, Any]:
    """A line with a Civitai model whose texts are all hostile."""
    file = {"name": f"{EVIL}.safetensors", "type": "Model", "sizeKB": 4165180,
            "hashes": {"SHA256": LISTED.upper()}, "metadata": {"format": EVIL}}  # fmt: skip
    record = {
        "id": number, "name": EVIL, "type": "Checkpoint", "description": f"<p>{EVIL}</p>",
        "creator": {"username": EVIL}, "tags": [EVIL],
        "modelVersions": [{"id": number * 10, "name": EVIL, "baseModel": "SD 1.5",
                           "createdAt": "2023-05-01T12:00:00.000Z", "files": [file]} | version],
    }  # fmt: skip
    return {"platform": "civitai", "kind": "model", "status": 200,
            "at": "2026-11-22T00:00:00Z", "record": record}  # fmt: skip


def attack(folder: Path) -> str:
    """The SOURCE of a catalogue of attacks that all lead to a listed model."""
    weights = {"rfilename": f"{EVIL}.safetensors", "size": 9,
               "lfs": {"sha256": LISTED, "size": 9}}  # fmt: skip
    return write_catalogue(
        folder / "evil.jsonl",
        hub_record(
            "acme/evil", SD15, author=EVIL, sha=EVIL, pipeline_tag=EVIL, library_name=EVIL,
            siblings=[weights, {"rfilename": EVIL}],
        ),
        hub_record("acme/two-bases", cardData={"base_model": [SD15, EVIL], "datasets": [EVIL]},
                   tags=[f"base_model:{EVIL}", EVIL]),
        hub_record(f"acme/{EVIL}", SD15),
        hub_record(EVIL),
        civitai(7),
        civitai(8, baseModel=EVIL, files=[]),
        {"platform": EVIL, "record": {"id": EVIL}},
        {"platform": "hf", "kind": EVIL, "status": 403, "url": EVIL, "record": {"error": EVIL}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attack")
    ran = Shell(folder).run("audit", attack(folder), "-v")
    assert ran.code == 0
    assert {row["model"] for row in ran.rows} >= {
        "hf:acme/evil", "hf:acme/two-bases", "civitai:7@70",
    }  # fmt: skip
    assert dangerous(ran.out + ran.err) == set()
    return folder / "audit.db"


@pytest.mark.parametrize("name", [reporter.name for reporter in formats()])
def test_no_report_passes_an_attack_on(
    invoke: Callable[..., Ran], attacked: Path, name: str
) -> None:
    ran = invoke("report", "--db", attacked, "-o", name)
    assert ran.code == 0
    assert dangerous(ran.out.replace("\r\n", "\n") + ran.err) == set()
    if name in ("html", "markdown"):
        assert "<script>alert" not in ran.out


@pytest.mark.parametrize("model", ["hf:acme/evil", "hf:acme/two-bases", "civitai:7@70"])
def test_no_explanation_passes_an_attack_on(
    invoke: Callable[..., Ran], attacked: Path, model: str
) -> None:
    ran = invoke("explain", model, "--db", attacked)
    assert ran.code == 0
    assert model in ran.out
    assert dangerous(ran.out + ran.err) == set()


def test_an_explanation_shows_the_trick(invoke: Callable[..., Ran], attacked: Path) -> None:
    assert r"\x1b[31m" in invoke("explain", "civitai:7@70", "--db", attacked).out


def test_a_log_in_json_escapes_it(invoke: Callable[..., Ran], tmp_path: Path) -> None:
    ran = invoke("audit", attack(tmp_path), "-v", "--log-format", "json")
    assert [json.loads(line)["level"] for line in ran.err.splitlines()]
    assert dangerous(ran.out + ran.err) == set()


def test_a_diff_passes_no_attack_on(invoke: Callable[..., Ran], tmp_path: Path) -> None:
    source = attack(tmp_path)
    lines = (tmp_path / "evil.jsonl").read_text()
    (tmp_path / "evil.jsonl").write_text("")
    invoke("audit", source, "-q")
    (tmp_path / "evil.jsonl").write_text(lines)
    invoke("audit", source, "-q")
    ran = invoke("diff")
    assert {row["change"] for row in ran.rows} == {"new"}
    assert dangerous(ran.out + ran.err) == set()


def test_hostile_arguments_are_shown_harmless(invoke: Callable[..., Ran], tmp_path: Path) -> None:
    evil = EVIL.replace("\x00", "").encode("utf-8", "replace").decode()
    for command in (
        ["audit", evil], ["audit", f"catalogue:{evil}"], ["report", "--db", evil],
        ["audit", "hf:a/b", "-o", evil], ["explain", evil], ["audit", "hf:a/b", "--budget", evil],
        ["blocklist", "show", evil], ["audit", "hf:a/b", "--blocklist", evil],
    ):  # fmt: skip
        ran = invoke(*command)
        assert ran.code == 2
        assert dangerous(ran.out + ran.err) == set(), command


def test_hostile_lists_are_shown_harmless(invoke: Callable[..., Ran], tmp_path: Path) -> None:
    listing = tmp_path / "evil.yaml"
    shipped = Path(__file__).parents[2] / "blocklists" / "known-files.yaml"
    title = '"\\e[31mred\\u202E\\u2028"'
    text = "\n".join(
        f"{line.partition('title:')[0]}title: {title}"
        if line.strip().startswith("title:")
        else line
        for line in shipped.read_text().splitlines()
    )
    listing.write_text(f"{text}\n")
    for command in ("show", "lint"):
        ran = invoke("blocklist", command, listing)
        assert dangerous(ran.out + ran.err) == set()
        assert r"\x1b[31m" in ran.out or command == "lint"

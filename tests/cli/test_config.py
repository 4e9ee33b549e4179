"""`modelaudit.toml`, and `modelaudit config`, which shows what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import EXAMPLE, Ran, Shell, hub_record, write_catalogue

Invoke = Callable[..., Ran]
ROOT = Path(__file__).parents[2]


def told(ran: Ran, command: str) -> dict[str, tuple[str, str]]:
    return {
        row["setting"]: (row["value"], row["origin"])
        for row in ran.rows
        if row["command"] == command
    }


def test_without_a_file_everything_is_a_default(shell: Shell) -> None:
    ran = shell.run("config")
    assert ran.code == 0
    assert "configuration file: none" in ran.err
    audit = told(ran, "audit")
    assert audit["db"] == ("audit.db", "default")
    assert audit["max-requests"] == ("10000", "default")
    assert {origin for _, origin in audit.values()} == {"default"}
    assert told(ran, "blocklist lint")


def test_the_file_of_the_folder_is_used_and_what_is_typed_wins(shell: Shell) -> None:
    line = hub_record("someone/dream", "runwayml/stable-diffusion-v1-5")
    source = write_catalogue(shell.folder / "c.jsonl", line)
    (shell.folder / "modelaudit.toml").write_text(
        f'db = "kept.db"\nblocklist = ["laion-5b"]\n[audit]\nsources = ["{source}"]\n'
        'output = ["json=r.json"]\nfail-on = "review"\nquiet = true\n'
    )
    ran = shell.run("audit")
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert (shell.folder / "kept.db").exists()
    assert (shell.folder / "r.json").exists()
    assert shell.run("audit", "--fail-on", "none", "--db", "typed.db").code == 0
    assert (shell.folder / "typed.db").exists()
    assert shell.run("report", "-o", "json").json["run"]["sources"] == [source]
    shown = told(shell.run("config", "audit"), "audit")
    assert shown["fail-on"] == ("review", "modelaudit.toml")
    assert shown["blocklist"] == ("laion-5b", "modelaudit.toml")
    assert shown["budget"] == ("2GiB", "default")


def test_another_file_can_be_named(shell: Shell) -> None:
    (shell.folder / "modelaudit.toml").write_text('db = "folder.db"\n')
    (shell.folder / "told.toml").write_text('db = "told.db"\n')
    (shell.folder / "named.toml").write_text('db = "named.db"\n')
    by_environment = shell.run("config", "audit", MODELAUDIT_CONFIG="told.toml")
    assert told(by_environment, "audit")["db"] == ("told.db", "told.toml")
    by_name = shell.run("--config", "named.toml", "config", "audit", MODELAUDIT_CONFIG="told.toml")
    assert told(by_name, "audit")["db"] == ("named.db", "named.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bloklist = ['x']", "did you mean blocklist?"),
        ("sources = ['hf:']", "no setting 'sources'"),
        ("[audit]\nfail_on = 'new'", "did you mean fail-on?"),
        ("[audti]\nquiet = true", "did you mean audit?"),
        ("[blocklist]\nquiet = true", "no setting 'blocklist.quiet'"),
        ("[audit]\nsources = [1]", "audit.sources is a list of something else than text"),
        ("[audit]\nlimit = 2026-11-22", "audit.limit is neither text"),
        ("[blocklist.verify]\nonline = true", "no setting 'blocklist.verify.online'"),
        ("[blocklist.verify]\nprivate-too = true", "no setting 'blocklist.verify.private-too'"),
        ("db = ", "is not TOML"),
        ("[audit]\nlimit = 'many'", "Invalid value for '--limit'"),
        ("[audit]\nfail-on = 'soon'", "'soon' is not one of"),
    ],
)
def test_a_mistake_is_told_in_a_line(shell: Shell, text: str, said: str) -> None:
    (shell.folder / "modelaudit.toml").write_text(text)
    ran = shell.run("audit", f"catalogue:{EXAMPLE}")
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) <= 2
    assert not (shell.folder / "audit.db").exists()


def test_a_file_that_is_not_there_or_no_text_is_refused(shell: Shell) -> None:
    assert "cannot be read" in shell.run("--config", "absent.toml", "config").err
    (shell.folder / "modelaudit.toml").write_bytes(b"\xff\xfe")
    assert shell.run("config").code == 2


def test_tokens_are_never_shown(shell: Shell) -> None:
    ran = shell.run("config", HF_TOKEN="hf_secret", CIVITAI_ENDPOINT="http://127.0.0.1:1")
    assert "hf_secret" not in ran.out
    shown = told(ran, "")
    assert shown["HF_TOKEN"] == ("(set)", "environment")
    assert shown["CIVITAI_ENDPOINT"] == ("http://127.0.0.1:1", "environment")
    assert shown["HF_ENDPOINT"] == ("", "unset")


def test_an_unknown_command_is_a_mistake(invoke: Invoke) -> None:
    ran = invoke("config", "nonsense")
    assert ran.code == 2
    assert "there is no command 'nonsense'" in ran.err


def test_the_example_is_sound(shell: Shell) -> None:
    ran = shell.run("--config", ROOT / "examples" / "modelaudit.toml", "config", "audit")
    assert (ran.code, told(ran, "audit")["fail-on"][0]) == (0, "new")

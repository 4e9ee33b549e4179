"""`modelaudit plan`: what an audit would ask; it asks nothing itself."""

from __future__ import annotations

from tests.cli.running import EXAMPLE, Shell


def test_it_asks_nothing_and_makes_no_database(shell: Shell) -> None:
    ran = shell.run("plan", "hf:", "--read", "headers", HF_ENDPOINT="http://127.0.0.1:9")
    assert (ran.code, ran.err) == (0, "")
    assert "3,118 requests to list" in ran.out
    assert list(shell.folder.iterdir()) == []


def test_it_knows_what_was_listed_before(shell: Shell) -> None:
    source = f"catalogue:{EXAMPLE}"
    assert shell.run("crawl", source, "-q").code == 0
    told = shell.run("plan", source).out
    assert "models, as listed before: no request" in told


def test_a_mistake_is_told(shell: Shell) -> None:
    assert shell.run("plan", "nonsense:").code == 2
    assert shell.run("plan", "hf:", "--budget", "much").code == 2

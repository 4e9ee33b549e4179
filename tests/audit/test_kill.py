"""Killed anywhere, run again: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.crawl.lines import read_lines
from tests.audit.auditing import Auditor, settled
from tests.audit.world import World, world
from tests.servers.base import Faults

Auditing = Callable[..., Auditor]
SOURCES = ("hf:", "civitai:")

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.audit.auditing import Auditor

left = int(sys.argv[2])

def count(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

def watch(connection):
    if left:
        connection.set_trace_callback(count)

Auditor(Path(sys.argv[1])).run(*sys.argv[3:], watch=watch)
"""
"""An audit that kills itself at its n-th SQL statement; 0 leaves that to others."""

ROOT = Path(__file__).parents[2]


class KillAt(Faults):
    """Kills a process instead of answering the n-th request."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 0
        self.process: subprocess.Popen[bytes] | None = None

    def strike(self, target: str) -> None:
        self.left -= 1
        if self.left == 0 and self.process is not None:
            self.process.send_signal(signal.SIGKILL)


def audit_in_a_process(auditor: Auditor, statements: int, kill: KillAt | None = None) -> int:
    arguments = [sys.executable, "-c", CHILD, str(auditor.database), str(statements), *SOURCES]
    with subprocess.Popen(arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": _path()}) as process:
        if kill is not None:
            kill.process = process
        return process.wait(timeout=30)


def _path() -> str:
    return os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)]).strip(os.pathsep)


def demand_whole(auditor: Auditor, earth: World, calm: str) -> None:
    """After a second run to the end, everything is as if nothing had happened."""
    outcome = auditor.run(*SOURCES)
    assert outcome.complete
    assert settled(outcome.report) == calm
    assert set(outcome.states.values()) == {"new"}
    assert auditor.rows("PRAGMA integrity_check") == [("ok",)]
    assert auditor.rows("PRAGMA foreign_key_check") == []
    listed = {f"hf:{record['id']}" for record in earth.hub.records}
    members = [
        ref
        for (ref,) in auditor.rows(
            "SELECT n.ref FROM member AS m JOIN node AS n ON n.id = m.node ORDER BY n.ref"
        )
    ]
    assert len(members) == len(set(members))
    assert {ref for ref in members if ref.startswith("hf:")} == listed
    assert all(isinstance(line.text, bytes) for line in read_lines(auditor.archive))


@pytest.fixture
def calm(auditing: Auditing) -> str:
    with world() as undisturbed:
        return settled(auditing(undisturbed, "calm").run(*SOURCES).report)


@pytest.mark.parametrize("requests", [1, 3, 20, 45])
def test_killed_while_a_platform_is_asked(auditing: Auditing, calm: str, requests: int) -> None:
    kill = KillAt()
    with world((kill, kill)) as earth:
        auditor = auditing(earth)
        kill.left = requests
        assert audit_in_a_process(auditor, 0, kill) == -signal.SIGKILL
        kill.process = None
        demand_whole(auditor, earth, calm)


@pytest.mark.parametrize("statements", [150, 600, 1200, 2000, 2800])
def test_killed_while_something_is_written(
    earth: World, auditing: Auditing, calm: str, statements: int
) -> None:
    auditor = auditing(earth)
    assert audit_in_a_process(auditor, statements) == -signal.SIGKILL
    demand_whole(auditor, earth, calm)


def test_what_a_killed_listing_had_received_is_archived_once(
    earth: World, auditing: Auditing
) -> None:
    kill = KillAt()
    earth.hub.faults = kill
    auditor = auditing(earth)
    kill.left = 4
    assert audit_in_a_process(auditor, 0, kill) == -signal.SIGKILL
    auditor.run("hf:", "civitai:")
    lists = Counter(
        line.text
        for line in read_lines(auditor.archive)
        if isinstance(line.text, bytes) and b'"platform":"hf","kind":"list"' in line.text
    )
    assert lists
    assert set(lists.values()) == {1}

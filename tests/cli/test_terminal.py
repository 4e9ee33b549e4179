"""Under a real terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.running import EXAMPLE, SCRIPT, Shell, environment

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(
    folder: Path, *args: str, columns: int = 80, both: bool = False, **env: str
) -> tuple[int, str]:
    """Exit code and what a terminal receives on stdout; with ``both``, on stderr as well."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [SCRIPT, *args], cwd=folder, env=environment(folder, **env), stdin=subprocess.DEVNULL,
        stdout=slave, stderr=slave if both else subprocess.DEVNULL,
    ) as process:  # fmt: skip
        os.close(slave)
        received = bytearray()
        try:
            while chunk := os.read(master, 65536):
                received += chunk
        except OSError:  # Linux says EIO when the other side is closed
            pass
        process.wait(timeout=30)
    os.close(master)
    return process.returncode, received.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 60, 200])
def test_a_person_gets_a_table_that_fits(shell: Shell, audited: Path, columns: int) -> None:
    code, text = at_terminal(shell.folder, "report", columns=columns, NO_COLOR="1")
    lines = text.splitlines()
    assert code == 0
    assert "verdict" in lines[0].lower()
    assert "\t" not in text
    assert max(map(cell_len, lines)) <= columns
    assert 25 <= len(lines) < 40


def test_what_was_not_examined_is_said_once(shell: Shell, audited: Path) -> None:
    text = at_terminal(shell.folder, "report", both=True, NO_COLOR="1", columns=200)[1]
    assert text.count(" not examined; ") == 1
    assert text.count("recommended for take-down") == 1


def test_colours_are_for_those_who_want_them(shell: Shell, audited: Path) -> None:
    coloured = at_terminal(shell.folder, "report")[1]
    assert _STYLE.search(coloured)
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        text = at_terminal(shell.folder, "report", **plain)[1]
        assert "\x1b" not in text
        assert text == _STYLE.sub("", coloured)


def test_a_format_asked_for_is_not_dressed_up(shell: Shell, audited: Path) -> None:
    for name in ("tsv", "json"):
        at_pipe = shell.run("report", "-o", name).out
        assert at_terminal(shell.folder, "report", "-o", name)[1] == at_pipe


def test_quiet_shows_no_table(shell: Shell, audited: Path) -> None:
    assert at_terminal(shell.folder, "report", "-q", both=True) == (0, "")


def test_progress_is_gone_when_the_work_is_done(shell: Shell) -> None:
    audit = ("audit", f"catalogue:{EXAMPLE}", "-o", "json=r.json")
    code, moving = at_terminal(shell.folder, *audit, both=True)
    assert code == 0, moving
    code, still = at_terminal(shell.folder, *audit, "--no-progress", both=True)
    assert code == 0, still
    assert "\x1b[2K" in moving
    assert moving.rpartition("\x1b[2K")[2].strip().startswith("json report: r.json")
    assert "\x1b" not in still

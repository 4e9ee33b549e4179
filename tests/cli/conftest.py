"""One audited example for all, and two ways to run a command: as a process, and within."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.cli.main import main
from tests.cli.running import EXAMPLE, Ran, Shell, environment


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Processes in the test's own folder."""
    return Shell(tmp_path)


@pytest.fixture
def invoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """The same within this process, where a process of its own would add nothing."""
    monkeypatch.chdir(tmp_path)
    for name in set(os.environ) - set(environment(tmp_path)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*args: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["modelaudit", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the example audited once; look, and do not touch."""
    folder = tmp_path_factory.mktemp("example")
    ran = Shell(folder).run("audit", f"catalogue:{EXAMPLE}", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    return folder / "audit.db"


@pytest.fixture
def audited(example: Path, tmp_path: Path) -> Path:
    """A copy of it that the test may change."""
    return Path(shutil.copy(example, tmp_path / "audit.db"))

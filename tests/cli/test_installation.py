"""The package as it is installed: all that it needs is in it, and nobody else's is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from tests.cli.running import EXAMPLE, Shell

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@pytest.mark.parametrize("name", ["modelaudit", "knowlyr-modelaudit"])
def test_another_project_s_package_is_told_in_a_sentence(shell: Shell, name: str) -> None:
    info = shell.folder / "site" / f"{name.replace('-', '_')}-0.2.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.2.9\n")
    ran = shell.run("blocklist", "list", PYTHONPATH=str(info.parent))
    assert (ran.code, ran.out) == (2, "")
    error, hint = ran.err.splitlines()
    assert error.startswith(f"error: the distribution {name} 0.2.9 is installed here as well")
    assert hint.startswith("hint: ")
    assert f"pip uninstall {name}" in hint


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: no wheel can be built without a network")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_holds_every_file_that_is_no_code(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = SOURCE / "modelaudit"
    wanted = {
        path.relative_to(SOURCE).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".pyc",)
    }
    assert wanted - held == set()
    suffixes = {Path(name).suffix for name in wanted}
    assert suffixes >= {".py", ".sql", ".json", ".css", ".js", ".txt", ".typed"}
    assert {f"modelaudit/blocklists/{name}.yaml" for name in blocklist.shipped()} <= held
    assert not [name for name in held if name.startswith(("tests", "examples", "src"))]


def test_an_installed_wheel_finds_its_lists_and_audits(wheel: Path, shell: Shell) -> None:
    target = shell.folder / "target"
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "-q", "--target"]
    pip = shell.run(*install, target, wheel, program=[sys.executable])
    assert pip.code == 0, pip.err
    script = [sys.executable, "-m", "modelaudit"]
    alone = {"PYTHONPATH": str(target)}
    where = shell.run("-c", "import modelaudit; print(modelaudit.__file__)",
                      program=[sys.executable], **alone)  # fmt: skip
    assert where.out.startswith(str(target))
    listed = shell.run("blocklist", "list", program=script, **alone)
    assert [row["name"] for row in listed.rows] == list(blocklist.shipped())
    ran = shell.run(
        "audit", f"catalogue:{EXAMPLE}", "-o", "html=r.html", "-o", "tsv", program=script, **alone
    )
    assert ran.code == 0, ran.err
    assert ran.rows
    assert "<style" in (shell.folder / "r.html").read_text()

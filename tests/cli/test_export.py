"""``export parquet``: what the files hold, how they are written, the questions of the guide."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Ran, Shell, hub_record, write_catalogue

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq

Invoke = Callable[..., Ran]
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "analysis.md"
TABLES = ("model", "edge", "file", "finding")
LISTED = "runwayml/stable-diffusion-v1-5"

PRIVATE = """\
schema: modelaudit.blocklist/1
list:
  {id: house, kind: block, title: Ours, version: "2026.11.22", updated: "2026-11-22",
   maintainer: We, license: CC0-1.0, private: true}
entries:
  - id: house/one
    title: Secret title
    status: active
    kind: model
    policy: review
    claim: {relation: trained-on, of: ["dataset:a/b"], confidence: documented, tainted: [full]}
    scope: {finetune: review}
    match: {models: ["hf:secret/base", "hf:secret/nobody-names-it"]}
    evidence:
      - {url: "https://example.org/secret", kind: primary, summary: Secret words,
         retrieved: "2026-11-22", supports: [claim]}
    added: "2026-11-22"
    review_by: "2027-05-22"
"""


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / f"{name}.parquet").to_pylist())


def column(folder: Path, table: str, name: str) -> list[Any]:
    return [row[name] for row in rows(folder, table)]


def test_files_hold_what_the_database_holds_in_words(invoke: Invoke, audited: Path) -> None:
    ran = invoke("export", "parquet", "out/deep")
    out = audited.parent / "out" / "deep"
    assert (ran.code, ran.out) == (0, "")
    assert re.findall(r"/(\w+)\.parquet: [\d,]+ rows, ", ran.err) == list(TABLES)
    with sqlite3.connect(audited) as db:

        def first(sql: str) -> list[Any]:
            return [row[0] for row in db.execute(sql)]

        known = "status <> 'ghost' OR ref IN (SELECT parent FROM claims) OR same_as IS NOT NULL"
        for name in ("ref", "status", "revision", "downloads"):
            told = first(f"SELECT ifnull({name}, '') FROM models WHERE {known} ORDER BY ref")
            by_ref = sorted(rows(out, "model"), key=lambda row: row["ref"])
            assert ["" if row[name] is None else row[name] for row in by_ref] == told
        told = [(e["child"], e["relation"], e["parent"], e["grade"], e["locator"], e["excerpt"])
                for e in rows(out, "edge")]  # fmt: skip
        said = db.execute("SELECT child, relation, parent, grade, locator, excerpt FROM claims")
        assert sorted(map(str, told)) == sorted(map(str, said))
        assert sorted(map(str, column(out, "file", "sha256"))) == sorted(
            str(sha256 or None) for sha256 in first("SELECT sha256 FROM files")
        )
        assert column(out, "finding", "id") == sorted(first("SELECT id FROM findings"))
        created = dict(db.execute("SELECT ref, created FROM models"))
    for row in rows(out, "model"):
        assert str(row["created"]) == str(created[row["ref"]])


def test_a_finding_has_its_way_and_its_state(invoke: Invoke, audited: Path) -> None:
    invoke("export", "parquet", "out", "-q")
    report = invoke("report", "-o", "json").json
    told = {row["id"]: row for row in rows(audited.parent / "out", "finding")}
    assert len(told) == len(report["findings"]) > 100
    for finding in report["findings"]:
        row = told[finding["id"]]
        for name in ("verdict", "grade", "relation", "hops", "state", "path", "decided_by", "url"):
            assert row[name] == finding[name], name
        assert row["listed"] == finding["path"][-1]


def test_the_manifest_counts_what_is_there(invoke: Invoke, audited: Path) -> None:
    assert invoke("export", "parquet", "out", "-q") == Ran(0, "", "")
    out = audited.parent / "out"
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["schema"] == "modelaudit.export/1"
    assert manifest["run"] == invoke("report", "-o", "json").json["run"]["id"]
    assert tuple(manifest["tables"]) == TABLES
    for said in manifest["tables"].values():
        file = pq.ParquetFile(out / said["file"])
        assert said["rows"] == file.metadata.num_rows
        assert said["bytes"] == (out / said["file"]).stat().st_size
        assert list(said["columns"]) == file.schema_arrow.names
        if said["rows"]:
            assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert {path.name for path in out.iterdir()} == {
        "manifest.json", *(f"{name}.parquet" for name in TABLES)
    }  # fmt: skip


def test_the_same_database_gives_the_same_bytes(invoke: Invoke, audited: Path) -> None:
    for folder in ("a", "b", "b"):
        invoke("export", "parquet", folder, "-q")

    def digests(folder: str) -> list[str]:
        files = sorted((audited.parent / folder).iterdir())
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    assert digests("a") == digests("b")


def test_a_database_without_a_run_has_no_findings(invoke: Invoke, tmp_path: Path) -> None:
    source = write_catalogue(tmp_path / "c.jsonl", hub_record("a/child", LISTED))
    assert invoke("crawl", source, "-q").code == 0
    assert invoke("export", "parquet", "out", "-q").code == 0
    assert rows(tmp_path / "out", "finding") == []
    assert "hf:a/child" in column(tmp_path / "out", "model", "ref")
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["run"] is None
    ran = invoke("export", "parquet", "out", "--run", "absent")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: there is no finished run 'absent'")


def test_an_older_run_can_be_exported(invoke: Invoke, tmp_path: Path) -> None:
    source = write_catalogue(tmp_path / "c.jsonl", hub_record("a/one", LISTED))
    invoke("audit", source, "-q")
    (first,) = [
        run for run in invoke("diff", "--list").out.split() if re.match(r"20\d\d-.+-\d+", run)
    ]
    write_catalogue(tmp_path / "c.jsonl", hub_record("a/one", LISTED), hub_record("a/two", LISTED))
    invoke("audit", source, "-q")
    invoke("export", "parquet", "new", "-q")
    invoke("export", "parquet", "old", "-q", "--run", first)
    assert sorted(column(tmp_path / "new", "finding", "model")) == ["hf:a/one", "hf:a/two"]
    assert column(tmp_path / "old", "finding", "model") == ["hf:a/one"]


def test_of_a_private_list_only_ids_leave_the_house(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(PRIVATE, encoding="utf-8")
    source = write_catalogue(tmp_path / "c.jsonl", hub_record("a/child", "secret/base"))
    assert invoke("audit", source, "--blocklist", "house.yaml", "-q").code == 0
    assert invoke("export", "parquet", "out", "-q").code == 0
    out = tmp_path / "out"
    (found,) = rows(out, "finding")
    assert (found["entry"], found["model"]) == ("house/one", "hf:a/child")
    assert (found["listed"], found["path"], found["decided_by"]) == (None, None, None)
    for file in out.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    held = str([rows(out, name) for name in TABLES])
    assert "Secret" not in held
    assert "nobody-names-it" not in held


def test_hostile_text_is_kept_as_it_is(invoke: Invoke, tmp_path: Path) -> None:
    author = "\x1b[31m\u202e\0'\"\U0001f600"
    line = hub_record("a/child", "\u202e../x", author=author)
    invoke("crawl", write_catalogue(tmp_path / "c.jsonl", line), "-q")
    assert invoke("export", "parquet", "out", "-q").code == 0
    assert author in column(tmp_path / "out", "model", "author")


def test_a_torn_export_has_no_manifest(
    invoke: Invoke, audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke("export", "parquet", "out", "-q").code == 0
    out = audited.parent / "out"
    before = (out / "edge.parquet").read_bytes()
    (out / "file.parquet").unlink()
    (out / "file.parquet").mkdir()
    ran = invoke("export", "parquet", "out")
    assert ran.code == 2
    assert ran.err.splitlines()[-2].startswith("error: out/file.parquet cannot be written")
    assert not (out / "manifest.json").exists()
    assert (out / "edge.parquet").read_bytes() == before
    assert not list(out.glob(".*"))


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_place_that_takes_no_files_is_refused(invoke: Invoke, audited: Path, where: str) -> None:
    (audited.parent / "file").touch()
    ran = invoke("export", "parquet", where)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {where} cannot be written")
    assert "hint: " in ran.err


def test_without_a_database_none_is_made(invoke: Invoke, tmp_path: Path) -> None:
    ran = invoke("export", "parquet", "out")
    assert ran.code == 2
    assert "there is no database audit.db" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_the_extra_is_named(
    invoke: Invoke, audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    assert invoke("export", "parquet", "out") == Ran(
        2, "", "error: a Parquet file needs pyarrow, which is not installed\n"
        "hint: pip install 'modelaudit-provenance[analysis]'\n",
    )  # fmt: skip
    assert not (audited.parent / "out").exists()


def test_a_seeded_database_is_made_and_exported_by_the_command_line(
    shell: Shell, tmp_path: Path
) -> None:
    from tests.crawl.dumps import dump

    records = [{"id": LISTED}, {"id": "a/child", "cardData": {"base_model": LISTED},
                                "tags": [f"base_model:{LISTED}"]}]  # fmt: skip
    dump(tmp_path / "models.parquet", records)
    ran = shell.run("audit", "hub-stats:models.parquet", "--offline", "-o", "tsv")
    assert ran.code == 0
    assert [row["model"] for row in ran.rows] == ["hf:a/child", f"hf:{LISTED}"]
    assert shell.run("plan", "hub-stats:models.parquet").code == 0
    assert shell.run("export", "parquet", "out", "-q") == Ran(0, "", "")
    assert column(tmp_path / "out", "finding", "relation") == ["finetune", "listed"]


def questions() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="session")
def exported(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    ran = Shell(folder).run("export", "parquet", "out", "-q", "--db", example)
    assert ran == Ran(0, "", "")
    shutil.copytree(folder / "out", folder / "out-before")
    fewer = pq.read_table(folder / "out" / "finding.parquet").slice(5)
    pq.write_table(fewer, folder / "out-before" / "finding.parquet")
    return folder


@pytest.mark.parametrize("question", questions())
def test_the_questions_of_the_guide_have_answers(
    exported: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(exported)
    with duckdb.connect() as db:
        found = db.sql(question).fetchall()
    assert found
    assert all(any(value is not None for value in row) for row in found)


def test_the_guide_asks_at_least_six_questions() -> None:
    assert len(questions()) >= 6


def test_answers_are_those_of_the_database(
    exported: Path, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(exported)
    by_entry, takedowns, _, descendants, copies, ghosts, grown = questions()
    with duckdb.connect() as db, sqlite3.connect(example) as source:
        counted = {}
        for entry, relation, verdict, models, _ in db.sql(by_entry).fetchall():
            counted[entry, relation, verdict] = models
        assert counted == {
            tuple(key): models
            for *key, models in source.execute(
                "SELECT entry, relation, verdict, count(*) FROM findings GROUP BY 1, 2, 3"
            )
        }
        top = [row[2] for row in db.sql(takedowns).fetchall() if row[0].startswith("civitai:")]
        assert top == sorted(top, reverse=True)
        down = (
            "WITH RECURSIVE d(ref) AS (SELECT 'hf:runwayml/stable-diffusion-v1-5' UNION"
            " SELECT child FROM d JOIN claims ON parent = ref WHERE grade <> 'hinted')"
            " SELECT ref FROM d"
        )
        assert {r for r, _ in db.sql(descendants).fetchall()} == {
            ref for (ref,) in source.execute(down)
        }
        assert len(db.sql(copies).fetchall()) == min(20, len(source.execute(
            "SELECT 1 FROM files WHERE sha256 <> '' GROUP BY sha256"
            " HAVING count(DISTINCT model) > 1").fetchall()))  # fmt: skip
        assert all(ref.startswith("hf:") for ref, _ in db.sql(ghosts).fetchall())
        assert sum(row[2] for row in db.sql(grown).fetchall()) == 5

"""``--read weights``: descent that no word tells, and innocence that shapes leave open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from modelaudit.check.blocklist import load
from modelaudit.domain.words import Read, Verdict
from tests.audit import relatives
from tests.audit.auditing import NOW, Auditor, Json, Outcome, settled
from tests.audit.relatives import NODE
from tests.audit.world import repository
from tests.quality.zoo import edits
from tests.servers.hub import Hub


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One audit of the whole family, which many tests look at."""
    place = tmp_path_factory.mktemp("weights")
    relatives.family(place / "models")
    own = relatives.blocklist(place / "list", relatives.base())
    auditor = Auditor(place / "audit.db")
    return auditor.run(str(place / "models"), read=Read.WEIGHTS, lists=[own], offline=True)


def samples(finding: Json) -> list[Json]:
    return [claim["weights"] for claim in finding["claims"] if "weights" in claim]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("tuned.safetensors", ("take-down", "measured", "finetune", 1)),
        ("small.gguf", ("take-down", "measured", "quantized", 1)),
        ("turned.safetensors", ("review", "measured", "finetune", 1)),
        ("renamed.safetensors", ("take-down", "measured", "finetune", 1)),
        ("recast.safetensors", ("take-down", "exact", "conversion", 1)),
        ("copy.safetensors", ("take-down", "exact", "copy", 1)),
    ],
)
def test_a_descendant_is_found_by_its_weights_alone(
    outcome: Outcome, model: str, expected: tuple[object, ...]
) -> None:
    assert outcome.found[f"folder:{model}"] == expected


def test_a_finding_shows_the_matrices_and_the_numbers_behind_it(outcome: Outcome) -> None:
    finding = outcome.finding("folder:tuned.safetensors")
    assert finding["path"][-1] == NODE
    (sample,) = samples(finding)
    assert sample["grade"] == "derived"
    assert sample["score"] > 0.98
    assert len(sample["tensors"]) == 16
    assert all(tensor["r"] > 0.9 for tensor in sample["tensors"])


def test_the_recipe_of_a_merge_is_told(outcome: Outcome) -> None:
    finding = outcome.finding("folder:mixed.safetensors")
    assert finding["verdict"] == "take-down"
    recipe = {c["parent"]: c["excerpt"] for c in finding["claims"] if c["relation"] == "merge"}
    compared = {row["model"]: row for row in outcome.report["compared"]}
    shares = {
        one["parent"]: one["weight"]
        for one in compared["folder:mixed.safetensors"]["merge"]["parents"]
    }
    assert shares == {
        "folder:tuned.safetensors": pytest.approx(0.6, abs=0.005),
        "folder:sister.safetensors": pytest.approx(0.4, abs=0.005),
    }
    assert isinstance(recipe, dict)


@pytest.mark.parametrize("model", ["twin.safetensors", "shuffled.safetensors"])
def test_a_twin_is_told_to_be_clear_of_it(outcome: Outcome, model: str) -> None:
    assert f"folder:{model}" not in outcome.found
    (row,) = [row for row in outcome.report["compared"] if row["model"] == f"folder:{model}"]
    nearest = row["nearest"]
    assert nearest["grade"] == "same-architecture-only"
    assert abs(nearest["score"]) < nearest["floor"]
    assert row["references"] == 1


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    auditor = Auditor(tmp_path / "audit.db")
    sources = str(tmp_path / "models")
    first = auditor.run(sources, read=Read.WEIGHTS, lists=[own], offline=True)
    again = auditor.run(sources, read=Read.WEIGHTS, lists=[own], offline=True)
    assert first.report["coverage"]["weights_read"] == 1
    assert again.report["coverage"]["weights_read"] == 0
    assert again.found == first.found
    assert set(again.states.values()) == {"unchanged"}


BASE = "acme/base"
DECLARED = {"acme/twin": BASE}


@contextmanager
def a_hub(**models: bytes) -> Iterator[Hub]:
    """A Hub of models of one file each; ``twin`` says that it is tuned from ``base``."""
    held = {f"acme/{name}": file for name, file in models.items()}
    records = [
        repository(number, repo, DECLARED.get(repo), "finetune", files={"model.safetensors": file})
        for number, (repo, file) in enumerate(held.items(), start=1)
    ]
    served = {(repo, "model.safetensors"): file for repo, file in held.items()}
    with Hub(records=records, files=served) as hub:
        yield hub


def test_a_listed_file_on_a_readable_host_makes_its_own_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.base())
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    hidden = relatives.content(relatives.tuned(11))
    twin = relatives.content(relatives.twin())
    auditor = Auditor(tmp_path / "audit.db")
    with a_hub(base=listed, hidden=hidden, twin=twin) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = auditor.run("hf:", read=Read.WEIGHTS, lists=[own])
        assert "own/base" not in outcome.report["coverage"]["entries_without_reference"]
        assert outcome.found["hf:acme/hidden"][:3] == ("take-down", "measured", "finetune")
        assert outcome.finding("hf:acme/hidden")["path"][-1].startswith("sha256:")
        before = hub.count(r".*\.safetensors")
        again = auditor.run("hf:", read=Read.WEIGHTS, lists=[own], now=NOW + 86_400)
        assert hub.count(r".*\.safetensors") == before
        assert again.found == outcome.found
    replay = Auditor(tmp_path / "replay.db").run(
        f"catalogue:{auditor.archive}", lists=[own], offline=True
    )
    assert settled(replay.report) == settled(outcome.report)


def test_a_declared_lineage_that_the_weights_refute_is_a_conflict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.base())
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    with a_hub(base=listed, twin=relatives.content(relatives.twin())) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.WEIGHTS, lists=[own])
    (conflict,) = outcome.report["conflicts"]
    assert (conflict["model"], conflict["kind"]) == ("hf:acme/twin", "parent")
    assert [claim["parent"] for claim in conflict["claims"]] == [f"hf:{BASE}"]
    assert outcome.found["hf:acme/twin"][0] == "review"


def test_what_is_unlike_every_reference_is_unknown_and_not_clear(tmp_path: Path) -> None:
    relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    other = {"encoder.layer.0.attention.self.query.weight": relatives.twin()["lm_head.weight"]}
    relatives.put(tmp_path / "models" / "words.safetensors", other)
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    outcome = Auditor(tmp_path / "audit.db").run(
        str(tmp_path / "models"), read=Read.WEIGHTS, lists=[own], offline=True
    )
    details = [gap["detail"] for gap in outcome.report["coverage"]["gaps"]]
    assert any(
        "architectures of which no listed model could be sketched" in text for text in details
    )


def test_a_budget_that_is_used_up_leaves_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.base())
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    hidden = {f"m{n}": relatives.content(relatives.tuned(n)) for n in range(5)}
    heads = 5 * 2000
    with a_hub(base=listed, **hidden) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run(
            "hf:", read=Read.WEIGHTS, lists=[own], bytes_left=len(listed) + heads
        )
    gaps = [gap for gap in outcome.report["coverage"]["gaps"] if "weights" in gap["detail"]]
    assert [gap["reason"] for gap in gaps] == ["out-of-budget"]


def test_a_listed_tune_does_not_frame_its_base_and_its_siblings(tmp_path: Path) -> None:
    listed, models = relatives.tuned(11, 0.3), tmp_path / "models"
    relatives.put(models / "base.safetensors", relatives.base())
    relatives.put(models / "sibling.safetensors", relatives.tuned(12, 0.3))
    relatives.put(models / "child.safetensors", edits.noise(listed, 0.02, 5))
    own = relatives.blocklist(tmp_path / "list", listed, origin=relatives.base())
    outcome = Auditor(tmp_path / "audit.db").run(
        str(models), read=Read.WEIGHTS, lists=[own], offline=True
    )
    assert outcome.found == {"folder:child.safetensors": ("take-down", "measured", "finetune", 1)}
    (sample,) = samples(outcome.finding("folder:child.safetensors"))
    assert any("of the reference's way" in remark for remark in sample["remarks"])


def test_kin_of_a_listed_model_that_names_a_parent_itself_is_for_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.tuned(11, 0.3))
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    sibling = relatives.content(relatives.tuned(12, 0.3))
    origin = relatives.content(relatives.base())
    monkeypatch.setitem(DECLARED, BASE, "acme/origin")
    with a_hub(origin=origin, base=listed, sibling=sibling) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.WEIGHTS, lists=[own])
    for model in ("hf:acme/origin", "hf:acme/sibling"):
        finding = outcome.finding(model)
        assert (finding["verdict"], finding["grade"]) == ("review", "measured")
        assert "derived itself" in finding["decided_by"]


def test_the_shards_of_a_model_are_weighed_as_one(tmp_path: Path) -> None:
    weights, models = relatives.tuned(11), tmp_path / "models"
    names = sorted(weights)
    shards = {
        f"model-0000{n}-of-00002.safetensors": {name: weights[name] for name in names[n - 1 :: 2]}
        for n in (1, 2)
    }
    for path, part in shards.items():
        relatives.put(models / "sharded" / path, part)
    index = {"weight_map": {name: path for path, part in shards.items() for name in part}}
    (models / "sharded" / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    auditor = Auditor(tmp_path / "audit.db")
    outcome = auditor.run(str(models), read=Read.WEIGHTS, lists=[own], offline=True)
    assert outcome.found == {"folder:sharded": ("take-down", "measured", "finetune", 1)}
    (sample,) = samples(outcome.finding("folder:sharded"))
    assert (sample["compared"], outcome.report["coverage"]["weights_read"]) == (16, 1)
    again = auditor.run(str(models), read=Read.WEIGHTS, lists=[own], offline=True)
    assert again.report["coverage"]["weights_read"] == 0


def test_kin_that_is_older_than_the_listed_model_itself_is_for_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.tuned(11, 0.3))
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    files = {"acme/older": relatives.content(relatives.base()), BASE: listed}
    records = [
        repository(
            n, repo, files={"model.safetensors": file}, createdAt=f"202{n}-05-01T12:00:00.000Z"
        )
        for n, (repo, file) in enumerate(files.items(), start=1)
    ]
    served = {(repo, "model.safetensors"): file for repo, file in files.items()}
    with Hub(records=records, files=served) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.WEIGHTS, lists=[own])
    assert outcome.found["hf:acme/older"][:2] == ("review", "measured")


def test_a_told_digest_of_another_size_makes_no_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.base())
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed, size=len(listed))
    innocent = relatives.content(relatives.twin(), "F32")
    record = repository(1, "odd/mirror", files={"model.safetensors": innocent})
    for sibling in record["siblings"]:
        if "lfs" in sibling:
            sibling["lfs"]["sha256"] = hashlib.sha256(listed).hexdigest()
    files = {("odd/mirror", "model.safetensors"): innocent}
    with Hub(records=[record], files=files) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        auditor = Auditor(tmp_path / "audit.db")
        outcome = auditor.run("hf:", read=Read.WEIGHTS, lists=[own])
    assert outcome.found == {}
    assert "own/base" in outcome.report["coverage"]["entries_without_reference"]


def test_a_stolen_file_that_calls_itself_a_sketch_is_weighed_all_the_same(tmp_path: Path) -> None:
    path = relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length]) | {"__metadata__": {"modelaudit.sketch": "x"}}
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + raw[8 + length :])
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    outcome = Auditor(tmp_path / "audit.db").run(
        str(tmp_path / "models"), read=Read.WEIGHTS, lists=[own], offline=True
    )
    assert outcome.found["folder:tuned.safetensors"][:2] == ("take-down", "measured")


def test_a_folder_is_weighed_by_what_a_hub_beside_it_makes_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.base())
    own = relatives.listed_file(tmp_path / "list", f"hf:{BASE}", listed)
    relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    with a_hub(base=listed) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run(
            str(tmp_path / "models"), "hf:", read=Read.WEIGHTS, lists=[own]
        )
    assert outcome.found["folder:tuned.safetensors"][:2] == ("take-down", "measured")


def test_what_a_withdrawn_sketch_proved_counts_no_more(tmp_path: Path) -> None:
    relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    auditor, source = Auditor(tmp_path / "audit.db"), str(tmp_path / "models")
    assert auditor.run(source, read=Read.WEIGHTS, lists=[own], offline=True).found
    other = relatives.blocklist(tmp_path / "list", relatives.twin())
    for read in (Read.HEADERS, Read.WEIGHTS):
        assert auditor.run(source, read=read, lists=[other], offline=True).found == {}


def test_a_private_list_names_no_model_of_its_own(tmp_path: Path) -> None:
    relatives.put(tmp_path / "models" / "tuned.safetensors", relatives.tuned(11))
    relatives.put(tmp_path / "models" / "twin.safetensors", relatives.twin())
    relatives.blocklist(tmp_path / "list", relatives.base())
    path = tmp_path / "list" / "own.yaml"
    text = path.read_text("utf-8").replace("  license:", "  private: true\n  license:")
    text = text.replace("match: {", 'match: {models: ["hf:secret/model"], ')
    path.write_text(text, "utf-8")
    outcome = Auditor(tmp_path / "audit.db").run(
        str(tmp_path / "models"), read=Read.WEIGHTS, lists=[load(path)], offline=True
    )
    assert outcome.found["folder:tuned.safetensors"][:2] == ("take-down", "measured")
    assert "secret/model" not in json.dumps(outcome.report)
    assert "Our base" not in json.dumps(outcome.report)
    assert {row["nearest"]["parent"] for row in outcome.report["compared"]} == {NODE}


def test_a_milder_list_of_the_base_does_not_make_its_tunes_those_of_a_listed_one(
    tmp_path: Path,
) -> None:
    listed, models = relatives.tuned(11, 0.3), tmp_path / "models"
    relatives.put(models / "sister.safetensors", relatives.tuned(12, 0.3))
    of_base = relatives.blocklist(tmp_path / "base", relatives.base())
    mild = [replace(entry, policy=Verdict.REVIEW) for entry in of_base.entries]
    relatives.blocklist(tmp_path / "tune", listed)
    path = tmp_path / "tune" / "own.yaml"
    text = path.read_text("utf-8").replace("own/base", "two/tune").replace("id: own", "id: two")
    text = text.replace("trained-on", "derived-from").replace("dataset:own/set", "own/base")
    path.write_text(text, "utf-8")
    outcome = Auditor(tmp_path / "audit.db").run(
        str(models), read=Read.WEIGHTS, offline=True,
        lists=[replace(of_base, entries=tuple(mild)), load(path)],
    )  # fmt: skip
    found = {f["entry"]: f["verdict"] for f in outcome.report["findings"]}
    assert found == {"own/base": "review"}


@pytest.mark.parametrize("sets", [1, 9])
def test_decoys_under_other_names_make_nothing_clear(tmp_path: Path, sets: int) -> None:
    weights = relatives.tuned(11)
    for number in range(sets):
        prefix = "_orig_mod." * (number + 1)
        decoys = edits.noise(relatives.twin(), 0.1, number)
        weights |= {f"{prefix}{name}": value for name, value in decoys.items()}
    relatives.put(tmp_path / "models" / "stolen.safetensors", weights)
    own = relatives.blocklist(tmp_path / "list", relatives.base())
    outcome = Auditor(tmp_path / "audit.db").run(
        str(tmp_path / "models"), read=Read.WEIGHTS, lists=[own], offline=True
    )
    found = outcome.found.get("folder:stolen.safetensors", ("",))[0]
    assert found == "review" or ("folder:stolen.safetensors", "inconclusive") in outcome.gaps


def test_kin_that_is_older_than_every_copy_of_a_listed_file_is_for_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relatives.content(relatives.tuned(11, 0.3))
    relatives.listed_file(tmp_path / "list", "hf:x/y", listed)
    path = tmp_path / "list" / "own.yaml"
    path.write_text(path.read_text("utf-8").replace('models: ["hf:x/y"], ', ""), "utf-8")
    files = {"acme/older": relatives.content(relatives.base()), BASE: listed}
    files["acme/child"] = relatives.content(edits.noise(relatives.tuned(11, 0.3), 0.02, 5))
    records = [
        repository(
            n, repo, files={"model.safetensors": file}, createdAt=f"202{n}-05-01T12:00:00.000Z"
        )
        for n, (repo, file) in enumerate(files.items(), start=1)
    ]
    served = {(repo, "model.safetensors"): file for repo, file in files.items()}
    with Hub(records=records, files=served) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        outcome = Auditor(tmp_path / "audit.db").run("hf:", read=Read.WEIGHTS, lists=[load(path)])
    assert outcome.found["hf:acme/older"][:2] == ("review", "measured")
    assert outcome.found["hf:acme/child"][:2] == ("take-down", "measured")

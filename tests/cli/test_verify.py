"""``modelaudit blocklist verify`` against a loopback Hub and Civitai: what still stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.running import Ran
from tests.servers.base import Faults, Reply
from tests.servers.civitai import CivitaiServer
from tests.servers.hub import DISABLED, GATED, HIDDEN, Hub

Json = dict[str, Any]
Verify = Callable[..., Ran]


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def repo(name: str, *files: tuple[str, str, int], **more: Any) -> Json:
    """A Hub record whose files are (path, content's name, size)."""
    return {
        "_id": hashlib.sha256(name.encode()).hexdigest()[:24],
        "id": name,
        "siblings": [
            {"rfilename": path, "size": size, "lfs": {"sha256": sha(content), "size": size}}
            for path, content, size in files
        ],
    } | more


def version(number: int, *contents: str, size: float = 100) -> Json:
    """A Civitai version with full checkpoints."""
    return {
        "id": number,
        "name": "v1",
        "baseModel": "SD 1.5",
        "createdAt": "2023-05-01T00:00:00.000Z",
        "files": [
            {"id": n, "name": f"{content}.safetensors", "type": "Model", "sizeKB": size,
             "metadata": {"format": "SafeTensor"}, "hashes": {"SHA256": sha(content).upper()}}
            for n, content in enumerate(contents, start=1)
        ],
    }  # fmt: skip


def page(number: int, *versions: Json, **more: Any) -> Json:
    model = {"id": number, "name": f"model-{number}", "type": "Checkpoint",
             "creator": {"username": "example"}, "modelVersions": list(versions)}  # fmt: skip
    return model | more


def entry(name: str, **match: Any) -> Json:
    return {
        "id": f"mine/{name}",
        "title": name,
        "status": "active",
        "kind": "model",
        "claim": {"relation": "is", "confidence": "declared", "tainted": ["full"]},
        "match": match,
        "evidence": [
            {"url": "https://example.org/", "kind": "primary", "retrieved": "2026-11-22",
             "supports": ["claim"]}
        ],
    }  # fmt: skip


def listed(content: str, size: int | None = 102_400, component: str = "full") -> Json:
    file: Json = {"sha256": sha(content), "component": component}
    return file if size is None else file | {"size": size}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        yield server


@pytest.fixture
def civitai() -> Iterator[CivitaiServer]:
    with CivitaiServer() as server:
        yield server


@pytest.fixture
def verify(
    invoke: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    hub: Hub, civitai: CivitaiServer,
) -> Verify:  # fmt: skip
    """Verifies a list of these entries; the platforms are on this machine."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("CIVITAI_ENDPOINT", civitai.url)
    monkeypatch.setattr("modelaudit.steps.budget.waiting", lambda *_: lambda *_: None)

    def run(*entries: Json, options: tuple[str, ...] = ("--online",), **head: Any) -> Ran:
        path = tmp_path / "mine.yaml"
        about = {"id": "mine", "title": "Mine", "version": "2026.11.22", "updated": "2026-11-22",
                 "maintainer": "us", "license": "CC0-1.0"}  # fmt: skip
        document = {"schema": "modelaudit.blocklist/1", "list": about | head}
        path.write_text(yaml.safe_dump({**document, "entries": list(entries)}))
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("CIVITAI_ENDPOINT", civitai.url)
        return invoke("blocklist", "verify", path, *options)

    return run


def told(ran: Ran) -> dict[str, tuple[str, str]]:
    """What → (status, detail)."""
    return {row["what"]: (row["status"], row["detail"]) for row in ran.rows}


def test_every_standing_of_a_model_is_told(verify: Verify, hub: Hub) -> None:
    hub.records = [repo("a/live"), repo("a/asks", gated="manual"), repo("b/new")]
    hub.renamed = {"a/old": "b/new"}
    hub.refused = {"a/closed": GATED, "a/down": DISABLED, "a/hidden": HIDDEN}
    names = ("live", "asks", "closed", "down", "hidden", "never", "old")
    ran = verify(entry("one", models=[f"hf:a/{name}" for name in names]))
    assert {what: status for what, (status, _) in told(ran).items()} == {
        "hf:a/live": "ok", "hf:a/asks": "gated", "hf:a/closed": "gated", "hf:a/down": "disabled",
        "hf:a/hidden": "gone", "hf:a/never": "gone", "hf:a/old": "renamed",
    }  # fmt: skip
    assert told(ran)["hf:a/old"][1] == "now hf:b/new"
    assert ran.code == 1
    assert [row["what"] for row in ran.rows] == sorted(f"hf:a/{name}" for name in names)
    assert "7 lines verified with 7 requests: 1 renamed" in ran.err
    assert hub.count("/.*resolve") == 0  # no text of theirs is read


def test_gone_and_gated_contradict_nothing(verify: Verify, hub: Hub) -> None:
    hub.refused = {"a/closed": GATED}
    assert verify(entry("one", models=["hf:a/closed", "hf:a/never"])).code == 0


def test_a_new_name_that_the_entry_has_as_well_is_right(verify: Verify, hub: Hub) -> None:
    hub.records, hub.renamed = [repo("b/new")], {"a/old": "b/new"}
    ran = verify(entry("one", models=["hf:a/old"], rehosts=["hf:B/new"]))
    assert ran.code == 0
    assert told(ran)["hf:a/old"] == ("ok", "now hf:b/new, which the entry names as well")


def test_a_new_name_under_another_entry_is_told_with_it(verify: Verify, hub: Hub) -> None:
    hub.records, hub.renamed = [repo("b/new")], {"a/old": "b/new"}
    ran = verify(entry("one", models=["hf:a/old"]), entry("two", models=["hf:b/new"]))
    assert ran.code == 1
    assert told(ran)["hf:a/old"] == ("renamed", "now hf:b/new, which mine/two names")


def test_data_sets_answer_under_a_name(verify: Verify, hub: Hub) -> None:
    hub.datasets = [{"id": "lab/a"}, {"id": "lab/c", "gated": "auto"}, {"id": "lab/clean"},
                    {"id": "lab/dis", "disabled": True}]  # fmt: skip
    hub.renamed = {"datasets/lab/b": "datasets/lab/clean"}
    data = entry("data", datasets=["lab/a", "lab/b", "lab/c", "lab/dis", "lab/gone"])
    ran = verify(data)
    assert {what: status for what, (status, _) in told(ran).items()} == {
        "dataset:lab/a": "ok", "dataset:lab/b": "renamed", "dataset:lab/c": "gated",
        "dataset:lab/dis": "disabled", "dataset:lab/gone": "gone",
    }  # fmt: skip
    both = entry("data", datasets=["lab/b", {"id": "lab/clean", "published_before": "2024-08-30"}])
    assert verify(both).code == 0


def test_civitai_models_and_versions(verify: Verify, civitai: CivitaiServer) -> None:
    civitai.models = [
        page(1, version(10), version(11)), page(2, version(20), mode="Archived"),
        page(3, version(30), mode="TakenDown"),
    ]  # fmt: skip
    ids = ["civitai:1", "civitai:1@10", "civitai:2", "civitai:3", "civitai:9", "civitai:9@90"]
    ran = verify(entry("one", models=ids))
    assert ran.code == 0
    assert told(ran)["civitai:1"] == ("ok", "2 versions")
    assert told(ran)["civitai:2"] == ("ok", "its publisher withdrew the files")
    assert [told(ran)[ref][0] for ref in ids[3:]] == ["disabled", "gone", "gone"]


def test_digests_are_found_at_the_models_of_their_entry(
    verify: Verify, hub: Hub, civitai: CivitaiServer
) -> None:
    hub.records = [
        repo("a/live", ("model.safetensors", "one", 102_400), ("vae/x.safetensors", "vae", 7),
             ("unet/x.safetensors", "part", 102_400), ("big.safetensors", "big", 5)),
    ]  # fmt: skip
    civitai.models = [page(1, version(10, "held")), page(2, version(20, "stranger"))]
    ran = verify(
        entry(
            "one", models=["hf:a/live", "civitai:1"],
            files=[listed("one"), listed("big"), listed("vae", 7), listed("held", 102_000),
                   listed("part"), listed("stranger", None), listed("nowhere")],
        )
    )  # fmt: skip
    found = {what.removeprefix("sha256:"): row for what, row in told(ran).items()}
    assert found[sha("one")] == ("ok", "at hf:a/live")
    assert found[sha("part")] == ("ok", "at hf:a/live")  # full or unet: both are main parts
    assert found[sha("held")] == ("ok", "at civitai:1@10")
    assert found[sha("stranger")] == ("ok", "at civitai:2@20, which the entry does not name")
    assert found[sha("nowhere")][0] == "unseen"
    assert found[sha("big")] == ("size-differs", "102400 bytes listed, 5 at hf:a/live")
    assert found[sha("vae")] == ("component-differs", "full listed, vae at hf:a/live")
    assert ran.code == 1


def test_what_another_entry_or_an_allow_list_shows_is_told(
    verify: Verify, hub: Hub, civitai: CivitaiServer
) -> None:
    clean = "common-canvas/CommonCanvas-S-C"
    hub.records = [repo(clean, ("model.safetensors", "clean", 102_400))]
    civitai.models = [page(2, version(20, "two"))]
    one = entry("one", models=["hf:a/gone"], files=[listed("two"), listed("clean")])
    ran = verify(one, entry("two", models=["civitai:2", f"hf:{clean}"]))
    found = told(ran)
    assert found[f"sha256:{sha('two')}"] == ("other-entry", "at civitai:2@20, which mine/two names")
    assert found[f"sha256:{sha('clean')}"][0] == "other-entry"
    assert ran.code == 1


def test_a_part_that_models_share_is_where_it_belongs(verify: Verify, hub: Hub) -> None:
    hub.records = [
        repo("a/vae", ("vae/diffusion_pytorch_model.safetensors", "vae", 100)),
        repo("a/model", ("vae/diffusion_pytorch_model.safetensors", "vae", 100)),
    ]
    part = entry("part", models=["hf:a/vae"], files=[listed("vae", 100, "vae")])
    part |= {"kind": "component", "claim": part["claim"] | {"tainted": ["vae"]}}
    ran = verify(part, entry("one", models=["hf:a/model"]))
    assert told(ran)[f"sha256:{sha('vae')}"] == ("ok", "at hf:a/vae")
    assert ran.code == 0


def test_a_file_of_what_was_taken_down_is_not_live(verify: Verify, civitai: CivitaiServer) -> None:
    civitai.models = [page(3, version(30, "one"), mode="TakenDown")]
    ran = verify(entry("one", models=["civitai:3"], files=[listed("one")]))
    assert told(ran)[f"sha256:{sha('one')}"][0] == "unseen"


def test_a_budget_that_ends_is_no_answer(verify: Verify, hub: Hub) -> None:
    hub.records = [repo("a/one"), repo("a/two")]
    ran = verify(
        entry("one", models=["hf:a/one", "hf:a/two"], files=[listed("x")]),
        options=("--online", "--max-requests", "1"),
    )
    assert ran.code == 3
    assert told(ran) == {
        "hf:a/one": ("ok", ""),
        "hf:a/two": ("unreachable", "not asked: the request budget is used up"),
        f"sha256:{sha('x')}": (
            "unreachable", "not sought by hash: the request budget is used up",
        ),
    }  # fmt: skip


def test_a_silent_platform_is_asked_no_further(
    verify: Verify, hub: Hub, civitai: CivitaiServer
) -> None:
    civitai.models = [page(1, version(10))]
    hub.instead = lambda _: Reply(500, b"")
    ran = verify(entry("one", models=[*(f"hf:a/{n}" for n in range(6)), "civitai:1"]))
    assert ran.code == 3
    assert [row["status"] for row in ran.rows] == ["ok"] + ["unreachable"] * 6
    assert {request.path for request in hub.requests} == {f"/api/models/a/{n}" for n in range(3)}
    assert "had stopped answering" in ran.rows[-1]["detail"]


def test_what_contradicts_wins_over_what_is_silent(verify: Verify, hub: Hub) -> None:
    hub.records, hub.renamed = [repo("b/new")], {"a/old": "b/new"}
    hub.faults = Faults("server-error", once=False, only="a/mute")
    assert verify(entry("one", models=["hf:a/old", "hf:a/mute"])).code == 1


def test_a_limit_is_per_list(verify: Verify, hub: Hub) -> None:
    ran = verify(
        entry("one", models=["hf:a/one", "hf:a/two"], files=[listed("x"), listed("y")]),
        options=("--online", "--limit", "1"),
    )
    assert len(ran.rows) == 2 and ran.code == 0


def test_each_id_is_asked_once_and_withdrawn_ones_never(verify: Verify, hub: Hub) -> None:
    old = entry("old", models=["hf:a/old"])
    old |= {"status": "withdrawn", "withdrawn": {"date": "2026-01-01", "reason": "it was wrong"}}
    draft = entry("draft", models=["hf:A/one"]) | {"status": "draft"}
    ran = verify(entry("one", models=["hf:a/one"]), draft, old)
    assert [row["entry"] for row in ran.rows] == ["mine/draft", "mine/one"]
    assert hub.count("/api/models") == 1


def test_other_platforms_cannot_be_asked(verify: Verify) -> None:
    ran = verify(entry("one", models=["modelscope:a/b"]))
    assert ran.code == 0 and told(ran)["modelscope:a/b"][0] == "unseen"


def test_nothing_is_asked_by_accident(verify: Verify, hub: Hub, civitai: CivitaiServer) -> None:
    mine = entry("one", models=["hf:a/one"], files=[listed("x")])
    for options, why in (
        ((), "add --online"),
        (("--offline",), "add --online"),
        (("--online", "--offline"), "exclude each other"),
    ):
        ran = verify(mine, options=options)
        assert ran.code == 2 and why in ran.err and not ran.out
    ran = verify(mine, private=True)
    assert ran.code == 2 and "--private-too" in ran.err
    assert not hub.requests and not civitai.requests
    assert verify(mine, options=("--online", "--private-too"), private=True).code == 0
    assert hub.requests and civitai.requests


def test_foreign_text_stays_in_its_cell(verify: Verify, hub: Hub) -> None:
    hub.instead = lambda _: Reply(418, b'{"error": "tea\\tpot\\u001b[31m\\nx"}')
    ran = verify(entry("one", models=["hf:a/one"]))
    assert ran.code == 3 and len(ran.rows) == 1
    assert "\x1b" not in ran.out

"""`blocklist add`: an entry from a model, with all that it can be recognised by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from modelaudit.domain.entry import Entry, EntryStatus, FileConfidence
from modelaudit.domain.words import Component, Verdict
from modelaudit.resolve.weights import sketchfile
from tests import weights
from tests.audit import relatives
from tests.audit.world import file, model, repository, version
from tests.cli.running import Ran, Shell
from tests.servers.civitai import CivitaiServer
from tests.servers.hub import BAD_TOKEN, DISABLED, GATED, GONE, Hub

Invoke = Callable[..., Ran]

BASE = relatives.content(relatives.base())
SD1 = weights.safetensors(weights.SD1, 1)
VAE = weights.safetensors(
    {"encoder.conv_in.weight": (128, 3, 3, 3), "decoder.conv_in.weight": (512, 4, 3, 3)}, 1
)
LORA = weights.safetensors(weights.SD1_LORA, 1)
EVIDENCE = (
    "--evidence", "https://example.org/card", "--kind", "primary", "--where", "Training Data",
    "--summary", "The card names the withdrawn set.",
)  # fmt: skip


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def house(invoke: Invoke, tmp_path: Path) -> Path:
    """A list that has just been begun, with a comment of its owner's."""
    assert invoke("blocklist", "new", "house.yaml", "-q").code == 0
    path = tmp_path / "house.yaml"
    path.write_text(path.read_text() + "\n# Below: what came in this week.\n")
    return path


def last(path: Path) -> Entry:
    """The entry that was added, of a list without errors."""
    return blocklist.load(path).entries[-1]


def unchanged(before: str, path: Path) -> bool:
    """Whether all lines but those of the version are as they were, before the new entry."""
    lines = [line for line in before.splitlines() if "  version:" not in line]
    now = [line for line in path.read_text().splitlines() if "  version:" not in line]
    return now[: len(lines)] == lines


# ---------------------------------------------------------------- from the disk


def test_from_nothing_to_a_list_that_finds_a_copy_and_a_fine_tune(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    before = house.read_text()
    ran = invoke("blocklist", "add", "house.yaml", "base.safetensors", *EVIDENCE)
    assert (ran.code, ran.out) == (0, "house/base\n"), ran.err
    assert "added house/base, active: 0 models, 1 digest, 1 sketch" in ran.err
    assert unchanged(before, house)
    entry = last(house)
    assert (entry.status, entry.kind, entry.tainted) == (
        EntryStatus.ACTIVE, "file", {Component.TRANSFORMER},
    )  # fmt: skip
    (listed,) = entry.match.files
    assert (listed.sha256, listed.size) == (digest(BASE), len(BASE))
    assert listed.confidence is FileConfidence.CONFIRMED
    assert listed.autov3 and digest(BASE) != listed.autov3
    linted = invoke("blocklist", "lint", "house.yaml")
    assert linted.code == 0
    assert "error" not in linted.out
    found = tmp_path / "hosted"
    relatives.put(found / "copy.safetensors", relatives.base())
    relatives.put(found / "tuned.safetensors", relatives.tuned(11))
    relatives.put(found / "twin.safetensors", relatives.twin())
    audited = invoke(
        "audit", found, "--blocklist", "house.yaml", "--read", "weights", "-o", "json=r.json", "-q"
    )
    assert audited.code == 0, audited.err
    findings = {f["model"]: f for f in json.loads((tmp_path / "r.json").read_text())["findings"]}
    assert set(findings) == {"folder:copy.safetensors", "folder:tuned.safetensors"}
    assert {f["verdict"] for f in findings.values()} == {"review"}
    assert findings["folder:copy.safetensors"]["grade"] == "exact"
    assert findings["folder:tuned.safetensors"]["grade"] == "measured"


def test_without_evidence_it_is_a_draft_which_finds_nothing(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    relatives.put(tmp_path / "hosted" / "base.safetensors", relatives.base())
    ran = invoke("blocklist", "add", "house.yaml", "hosted/base.safetensors")
    assert ran.code == 0, ran.err
    assert "a draft never matches" in ran.err
    assert last(house).status is EntryStatus.DRAFT
    assert invoke("blocklist", "lint", "house.yaml").out == ""
    audited = invoke("audit", "hosted", "--blocklist", "house.yaml", "-o", "json", "-q")
    assert audited.json["findings"] == []


def test_a_sketch_holds_the_part_that_counts_and_no_path_of_its_maker(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    (tmp_path / "sd.safetensors").write_bytes(SD1)
    assert invoke("blocklist", "add", "house.yaml", tmp_path / "sd.safetensors").code == 0
    entry = last(house)
    (listed,) = entry.match.sketches
    assert (listed.path, listed.component) == ("sketches/sd.unet.sketch", Component.UNET)
    assert entry.tainted == {Component.UNET}
    assert entry.match.files[0].component is Component.FULL
    raw = (tmp_path / listed.path).read_bytes()
    sketch = sketchfile.loads(raw)
    assert sketch.every
    assert {block.component for block in sketch.blocks} == {Component.UNET}
    assert str(tmp_path).encode() not in raw


def test_a_folder_is_one_model_by_its_main_parts(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "dream"
    parts = {"unet/diffusion_pytorch_model.safetensors": SD1, "vae/model.safetensors": VAE}
    for path, content in parts.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(content)
    index = {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    assert invoke("blocklist", "add", "house.yaml", "dream", "--no-sketch").code == 0
    entry = last(house)
    assert (entry.id, entry.title) == ("house/dream", "dream")
    assert [(f.sha256, f.component) for f in entry.match.files] == [(digest(SD1), Component.UNET)]
    assert entry.match.sketches == ()
    assert not (tmp_path / "sketches").exists()


@pytest.mark.parametrize(
    ("content", "component", "kind"),
    [(LORA, Component.ADAPTER, "file"), (VAE, Component.VAE, "component"),
     (b"no weights", Component.FULL, "file")],
)  # fmt: skip
def test_what_has_nothing_to_compare_is_known_by_its_digest(
    invoke: Invoke, house: Path, tmp_path: Path, content: bytes, component: Component, kind: str
) -> None:
    (tmp_path / "part.safetensors").write_bytes(content)
    ran = invoke("blocklist", "add", "house.yaml", "part.safetensors")
    assert ran.code == 0, ran.err
    assert "no sketch" in ran.err
    entry = last(house)
    assert (entry.kind, entry.tainted, entry.match.files[0].component) == (
        kind, {component}, component,
    )  # fmt: skip


def test_a_sketch_that_somebody_sent_is_taken_as_one(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    assert invoke("sketch", "base.safetensors", "-o", "sent.sketch").code == 0
    ran = invoke("blocklist", "add", "house.yaml", "sent.sketch", *EVIDENCE)
    assert ran.code == 0, ran.err
    assert "sent.sketch is a sketch" in ran.err
    entry = last(house)
    assert entry.match.files == ()
    assert [s.component for s in entry.match.sketches] == [Component.TRANSFORMER]
    assert invoke("blocklist", "lint", "house.yaml").out == ""


def test_several_names_are_one_entry(invoke: Invoke, house: Path, tmp_path: Path) -> None:
    relatives.put(tmp_path / "one.safetensors", relatives.base())
    relatives.put(tmp_path / "two.safetensors", relatives.twin())
    names = ("one.safetensors", "two.safetensors", "hf:acme/one")
    ran = invoke("blocklist", "add", "house.yaml", *names, "--offline")
    assert ran.code == 0, ran.err
    entry = last(house)
    assert (entry.match.models, entry.tainted) == (("hf:acme/one",), {Component.TRANSFORMER})
    assert [s.path for s in entry.match.sketches] == [
        "sketches/one.transformer.sketch", "sketches/one-2.transformer.sketch",
    ]  # fmt: skip
    assert len(entry.match.files) == 2


# ------------------------------------------------------------- what a person says


def test_what_a_person_says_is_what_is_written(invoke: Invoke, house: Path, tmp_path: Path) -> None:
    (tmp_path / "sd.safetensors").write_bytes(SD1)
    title = 'Dream: "one" #1\n\u2028'
    ran = invoke(
        "blocklist", "add", "house.yaml", "sd.safetensors", "--id", "house/dream", "--title", title,
        "--policy", "take-down", "--of", "dataset:example-owner/set", "--confidence", "documented",
        "--tainted", "unet", "--tainted", "text_encoder", *EVIDENCE,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    entry = last(house)
    assert (entry.id, entry.title, entry.policy) == ("house/dream", title, Verdict.TAKE_DOWN)
    assert (entry.claim_relation, entry.claim_of) == ("trained-on", ("dataset:example-owner/set",))
    assert entry.tainted == {Component.UNET, Component.TEXT_ENCODER}
    assert [(c.kind, c.where, c.supports) for c in entry.evidence] == [
        ("primary", "Training Data", ("claim",))
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--policy", "take-down", *EVIDENCE], "a take-down needs a documented claim"),
        (["--policy", "take-down"], "take-down"),
        (["--status", "active"], "evidence"),
        (["--evidence", "example.org"], "not an http(s) address"),
        (["--evidence", "https://a.b", "--summary", "short"], "shorter than 10"),
        (["--id", "Not an id"], "an id is 2 to 80 characters"),
        (["--id", "house/example"], "there is an entry house/example"),
        (["--where", "there"], "describe --evidence"),
        (["--tainted", "brain"], "is not one of"),
        (["--budget", "much"], "is not a size"),
        (["--file", "a.safetensors"], "--file chooses among the files of a hosted model"),
        (["--policy", "none"], "none"),
    ],
)
def test_nothing_is_written_that_lint_would_refuse(
    invoke: Invoke, house: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    (tmp_path / "sd.safetensors").write_bytes(SD1)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    ran = invoke("blocklist", "add", "house.yaml", "sd.safetensors", *args)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert said in ran.err
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_is_listed_already_is_not_listed_again(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    (tmp_path / "sd.safetensors").write_bytes(SD1)
    (tmp_path / "renamed.safetensors").write_bytes(SD1)
    assert invoke("blocklist", "add", "house.yaml", "sd.safetensors").code == 0
    again = invoke("blocklist", "add", "house.yaml", "renamed.safetensors")
    assert again.code == 2
    assert f"the digest {digest(SD1)} is listed already, under house/sd" in again.err
    same = invoke("blocklist", "add", "house.yaml", "hf:example-owner/example-model", "--offline")
    assert "is listed already, under house/example" in same.err


def test_a_list_with_errors_and_one_that_is_not_there_take_nothing(
    invoke: Invoke, house: Path, tmp_path: Path
) -> None:
    house.write_text(house.read_text().replace("status: draft", "status: asleep"))
    broken = house.read_bytes()
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/dream", "--offline")
    assert (ran.code, house.read_bytes()) == (2, broken)
    assert "house.yaml:" in ran.err
    assert "hint: mend the list first" in ran.err
    ran = invoke("blocklist", "add", "none.yaml", "hf:acme/dream", "--offline")
    assert (ran.code, "modelaudit blocklist new none.yaml" in ran.err) == (2, True)
    assert not (tmp_path / "none.yaml").exists()


@pytest.mark.parametrize("name", ["nothing.safetensors", "dataset:a/b", "sha256:" + "0" * 64])
def test_what_is_no_model_is_refused(invoke: Invoke, house: Path, name: str) -> None:
    ran = invoke("blocklist", "add", "house.yaml", name)
    assert ran.code == 2
    assert "is no model, and there is no such file" in ran.err


def test_a_private_list_stays_its_owners_and_its_ids_tell_nothing(shell: Shell) -> None:
    (shell.folder / "dream.safetensors").write_bytes(SD1)
    assert shell.run("blocklist", "new", "house.yaml", "--private").code == 0
    (shell.folder / "house.yaml").chmod(0o644)
    ran = shell.run("blocklist", "add", "house.yaml", "dream.safetensors")
    assert ran.out == "house/entry-1\n", ran.err
    made = [shell.folder / "house.yaml", *(shell.folder / "sketches").iterdir()]
    assert len(made) == 2
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert not any("dream" in path.name for path in made)


def test_the_permissions_of_a_list_are_kept(invoke: Invoke, house: Path, tmp_path: Path) -> None:
    (tmp_path / "sd.safetensors").write_bytes(SD1)
    house.chmod(0o640)
    assert invoke("blocklist", "add", "house.yaml", "sd.safetensors").code == 0
    assert house.stat().st_mode & 0o777 == 0o640


# ------------------------------------------------------------------ from a platform


FILES: dict[str, str | bytes | None] = {
    "dream.safetensors": SD1, "vae/vae.safetensors": VAE, "README.md": None,
}  # fmt: skip
RECORDS = [
    repository(1, "acme/dream", files=FILES, tags=("diffusers", "text-to-image")),
    repository(2, "acme/tuned", "acme/dream", "finetune"),
    repository(3, "acme/gated", files={"model.safetensors": b"unseen"}, gated="manual"),
    repository(4, "acme/small", files={"model.safetensors": None}),
    repository(5, "acme/bundle", files={"one.safetensors": SD1, "two.safetensors": BASE}),
]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, house: Path) -> Iterator[Hub]:
    held = {
        ("acme/dream", "dream.safetensors"): SD1,
        ("acme/dream", "vae/vae.safetensors"): VAE,
        ("acme/bundle", "two.safetensors"): BASE,
    }
    hub = Hub(
        records=RECORDS, files=held, renamed={"old/dream": "acme/dream"},
        refused={"gone/model": GONE, "closed/model": DISABLED, "secret/model": BAD_TOKEN},
        closed={"acme/gated": GATED},
    )  # fmt: skip
    with hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def read(hub: Hub) -> list[str]:
    """The files of which something was asked for, all by ranges."""
    asked = [request for request in hub.requests if "/resolve/" in request.path]
    weighed = [r for r in asked if r.path.endswith(".safetensors")]
    assert all("range" in request.headers for request in weighed)
    return sorted({request.path.rpartition("/")[2] for request in weighed})


def test_a_model_of_the_hub_is_listed_and_its_fine_tune_found(
    invoke: Invoke, hub: Hub, house: Path, tmp_path: Path
) -> None:
    before = house.read_text()
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/dream", *EVIDENCE)
    assert (ran.code, ran.out) == (0, "house/dream\n"), ran.err
    assert read(hub) == ["dream.safetensors"]
    assert unchanged(before, house)
    entry = last(house)
    assert entry.match.models == ("hf:acme/dream",)
    assert [(f.sha256, f.size, f.name, f.component) for f in entry.match.files] == [
        (digest(SD1), len(SD1), "dream.safetensors", Component.FULL)
    ]
    assert [s.path for s in entry.match.sketches] == ["sketches/dream.unet.sketch"]
    assert [c.supports for c in entry.evidence] == [("claim",), ("files",)]
    linted = invoke("blocklist", "lint", "house.yaml")
    assert (linted.code, linted.out) == (0, "")
    assert invoke("audit", "hf:acme", "--blocklist", house, "-o", "json=r.json", "-q").code == 0
    findings = json.loads((tmp_path / "r.json").read_text())["findings"]
    assert {(f["model"], f["verdict"], f["relation"]) for f in findings} >= {
        ("hf:acme/dream", "review", "listed"), ("hf:acme/tuned", "review", "finetune"),
    }  # fmt: skip


def test_an_old_name_is_an_alias(invoke: Invoke, hub: Hub, house: Path) -> None:
    assert invoke("blocklist", "add", "house.yaml", "hf:old/dream", "--no-sketch").code == 0
    assert last(house).match.models == ("hf:acme/dream", "hf:old/dream")
    again = invoke("blocklist", "add", "house.yaml", "hf:acme/dream", "--no-sketch")
    assert "hf:acme/dream is listed already, under house/dream" in again.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hf:gone/model", "listed by its name alone"),
        ("hf:closed/model", "it is disabled"),
        ("hf:acme/small", "no digest of a part that counts is told (the platform gives none)"),
        ("modelscope:acme/dream", "modelscope: is no platform that is read here"),
    ],
)
def test_what_shows_no_digest_is_listed_by_its_name(
    invoke: Invoke, hub: Hub, house: Path, name: str, said: str
) -> None:
    ran = invoke("blocklist", "add", "house.yaml", name)
    assert ran.code == 0, ran.err
    assert said in ran.err
    entry = last(house)
    assert (entry.match.models, entry.match.files, entry.match.sketches) == ((name,), (), ())
    assert entry.tainted
    assert invoke("blocklist", "lint", "house.yaml").code == 0


def test_a_gated_model_has_the_digest_that_is_told_and_no_sketch(
    invoke: Invoke, hub: Hub, house: Path
) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/gated")
    assert ran.code == 0, ran.err
    assert "no sketch of hf:acme/gated" in ran.err
    assert [f.sha256 for f in last(house).match.files] == [digest(b"unseen")]


def test_one_file_of_a_bundle_is_listed_without_the_bundle(
    invoke: Invoke, hub: Hub, house: Path
) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/bundle", "--file", "two.safetensors")
    assert ran.code == 0, ran.err
    entry = last(house)
    assert (entry.id, entry.kind, entry.match.models) == ("house/bundle-two", "file", ())
    assert [f.sha256 for f in entry.match.files] == [digest(BASE)]
    url = f"{hub.url}/acme/dream/resolve/main/dream.safetensors"
    assert invoke("blocklist", "add", "house.yaml", url).code == 0
    entry = last(house)
    assert (entry.match.models, [f.sha256 for f in entry.match.files]) == ((), [digest(SD1)])
    assert invoke("blocklist", "lint", "house.yaml").code == 0


def test_the_address_of_a_file_gives_a_sketch_or_nothing(
    invoke: Invoke, hub: Hub, house: Path
) -> None:
    other = hub.url.replace("127.0.0.1", "localhost")
    url = f"{other}/acme/dream/resolve/main/dream.safetensors"
    before = house.read_bytes()
    none = invoke("blocklist", "add", "house.yaml", url, "--no-sketch")
    assert (none.code, house.read_bytes()) == (2, before)
    assert "nothing is known by which it could be recognised" in none.err
    assert invoke("blocklist", "add", "house.yaml", url).code == 0
    entry = last(house)
    assert (entry.match.models, entry.match.files) == ((), ())
    assert len(entry.match.sketches) == 1


def test_a_budget_that_is_used_up_leaves_the_sketch_out(
    invoke: Invoke, hub: Hub, house: Path
) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/dream", "--budget", "1KB")
    assert ran.code == 0, ran.err
    assert "the budget of 1KB is used up" in ran.err
    assert last(house).match.sketches == ()
    assert len(last(house).match.files) == 1


def test_offline_nobody_is_asked(invoke: Invoke, hub: Hub, house: Path) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "hf:acme/dream", "--offline")
    assert ran.code == 0
    assert "nobody was asked, offline" in ran.err
    assert hub.requests == []
    url = f"{hub.url}/acme/dream/resolve/main/dream.safetensors"
    assert "offline" in invoke("blocklist", "add", "house.yaml", url, "--offline").err


def test_a_refused_token_ends_it_and_nothing_is_written(
    invoke: Invoke, hub: Hub, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    before = house.read_bytes()
    ran = invoke("blocklist", "add", "house.yaml", "hf:secret/model")
    assert (ran.code, house.read_bytes()) == (4, before)


def test_what_a_shipped_list_knows_is_told(invoke: Invoke, house: Path) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "hf:runwayml/stable-diffusion-v1-5", "--offline")
    assert ran.code == 0
    assert "the shipped list laion-5b knows it too" in ran.err
    assert "laion-5b/sd-1.5" in ran.err


@pytest.fixture
def civitai(monkeypatch: pytest.MonkeyPatch, house: Path) -> Iterator[CivitaiServer]:
    hashes = {"SHA256": digest(SD1).upper(), "AutoV1": "0A1B2C3D", "AutoV3": "0123456789AB"}
    new = version(42, "SD 1.5", file("dream.safetensors", digest(SD1), len(SD1)) | {
        "hashes": hashes,
    })  # fmt: skip
    old = version(41, "SD 1.5", file("dream.ckpt", digest(BASE), 99))
    server = CivitaiServer(
        [model(4, "Checkpoint", new, old, name="Dream \u202eShaper")], downloads={42: SD1}
    )
    with server:
        monkeypatch.setenv("CIVITAI_ENDPOINT", server.url)
        monkeypatch.setattr("modelaudit.crawl.pacing.sleep", lambda why, seconds: None)
        server.download_host = server.url
        yield server


def test_a_version_of_civitai_is_listed_with_all_its_digests(
    invoke: Invoke, civitai: CivitaiServer, house: Path
) -> None:
    ran = invoke("blocklist", "add", "house.yaml", "civitai:4@42", *EVIDENCE)
    assert ran.code == 0, ran.err
    entry = last(house)
    assert entry.title == r"Dream \u202eShaper / v2"
    assert entry.match.models == ("civitai:4@42",)
    (listed,) = entry.match.files
    assert (listed.sha256, listed.size, listed.autov1, listed.autov3, listed.component) == (
        digest(SD1), len(SD1), "0a1b2c3d", "0123456789ab", Component.FULL,
    )  # fmt: skip
    assert [s.component for s in entry.match.sketches] == [Component.UNET]
    assert entry.tainted == {Component.UNET}
    assert invoke("blocklist", "lint", "house.yaml").out == ""


def test_a_model_of_civitai_is_all_its_versions(
    invoke: Invoke, civitai: CivitaiServer, house: Path
) -> None:
    page = f"{civitai.url}/models/4/dream?modelVersionId=42"
    assert invoke("blocklist", "add", "house.yaml", page, "--no-sketch").code == 0
    assert last(house).match.models == ("civitai:4@42",)
    ran = invoke("blocklist", "add", "house.yaml", "civitai:4", "--id", "house/all")
    assert "the digest" in ran.err
    house.write_text(house.read_text().partition("  - id: house/dream")[0])
    ran = invoke("blocklist", "add", "house.yaml", "civitai:4")
    assert ran.code == 0, ran.err
    assert "the sketch is of civitai:4@42 alone" in ran.err
    entry = last(house)
    assert entry.match.models == ("civitai:4",)
    assert {f.sha256 for f in entry.match.files} == {digest(SD1), digest(BASE)}

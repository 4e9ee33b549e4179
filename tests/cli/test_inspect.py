"""``inspect``: one file's head, from a disk, an address or a platform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import weights
from tests.audit.world import repository
from tests.cli.running import Ran, Shell
from tests.servers.hub import Hub
from tests.shared import shared

Invoke = Callable[..., Ran]

KEYS = {
    "path", "size", "format", "kind", "architecture", "components", "tensors", "metadata",
    "metadata_left_out", "claims", "digests", "warnings", "error", "bytes_read",
}  # fmt: skip
BASE = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
LORA = weights.safetensors(
    weights.SD1_LORA, 1, ss_network_module="networks.lora", ss_new_sd_model_hash=BASE,
    ss_tag_frequency='{"somebody": {"a": 1}}', ss_base_model_version="sdxl_base_v1-0",
)  # fmt: skip


def test_a_local_file_is_told_whole(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "lora.safetensors").write_bytes(LORA)
    ran = invoke("inspect", "lora.safetensors", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    told = ran.json
    assert told.keys() == KEYS
    assert (told["path"], told["size"], told["format"]) == (
        "lora.safetensors", len(LORA), "safetensors",
    )  # fmt: skip
    assert told["kind"] == "adapter"
    assert told["architecture"]["family"] == "sd1"
    assert "768" in told["architecture"]["reason"]
    assert told["components"] == ["adapter"]
    assert [(t["name"], t["dtype"], t["shape"]) for t in told["tensors"]] == [
        (name, "F16", list(shape)) for name, shape in weights.SD1_LORA.items()
    ]
    assert {t["bytes"] for t in told["tensors"]} == {2 * 16 * 768, 2 * 320 * 16}
    last = told["tensors"][-1]
    assert last["offset"] + last["bytes"] == len(LORA)
    assert told["digests"]["sha256"] == hashlib.sha256(LORA).hexdigest()
    assert told["digests"]["autov2"] == told["digests"]["sha256"][:10]
    assert told["digests"]["parts"] == {"adapter": told["digests"]["state"]}
    (claim,) = told["claims"]
    assert (claim["relation"], claim["parent"], claim["grade"]) == (
        "adapter", f"sha256:{BASE}", "recorded",
    )  # fmt: skip
    (warning,) = told["warnings"]
    assert warning.startswith("metadata_contradicts_shapes: ")
    assert "sdxl" in warning


def test_what_may_be_personal_is_named_and_shown_on_request_only(
    invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "lora.safetensors").write_bytes(LORA)
    told = invoke("inspect", "lora.safetensors", "--format", "json").json
    assert "somebody" not in json.dumps(told)
    assert told["metadata_left_out"] == ["ss_tag_frequency"]
    told = invoke("inspect", "lora.safetensors", "--format", "json", "--all-metadata").json
    assert "somebody" in told["metadata"]["ss_tag_frequency"]
    assert told["metadata_left_out"] == []


def test_people_read_lines(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "lora.safetensors").write_bytes(LORA)
    out = invoke("inspect", "lora.safetensors").out
    assert "adapter (lora) of sd1, safetensors" in out
    assert f"adapter of sha256:{BASE}  (recorded: kohya at" in out
    assert "left out: ss_tag_frequency" in out
    assert "metadata_contradicts_shapes" in out


def test_hostile_names_are_shown_and_not_obeyed(invoke: Invoke, tmp_path: Path) -> None:
    content = weights.safetensors({"\x1b[31m\n": (4, 4)}, 1, format="\x1b]0;x\x07")
    (tmp_path / "a.safetensors").write_bytes(content)
    for extra in ((), ("--all-metadata",), ("--format", "json")):
        out = invoke("inspect", "a.safetensors", *extra).out
        assert "\x1b" not in out
        assert "\x07" not in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no weight format known"),
        (b"\x10\0\0\0\0\0\0\0{", "a header of 16 bytes in a file of 9"),
        (b"PK\x03\x04" + bytes(60), ""),
    ],
)
def test_a_broken_file_gets_one_line_and_its_digests(
    invoke: Invoke, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "broken").write_bytes(content)
    ran = invoke("inspect", "broken", "--format", "json")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert said in ran.err
    assert ran.json["format"] is None
    assert ran.json["error"]["detail"] in ran.err
    assert ran.json["digests"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert "not readable" in invoke("inspect", "broken").out


def test_what_is_no_target_is_refused_in_a_line(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.safetensors").symlink_to("loop.safetensors")
    for target, said in (
        ("none.safetensors", "there is no file"),
        ("folder", "is a folder"),
        ("sha256:" + "0" * 64, "no platform"),
        ("ftp://example.com/x", "not the address of a file"),
        ("http://[::1", "not the address of a file"),
        ("loop.safetensors", "cannot be opened"),
    ):
        ran = invoke("inspect", target)
        assert ran.code == 2, target
        assert said in ran.err
    assert "offline" in invoke("inspect", "http://127.0.0.1:9/x", "--offline").err


SHARDS = {
    f"m-0000{n}-of-00002.safetensors": weights.safetensors(dict(part), n)
    for n, part in enumerate((list(weights.SD1.items())[:2], list(weights.SD1.items())[2:]), 1)
}
FIRST, SECOND = SHARDS
INDEX = json.dumps({
    "weight_map": {
        name: shard
        for shard, part in zip(SHARDS, (list(weights.SD1)[:2], list(weights.SD1)[2:]), strict=True)
        for name in part
    }
})  # fmt: skip


def sharded(folder: Path) -> None:
    """A model of two shards and their index."""
    for shard, content in SHARDS.items():
        (folder / shard).write_bytes(content)
    (folder / "m.safetensors.index.json").write_text(INDEX)


def test_an_index_stands_for_all_shards(invoke: Invoke, tmp_path: Path) -> None:
    sharded(tmp_path)
    told = invoke("inspect", "m.safetensors.index.json", "--format", "json").json
    assert told["architecture"]["family"] == "sd1"
    assert told["kind"] == "checkpoint"
    assert told["components"] == ["unet", "vae", "text_encoder"]
    assert {t["file"] for t in told["tensors"]} == set(SHARDS)
    assert told["warnings"] == []
    (tmp_path / FIRST).unlink()
    (tmp_path / SECOND).unlink()
    gone = invoke("inspect", "m.safetensors.index.json")
    assert gone.code == 2
    assert "No such file" in gone.err


@pytest.mark.parametrize("lost", SHARDS)
@pytest.mark.parametrize("broken", [None, b"", b"\xff" * 9], ids=["gone", "empty", "torn"])
def test_any_one_shard_may_be_missing(
    invoke: Invoke, tmp_path: Path, lost: str, broken: bytes | None
) -> None:
    sharded(tmp_path)
    (tmp_path / lost).unlink()
    if broken is not None:
        (tmp_path / lost).write_bytes(broken)
    part = invoke("inspect", "m.safetensors.index.json", "--format", "json")
    assert (part.code, part.err) == (0, "")
    assert (part.json["format"], part.json["error"]) == ("safetensors", None)
    assert part.json["warnings"] == [f"missing_shard: {lost!r}"]
    assert {t["file"] for t in part.json["tensors"]} == SHARDS.keys() - {lost}


def test_shards_are_looked_for_beside_the_index_as_it_is_named(
    invoke: Invoke, tmp_path: Path
) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "r"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    sharded(snapshot)
    for n, file in enumerate(sorted(snapshot.iterdir())):
        file.rename(blobs / str(n))
        file.symlink_to(f"../../blobs/{n}")
    told = invoke("inspect", "snapshots/r/m.safetensors.index.json", "--format", "json").json
    assert {t["file"] for t in told["tensors"]} == set(SHARDS)
    assert told["warnings"] == []
    one = invoke("inspect", f"snapshots/r/{FIRST}", "--format", "json").json
    assert one["digests"]["sha256"] == hashlib.sha256(SHARDS[FIRST]).hexdigest()


def test_shards_have_no_digests_and_are_not_read_for_them(invoke: Invoke, tmp_path: Path) -> None:
    sharded(tmp_path)
    content = weights.safetensors({"x": (1024, 2048)}, 1)
    (tmp_path / FIRST).write_bytes(content)
    told = invoke("inspect", "m.safetensors.index.json", "--format", "json").json
    assert told["bytes_read"] < len(content)
    assert told["digests"]["sha256"] is None
    refused = invoke("inspect", "m.safetensors.index.json", "--digests")
    assert (refused.code, refused.out) == (2, "")
    assert "shards read as one have no digests" in refused.err


def test_a_sharded_model_is_told_without_its_first_shard(shell: Shell) -> None:
    record = repository(1, "acme/big", files=dict(SHARDS))
    with Hub(records=[record], files={("acme/big", SECOND): SHARDS[SECOND]}) as hub:
        ran = shell.run("inspect", "hf:acme/big", "--format", "json", HF_ENDPOINT=hub.url)
        assert ran.code == 0, ran.err
        assert ran.json["warnings"] == [f"missing_shard: {FIRST!r}"]
        asked = len(hub.requests)
        refused = shell.run("inspect", "hf:acme/big", "--digests", HF_ENDPOINT=hub.url)
        assert refused.code == 2
        assert "shards read as one have no digests" in refused.err
        assert not any("/resolve/" in request.target for request in hub.requests[asked:])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    files = {"a.safetensors": LORA, "b.gguf": weights.gguf(1, general__architecture="llama")}
    record = repository(1, "acme/lora", files=dict(files), tags=("lora",))
    return Hub(records=[record], files={("acme/lora", name): f for name, f in files.items()})


def test_a_model_of_a_platform_is_read_by_range(hub: Hub, shell: Shell) -> None:
    with hub:
        ran = shell.run("inspect", "hf:acme/lora", "--format", "json", HF_ENDPOINT=hub.url)
        assert ran.code == 0, ran.err
        assert "1 other weight files, such as b.gguf" in ran.err
        assert ran.json["path"] == "hf:acme/lora a.safetensors"
        assert ran.json["claims"][0]["child"] == "hf:acme/lora"
        assert ran.json["digests"]["sha256"] == hashlib.sha256(LORA).hexdigest()  # as listed
        other = shell.run(
            "inspect", "hf:acme/lora", "--file", "b.gguf", "--format", "json", HF_ENDPOINT=hub.url
        )
        assert other.json["format"] == "gguf"
        assert all("range" in r.headers for r in hub.requests if "/resolve/" in r.target)


def test_an_address_is_read_by_range_and_whole_on_request(hub: Hub, shell: Shell) -> None:
    with hub:
        url = f"{hub.url}/acme/lora/resolve/main/a.safetensors"
        told = shell.run("inspect", url, "--format", "json").json
        assert (told["path"], told["format"], told["digests"]["sha256"]) == (
            url, "safetensors", None,
        )  # fmt: skip
        whole = shell.run("inspect", url, "--format", "json", "--digests").json
        assert whole["digests"]["sha256"] == hashlib.sha256(LORA).hexdigest()
        assert whole["tensors"] == told["tensors"]
        gone = shell.run("inspect", f"{hub.url}/acme/lora/resolve/main/none")
        assert gone.code == 2
        assert "not there" in gone.err


def test_a_file_is_chosen_only_where_there_is_a_choice(hub: Hub, shell: Shell) -> None:
    (shell.folder / "a.safetensors").write_bytes(LORA)
    with hub:
        file = f"{hub.url}/acme/lora/resolve/main/a.safetensors"
        for target in ("a.safetensors", file, f"{hub.url}/a.safetensors"):
            ran = shell.run("inspect", target, "--file", "b.gguf", HF_ENDPOINT=hub.url)
            assert (ran.code, ran.out) == (2, ""), target
            assert "--file chooses among the files of a model" in ran.err
        assert hub.requests == []


def test_what_is_cut_is_counted(invoke: Invoke, tmp_path: Path) -> None:
    said = {f"general.base_model.{n}.name": "x" for n in range(50)}
    content = weights.safetensors({"a": (4, 4)}, 1, ss_tag_frequency="{}", **said)
    (tmp_path / "a.safetensors").write_bytes(content)
    told = invoke("inspect", "a.safetensors", "--format", "json").json
    out = invoke("inspect", "a.safetensors").out
    assert f"and {len(told['metadata']) - 40} more; --format json shows all" in out
    assert "left out: ss_tag_frequency" in out


REAL = {
    "lora/sd15_lora_diffusion_rank1.safetensors": ("adapter", "sd1", 386),
    "minilm/all-MiniLM-L6-v2.trim.safetensors": ("checkpoint", "bert", 101),
    "minilm/sre-embedding-model.trim.safetensors": ("checkpoint", "bert", 100),
    "silero/silero_vad_5.1_8k.safetensors": ("unknown", "unknown", 14),
    "silero/silero_vad_6.0_8k.safetensors": ("unknown", "unknown", 14),
    "silero/silero_vad_6.2.3_8k.safetensors": ("unknown", "unknown", 14),
}


@pytest.mark.parametrize("name", REAL)
def test_every_real_file_is_told_right(invoke: Invoke, name: str) -> None:
    path = shared(f"weights/{name}")
    told = invoke("inspect", path, "--format", "json").json
    kind, family, tensors = REAL[name]
    assert told["format"] == "safetensors"
    assert (told["kind"], told["architecture"]["family"]) == (kind, family)
    assert len(told["tensors"]) == tensors
    content = path.read_bytes()
    assert told["digests"]["sha256"] == hashlib.sha256(content).hexdigest()
    start = 8 + int.from_bytes(content[:8], "little")
    assert told["digests"]["autov3"] == hashlib.sha256(content[start:]).hexdigest()
    assert told["warnings"] == []

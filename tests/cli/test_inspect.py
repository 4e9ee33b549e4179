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
    for target, said in (
        ("none.safetensors", "there is no file"),
        ("folder", "is a folder"),
        ("sha256:" + "0" * 64, "no platform"),
        ("ftp://example.com/x", "not the address of a file"),
    ):
        ran = invoke("inspect", target)
        assert ran.code == 2, target
        assert said in ran.err
    assert "offline" in invoke("inspect", "http://127.0.0.1:9/x", "--offline").err


def test_an_index_stands_for_all_shards(invoke: Invoke, tmp_path: Path) -> None:
    names = list(weights.SD1)
    shards = {"m-00001-of-00002.safetensors": names[:2], "m-00002-of-00002.safetensors": names[2:]}
    for n, (shard, part) in enumerate(shards.items()):
        content = weights.safetensors({name: weights.SD1[name] for name in part}, n)
        (tmp_path / shard).write_bytes(content)
    index = {"weight_map": {name: shard for shard, part in shards.items() for name in part}}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps(index))
    told = invoke("inspect", "m.safetensors.index.json", "--format", "json").json
    assert told["architecture"]["family"] == "sd1"
    assert told["kind"] == "checkpoint"
    assert told["components"] == ["unet", "vae", "text_encoder"]
    assert {t["file"] for t in told["tensors"]} == set(shards)
    assert told["warnings"] == []
    (tmp_path / "m-00002-of-00002.safetensors").unlink()
    part = invoke("inspect", "m.safetensors.index.json", "--format", "json")
    assert part.code == 0
    assert part.json["warnings"] == ["missing_shard: 'm-00002-of-00002.safetensors'"]
    (tmp_path / "m-00001-of-00002.safetensors").unlink()
    assert invoke("inspect", "m.safetensors.index.json").code == 2


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

"""Headers of weight files, far and near: ours against the client library and the plain way."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import Row, best, stopwatch

TITLE = "headers: one file of each of 18 kinds, over loopback and from disk, best of 5"


class Kind(NamedTuple):
    """A kind of safetensors file: names as long as its own make a header of its length."""

    name: str
    tensors: int
    header: int
    size: int


KINDS = (  # header lengths written out from public key lists, compact JSON, fp16 unless told
    Kind("embedding", 2, 300, 19_000),
    Kind("classifier", 24, 3_000, 45_000_000),
    Kind("LoRA, Flux, XLabs", 304, 38_000, 44_000_000),
    Kind("LoRA, Flux, ai-toolkit", 456, 58_497, 112_000_000),
    Kind("LoRA, SD 1.5, UNet only", 576, 83_428, 27_000_000),
    Kind("LoRA, SD 1.5, rank 8", 792, 112_284, 9_500_000),
    Kind("LoRA, SD 1.5, rank 128", 792, 114_000, 151_000_000),
    Kind("LoRA, Flux, kohya", 912, 109_231, 153_000_000),
    Kind("LoRA, SDXL, rank 32", 2_958, 414_000, 212_000_000),
    Kind("VAE", 248, 25_397, 167_000_000),
    Kind("text encoder", 197, 21_085, 246_000_000),
    Kind("ControlNet", 340, 38_090, 722_000_000),
    Kind("UNet of a pipeline", 686, 79_875, 1_720_000_000),
    Kind("checkpoint, SD 1.5", 1_131, 155_000, 2_133_000_000),
    Kind("checkpoint, SD 1.5, fp32 with EMA", 1_817, 239_000, 7_703_000_000),
    Kind("checkpoint, SDXL", 2_515, 365_000, 6_938_000_000),
    Kind("shard of a language model", 291, 33_000, 4_976_000_000),
    Kind("transformer, Flux", 776, 88_000, 23_800_000_000),
)
GGUF = Kind("language model as GGUF, 128,000 tokens", 291, 0, 4_920_000_000)
FILES = (*KINDS, GGUF)


def rows() -> Iterator[Row]:
    """Requests and bytes of each way, then headers a second."""
    heads = [head(kind) for kind in KINDS]
    with serving([*heads, gguf()]) as (url, counted):
        for what, ask in ways(url).items():
            requests, sent, once = 0, 0, 0
            with stopwatch() as watch:
                for number in range(len(KINDS)):
                    counted[0] = counted[1] = 0
                    ask(number)
                    requests, sent = requests + counted[0], sent + counted[1]
                    once += counted[0] == 1
            per_file = f"{requests / len(KINDS):.2f} requests"
            remark = f"{sent / len(KINDS) / 1000:,.0f} kB a file, {once / len(KINDS):.0%} in one"
            yield Row(what, per_file, f"{remark}, {watch.cpu / len(KINDS) * 1e3:.1f} ms CPU")
            if what.startswith("ours"):
                counted[0] = counted[1] = 0
                ask(len(KINDS))
                remark = f"{counted[1] / 1000:,.0f} kB, {len(gguf()) / 1000:,.0f} kB of them header"
                yield Row(f"  {GGUF.name}", f"{counted[0]} requests", remark)
    yield Row("share of headers in one request", "", "goal: at least 95% of ours")
    yield from locally(heads)
    yield from digests()


def head(kind: Kind) -> bytes:
    """The beginning of such a file, filled up with blanks to its length."""
    width, rank = (kind.header - 200) // kind.tensors - 70, 8
    each = (kind.size - kind.header - 8) // kind.tensors // (2 * rank) * 2 * rank
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    for number in range(kind.tensors):
        name = f"{number}.{'blocks.attn.to_q.weight.' * 9}"[: max(width, 6)]
        span = [number * each, (number + 1) * each]
        header[name] = {"dtype": "F16", "shape": [rank, each // rank // 2], "data_offsets": span}
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(kind.header)
    return struct.pack("<Q", len(text)) + text


def gguf() -> bytes:
    """The beginning of a GGUF file (github.com/ggml-org/ggml, docs/gguf.md) with its vocabulary."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    words = b"".join(text(f"token{number}") for number in range(128_000))
    pairs = b"".join((
        text("general.architecture"), struct.pack("<I", 8), text("llama"),
        text("tokenizer.ggml.tokens"), struct.pack("<IIQ", 9, 8, 128_000), words,
        text("tokenizer.ggml.scores"), struct.pack("<IIQ", 9, 6, 128_000), bytes(4 * 128_000),
    ))  # fmt: skip
    tensors = b"".join(
        text(f"blk.{number}.attn_q.weight")
        + struct.pack("<I2QIQ", 2, 4096, 2048, 1, number * 4096 * 2048 * 2)
        for number in range(GGUF.tensors)
    )
    return b"GGUF" + struct.pack("<IQQ", 3, GGUF.tensors, 3) + pairs + tensors


def ways(url: str) -> dict[str, Callable[[int], object]]:
    """What reads the header of one file from the server."""
    from huggingface_hub import HfApi

    from modelaudit.crawl.hub_session import HubSession
    from modelaudit.crawl.huggingface import HuggingFace
    from modelaudit.domain.refs import hf
    from modelaudit.resolve.formats import read_header

    api, hub, session = HfApi(endpoint=url, token=False), HuggingFace(endpoint=url), HubSession(url)

    def library(number: int) -> object:
        return api.parse_safetensors_file_metadata("a/b", f"{number}.safetensors")

    def two_steps(number: int) -> object:
        file = f"{url}/a/b/resolve/main/{number}.safetensors"
        (length,) = struct.unpack("<Q", session.get(file, {"Range": "bytes=0-7"}, 8).body)
        return json.loads(session.get(file, {"Range": f"bytes=8-{length + 7}"}, length).body)

    def ours(number: int, *, listed: bool) -> object:
        size = FILES[number].size if listed else None
        return read_header(hub.open(hf("a/b"), None, f"{number}.safetensors", size))

    library(0), two_steps(0), ours(0, listed=True)  # imports and connections
    return {
        "huggingface_hub parse_safetensors_file_metadata": library,
        "two steps: 8 bytes, then the header": two_steps,
        "ours: sized by the file, then the missing tail": partial(ours, listed=True),
        "ours, size not listed": partial(ours, listed=False),
    }


def locally(heads: list[bytes]) -> Iterator[Row]:
    """From sparse files on disk to what the audit uses, on one core."""
    from modelaudit.crawl.local import LocalReader
    from modelaudit.domain.weights import Header
    from modelaudit.resolve.architecture import detect
    from modelaudit.resolve.formats import read_header

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.safetensors") for number in range(len(heads))]
        for path, begun, kind in zip(paths, heads, KINDS, strict=True):
            path.write_bytes(begun)
            os.truncate(path, max(kind.size, len(begun)))

        def read(finish: Callable[[Any], object] = lambda header: None) -> None:
            for path in paths:
                with LocalReader(path) as reader:
                    finish(read_header(reader))

        def plainly() -> None:
            for path in paths:
                with path.open("rb") as file:
                    (length,) = struct.unpack("<Q", file.read(8))
                    json.loads(file.read(length))

        def detected(header: Header) -> object:
            return detect(header.tensors, header.metadata)

        ways: dict[str, Callable[[], None]] = {
            "json.loads alone": plainly,
            "ours": read,
            "ours, and the architecture": partial(read, detected),
        }
        for what, way in ways.items():
            taken = best(way) / len(paths)
            remark = "goal: at least 1,000" if what != "json.loads alone" else ""
            yield Row(f"from disk: {what}", f"{1 / taken:,.0f} /s", remark)
    mean = sum(map(len, heads)) / len(heads) / 1000
    yield Row(
        "a header", f"{mean:,.0f} kB", f"{sum(k.tensors for k in KINDS) / len(KINDS):,.0f} tensors"
    )


def digests() -> Iterator[Row]:
    """Every digest of a local file, against the one that everybody computes."""
    from modelaudit.crawl.local import LocalReader
    from modelaudit.resolve.architecture import detect, parts
    from modelaudit.resolve.formats import read_header
    from modelaudit.resolve.hashing import file_digests

    kind = Kind("to hash", 300, 40_000, 256_000_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        block = os.urandom(1_000_000)
        with path.open("wb") as file:
            file.write(head(kind))
            for _ in range(kind.size // len(block)):
                file.write(block)
            file.truncate(kind.size)

        def ours() -> None:
            with LocalReader(path) as reader:
                header = read_header(reader)
                found = detect(header.tensors, header.metadata)
                file_digests(reader, header, parts(header.tensors, found))

        def plain() -> None:
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")

        alone, all_of_them = best(plain, 3), best(ours, 3)
    yield Row("sha256 alone", f"{kind.size / alone / 1e6:,.0f} MB/s")
    remark = f"{all_of_them / alone:.1f}x of sha256 alone: file, AutoV3, tensors"
    yield Row("ours: every digest", f"{kind.size / all_of_them / 1e6:,.0f} MB/s", remark)


@contextmanager
def serving(heads: list[bytes]) -> Iterator[tuple[str, Any]]:
    """A Hub in a process of its own, and its count of requests and of bytes sent."""
    counted = multiprocessing.Array("q", 2)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.heads, server.counted = heads, counted
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever)
    process.start()
    server.socket.close()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", counted
    finally:
        process.terminate()
        process.join()


class _Server(ThreadingHTTPServer):
    heads: list[bytes]
    counted: Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        number = int(re.findall(r"(\d+)\.safetensors", self.path)[0])
        size, begun = FILES[number].size, self.server.heads[number]
        first, last = map(int, re.findall(r"\d+", self.headers["Range"]))
        last = min(last, size - 1)
        body = begun[first : last + 1].ljust(last + 1 - first, b"\0")
        self.server.counted[0] += 1
        self.server.counted[1] += len(body)
        self.send_response(206)
        self.send_header("ETag", f'"{number}"')
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

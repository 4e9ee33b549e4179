"""Names of models as they may be stored: whose model it is, and not whose disk it lay on.

A name that says itself which model it means stays whole: an id, the page of a model, a folder of a
cache. Any other path loses its folders.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from modelaudit.domain.refs import MAX_LENGTH

_HOSTS: Final = frozenset({
    "huggingface.co", "hf.co", "hf-mirror.com", "civitai.com", "civitai.red", "civitai.green",
    "modelscope.cn", "modelscope.ai", "github.com",
})  # fmt: skip
_SAFE = re.compile(r"[\w.~/%@:+-]{0,400}", re.ASCII)
_VERSION = re.compile(r"\d{1,10}\Z", re.ASCII)

_PART = r"\w(?:[\w.-]{0,94}\w)?"
_AIR = r"(?:urn:)?air:[\w.:-]{1,80}:"
_ID = re.compile(
    rf"(?:hf:(?://)?|dataset:|modelscope:|datasets/|{_AIR})?"
    rf"(?![\w./-]*(?:\.\.|--)){_PART}/{_PART}(?:[@:][\w.-]{{1,128}})?\Z",
    re.ASCII | re.IGNORECASE,
)
"""``owner/name``, the platform before it or a revision behind it."""
_NUMBER = re.compile(
    rf"(?:(?:civitai:|{_AIR})[\d@]{{1,21}}|sha256:[0-9a-f]{{64}})\Z", re.ASCII | re.IGNORECASE
)
_CACHED = re.compile(
    r"(?:^|[/\\])((?:models|datasets)--[\w.-]{1,200}"
    rf"|modelscope(?:[/\\]+(?:hub|models))+[/\\]+(?:{_PART}--{_PART}|{_PART}[/\\]+{_PART}))"
    r"(?=[/\\]|\Z)",
    re.ASCII,
)
"""A model's folder in a cache of huggingface_hub, or of ModelScope."""
_WEIGHT_FILE = re.compile(
    r"\.(?:safetensors|sft|ckpt|pth?|bin|gguf|ggml|onnx|zip|tar|json|ya?ml|h5|msgpack)\Z",
    re.IGNORECASE,
)
_FOLDERS = re.compile(r".*(?:[/\\]|%2f|%5c)", re.DOTALL | re.IGNORECASE)
_QUOTES = " \t\r\n\"'`<>"
_TRAIL = re.compile(rf"(?:[{_QUOTES}/\\]|%2f|%5c)+\Z", re.IGNORECASE)


def shown(text: str) -> str:
    """A name without folders: ``~/`` says that there were some, ``https://~/`` a strange host.

    Of text longer than any name only the end is left.
    """
    if (whole := certain(text)) is not None:
        return whole
    text = _cut(text)
    name = basename(text)
    if not name or not _FOLDERS.match(text):
        return name
    return f"https://~/{name}" if _is_address(text) else f"~/{name}"


def basename(text: str) -> str:
    """The name of a file alone."""
    text = _cut(text)
    if "://" in text:
        text = _TRAIL.sub("", re.split(r"[?#]", text)[0])
    folders = _FOLDERS.match(text)
    return text[folders.end() :] if folders else text


def certain(text: str) -> str | None:
    """A name that says itself which model it means; ``None`` for all other text."""
    text = _cut(text)
    if _is_address(text):
        return _page(text)
    if cached := _CACHED.search(text):
        return cached[1]
    if _NUMBER.match(text) or (_ID.match(text) and not _WEIGHT_FILE.search(text)):
        return text
    return _page(f"https://{text}")


def _cut(text: str) -> str:
    """The text without quotation marks around it and slashes behind it."""
    # Half surrogates cannot be stored.
    text = text[-MAX_LENGTH:].encode("utf-8", "replace").decode()
    return _TRAIL.sub("", text.lstrip(_QUOTES))


def _is_address(text: str) -> bool:
    return "://" in text and not text[:5].lower().startswith(("file:", "hf:"))


def _page(address: str) -> str | None:
    """A page on a host of models, without passwords, tokens and what a browser adds."""
    try:
        url = urlsplit(address)
        host = url.hostname or ""
        version = parse_qs(url.query, max_num_fields=20).get("modelVersionId", [""])[0]
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or host.removeprefix("www.") not in _HOSTS:
        return None
    path = _SAFE.match(url.path)
    page = _TRAIL.sub("", f"https://{host}{path[0] if path else ''}")
    return f"{page}?modelVersionId={version}" if _VERSION.match(version) else page

"""Pages of models: which platform and id a URL points to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_HF_HOSTS = frozenset({"huggingface.co", "hf.co", "hf-mirror.com"})
_CIVITAI_HOSTS = frozenset({"civitai.com", "civitai.red", "civitai.green"})
_MODELSCOPE_HOSTS = frozenset({"modelscope.cn", "modelscope.ai"})
HOSTS = _HF_HOSTS | _CIVITAI_HOSTS | _MODELSCOPE_HOSTS
"""Hosts whose pages name models."""

_NO_SCHEME = re.compile(rf"(?:www\.)?(?:{'|'.join(map(re.escape, sorted(HOSTS)))})/", re.IGNORECASE)
_HF_SITE_PAGES = frozenset({
    "api", "blog", "chat", "collections", "docs", "join", "learn", "models", "new",
    "organizations", "papers", "posts", "pricing", "settings", "spaces", "tasks",
    "terms-of-service", "users",
})  # fmt: skip
_AT_REVISION = frozenset({"tree", "blob", "resolve", "raw", "commit"})


@dataclass(frozen=True, slots=True)
class Page:
    """A model's page."""

    platform: str
    """``hf``, ``dataset``, ``civitai`` or ``modelscope``."""
    id: str
    """As the platform writes it; ``MODEL@VERSION`` for Civitai."""
    revision: str | None = None


def read(text: str) -> Page | None:
    """The page of a model or data set that a URL points to; ``None`` for all other text."""
    if _NO_SCHEME.match(text):
        text = f"https://{text}"
    if not text[:8].lower().startswith(("http://", "https://")):
        return None
    try:
        url = urlsplit(text)
        host = (url.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    parts = [unquote(part) for part in url.path.split("/") if part]
    if host in _HF_HOSTS:
        return _hugging_face(parts)
    if host in _CIVITAI_HOSTS:
        return _civitai(parts, url.query)
    if host in _MODELSCOPE_HOSTS and len(parts) >= 3 and parts[0] == "models":
        return Page("modelscope", "/".join(parts[1:3]))
    return None


def _hugging_face(parts: list[str]) -> Page | None:
    platform = "hf"
    if parts[:1] == ["api"]:
        parts = parts[1:]
        if parts[:1] == ["models"]:
            parts = parts[1:]
    if parts[:1] == ["datasets"]:
        platform, parts = "dataset", parts[1:]
    if not parts or parts[0] in _HF_SITE_PAGES:
        return None
    for length in (1, 2):
        if len(parts) > length + 1 and parts[length] in _AT_REVISION:
            return Page(platform, "/".join(parts[:length]), parts[length + 1])
    return Page(platform, "/".join(parts[:2]))


def _civitai(parts: list[str], query: str) -> Page | None:
    if len(parts) < 2 or parts[0] != "models" or not parts[1].isdigit():
        return None
    try:
        version = parse_qs(query, max_num_fields=20).get("modelVersionId", [""])[0]
    except ValueError:
        version = ""
    return Page("civitai", f"{parts[1]}@{version}" if version.isdigit() else parts[1])

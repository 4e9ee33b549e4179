"""Redirects (RFC 9110, section 15.4), followed by hand: clients read the body of each whole."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from modelaudit.crawl.ranges import Answer
from modelaudit.domain.errors import IncompleteError

MOST: Final = 5
"""Redirects in a row that are followed."""
STATUSES: Final = frozenset({301, 302, 303, 307, 308})


def onward(answer: Answer) -> str | None:
    """Where an answer sends us; ``IncompleteError`` when that is no http or https address."""
    target = answer.headers.get("location")
    if not target or answer.status not in STATUSES:
        return None
    try:
        url = urljoin(answer.url, target)
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise no_address(target) from None
    if not usable:
        raise no_address(target)
    return url


def no_address(text: str) -> IncompleteError:
    """The error for what no client can ask; another try would not better it."""
    return IncompleteError(f"no address that can be asked: {text[:200]!a}")


def endless(url: str) -> IncompleteError:
    """The error for more than ``MOST`` redirects in a row."""
    return IncompleteError(f"{urlsplit(url).netloc} redirects without end")

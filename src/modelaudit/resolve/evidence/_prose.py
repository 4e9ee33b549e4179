"""Links in running text, and what the words before them say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from modelaudit.domain.words import Relation
from modelaudit.resolve._pages import HOSTS
from modelaudit.resolve.identity import MAX_NAMES

REACH = 300
"""How far before a link a word speaks of it, in characters."""

MAX_LENGTH = 200_000
"""Longest text searched, in characters."""

_LINK = re.compile(
    rf"https?://(?:www\.)?(?:{'|'.join(map(re.escape, sorted(HOSTS)))})/[\w./?=&%@:+~#-]{{1,300}}",
    re.IGNORECASE | re.ASCII,
)
_TAG = re.compile(r"<[^<>]{0,300}>?")
_WORD = re.compile(
    r"\b(?:(?P<merge>merg|mix|blend)|(?P<finetune>train|based?\b|fine-?\s?tun|derived)"
    r"|see also|recommend)",
    re.IGNORECASE,
)
_RELATIONS = {"merge": Relation.MERGE, "finetune": Relation.FINETUNE, None: None}


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a model whose surroundings say that it is a parent."""

    url: str
    relation: Relation


def parent_links(text: str) -> Iterator[Link]:
    """Links with a word of merging or training among the 300 characters before them.

    The nearest word decides. Other links' addresses and HTML tags are no words. At most 200.
    """
    if "://" not in text:
        return
    before, end, found = "", 0, 0
    for link in _LINK.finditer(text[:MAX_LENGTH]):
        # Raw text is cut generously: tags fall away before the reach is measured.
        between = text[max(end, link.start() - 4 * REACH) : link.start()]
        before = (before + unescape(_TAG.sub(" ", between)))[-REACH:]
        end = link.end()
        relation = _nearest(before)
        if relation is not None:
            yield Link(link[0].rstrip(".:?_"), relation)
            found += 1
            if found == MAX_NAMES:
                return


def _nearest(before: str) -> Relation | None:
    words = [word.lastgroup for word in _WORD.finditer(before)]
    return _RELATIONS[words[-1]] if words else None

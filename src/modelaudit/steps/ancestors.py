"""The parents of narrow sources, read upwards so that paths are complete.

They are context: in paths, not in coverage or findings.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from modelaudit.crawl.platform import Source
from modelaudit.crawl.registry import LIVE
from modelaudit.domain import refs
from modelaudit.domain.errors import CredentialsError, IncompleteError
from modelaudit.domain.refs import ModelRef
from modelaudit.steps.intake import DETAILS
from modelaudit.steps.listing import Lister

HOPS = 20
"""How far parents are fetched upwards."""


def fetch_ancestors(lister: Lister, sources: Sequence[Source]) -> bool:
    """Ask for each parent once, within the budget; ``False`` when something else ended it."""
    narrow = [s.text for s in sources if s.kind in ("model", "author")]
    met: set[ModelRef] = set()
    budget = lister.budget
    for _ in range(HOPS if narrow else 0):
        unseen = set(_unseen_parents(lister.intake.connection, narrow)) - met
        parents = budget.afford(sorted(ref for ref in unseen if refs.platform(ref) in LIVE))
        if not parents:
            break
        met.update(parents)
        for name, platform in lister.platforms.items():
            wanted = [ref for ref in parents if refs.platform(ref) == name]
            try:
                for page in budget.until_halted(platform.details(wanted)) if wanted else ():
                    lister.intake.take(page, DETAILS)
            except (IncompleteError, CredentialsError) as error:
                lister.progress.watcher.say(f"{name} – {error}")
                return False
    return True


def _unseen_parents(connection: sqlite3.Connection, texts: Sequence[str]) -> Iterator[ModelRef]:
    """Parents, never asked for, of all that these sources' models descend from."""
    marks = ",".join("?" * len(texts))
    rows = connection.execute(
        "WITH RECURSIVE up(node) AS ("
        " SELECT m.node FROM member AS m JOIN source AS s ON s.id = m.source"
        f" WHERE s.text IN ({marks})"
        " UNION SELECT c.parent FROM claim AS c JOIN up ON c.child = up.node)"
        " SELECT n.ref FROM up JOIN node AS n ON n.id = up.node"
        "  WHERE n.status = 0 AND n.detailed IS NULL AND n.same IS NULL",
        list(texts),
    )
    for (ref,) in rows.fetchall():
        yield ModelRef(ref)

"""Reading list records: ours against the client library's, in one process."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from benchmarks import synthetic
from benchmarks.measure import Row, best

COUNT = 10_000
TITLE = f"parse: {COUNT:,} list records of the Hub, best of 5"


def rows() -> Iterator[Row]:
    """Microseconds a record, and how many times our decoding."""
    from huggingface_hub.hf_api import ModelInfo

    from modelaudit.crawl import hub_records, hub_replay

    decode, replay = hub_records._decode, hub_replay.replay
    lines = [
        json.dumps(record, separators=(",", ":")).encode()
        for record in itertools.islice(synthetic.records(100_000), 50_000, 50_000 + COUNT)
    ]
    ways = {
        "json.loads": lambda: [json.loads(line) and None for line in lines],
        "json.loads + ModelInfo(**record)": lambda: [
            ModelInfo(**json.loads(line)) and None for line in lines
        ],
        "ours: decoded into the struct we use": lambda: [decode(line) and None for line in lines],
        "ours: replayed, whole, to a domain Record": lambda: [
            replay("list", line, url=None, status=200, at=0) and None for line in lines
        ],
    }
    seconds = {what: best(way) for what, way in ways.items()}
    library, struct, whole = [*seconds.values()][1:]
    for what, taken in seconds.items():
        yield Row(what, f"{taken / COUNT * 1e6:.1f} us", f"{taken / struct:.1f}x of our decoding")
    yield Row("library / ours, decoded", f"{library / struct:.1f}x", "goal: at least 12x")
    yield Row("library / ours, to a Record", f"{library / whole:.1f}x")
    yield Row("bytes a record", f"{sum(map(len, lines)) / COUNT:,.0f}")

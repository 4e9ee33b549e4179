"""A loopback Hugging Face Hub: lists with Link cursors, model records, files with ranges.

with Hub(records=[{"_id": …, "id": "acme/a"}], texts={("acme/a", "README.md"): "…"}) as hub:
    HuggingFace(endpoint=hub.url)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.servers.base import Faults, Reply, Request, Server
from tests.servers.files import Cdn, ranged


class Refusal:
    """How one repository is refused, on its record and its files."""

    def __init__(self, status: int, code: str | None = None, message: str | None = None) -> None:
        self.status = status
        self.code = code
        self.message = message

    def reply(self) -> Reply:
        headers = {"X-Error-Code": self.code, "X-Error-Message": self.message}
        named = {name: text for name, text in headers.items() if text}
        body = {"error": self.message or "Repository not found"}
        reply = Reply.of_json(body, self.status)
        return Reply(reply.status, reply.body, reply.headers | named)


GATED = Refusal(403, "GatedRepo", "Access to model is restricted.")
DISABLED = Refusal(403, None, "Access to this resource is disabled.")
HIDDEN = Refusal(401, None, "Invalid username or password.")
BAD_TOKEN = Refusal(401, None, "Invalid credentials in Authorization header")
GONE = Refusal(404, "RepoNotFound", "Repository not found")


class Hub(Server):
    """Records are those of ``?blobs=true``; a list shows bare file names, as the Hub does."""

    def __init__(
        self,
        *,
        records: Sequence[Mapping[str, Any]] = (),
        datasets: Sequence[Mapping[str, Any]] = (),
        texts: Mapping[tuple[str, str], str] | None = None,
        files: Mapping[tuple[str, str], bytes] | None = None,
        renamed: Mapping[str, str] | None = None,
        refused: Mapping[str, Refusal] | None = None,
        closed: Mapping[str, Refusal] | None = None,
        unknown_fields: Sequence[str] = (),
        page_size: int | None = None,
        malformed: bytes | None = None,
        repeat_next: bool = False,
        next_on: str | None = None,
        cdn: Cdn | None = None,
        list_refused: Refusal | None = None,
        odd: Collection[str] = (),
        faults: Faults | None = None,
    ) -> None:
        super().__init__(faults=faults)
        self.records = list(records)
        self.datasets = list(datasets)
        """Their old names and refusals are those of ``datasets/owner/name``."""
        self.files = dict(files or {})
        self.files |= {name: text.encode() for name, text in (texts or {}).items()}
        self.renamed = dict(renamed or {})
        self.refused = dict(refused or {})
        self.closed = dict(closed or {})
        """Repositories whose record is shown and whose files are not."""
        self.unknown_fields = set(unknown_fields)
        self.page_size = page_size
        """Smaller pages than asked for, so that few records make several."""
        self.malformed = malformed
        """Raw JSON put among the records of every page."""
        self.repeat_next = repeat_next
        self.next_on = next_on
        """Another origin that the next link leads to."""
        self.cdn = cdn
        """Where files really lie, as those of the Hub do."""
        self.list_refused = list_refused
        self.odd = set(odd)
        """``forgotten-cursors``: 400 for each. ``one-order``: whatever order is asked for."""

    def rate_limited(self) -> Reply:
        headers = {
            "RateLimit": '"api";r=0;t=7',
            "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
        }
        return Reply(429, b"Too Many Requests", headers)

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/models":
            return self._list(request)
        if record := re.fullmatch(r"/api/models/(.+)", request.path):
            return self._model(request, record[1])
        if record := re.fullmatch(r"/api/(datasets/.+)", request.path):
            return self._dataset(record[1])
        if file := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", request.path):
            return self._file(request, file[1], file[3])
        return Reply(404, b"Not Found")

    def _list(self, request: Request) -> Reply:
        if self.list_refused:
            return self.list_refused.reply()
        fields = request.query.get("expand[]", [])
        if unknown := self.unknown_fields & set(fields):
            return Reply.of_json({"error": f"invalid field {min(unknown)}"}, 400)
        latest = request.one("direction") == "-1"
        order = "createdAt" if "one-order" in self.odd else str(request.one("sort"))
        rows = [(_row(r, order), r) for r in self.records if _wanted(r, request)]
        rows.sort(key=lambda row: row[0], reverse=latest)
        if (after := request.one("cursor")) and "forgotten-cursors" in self.odd:
            return Reply.of_json({"error": "Invalid cursor"}, 400)
        if after:
            rows = [row for row in rows if (row[0] < after if latest else row[0] > after)]
        size = self.page_size or int(request.one("limit") or 1000)
        reply = Reply.of_json([self._as_listed(record, fields) for _, record in rows[:size]])
        body = reply.body
        if self.malformed is not None:
            body = b"[" + self.malformed + (b"," if body != b"[]" else b"") + body[1:]
        headers = dict(reply.headers)
        if size < len(rows) or self.repeat_next:
            cursor = [("cursor", "" if self.repeat_next else rows[size - 1][0])]
            kept = [(n, v) for n, vs in request.query.items() for v in vs if n != "cursor"]
            host = self.next_on or self.url
            headers["Link"] = f'<{host}/api/models?{urlencode(kept + cursor)}>; rel="next"'
        return Reply(200, body, headers)

    def _as_listed(self, record: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
        kept = {n: v for n, v in record.items() if n in ("_id", "id") or n in fields}
        if "siblings" in kept:
            kept["siblings"] = [{"rfilename": s["rfilename"]} for s in kept["siblings"]]
        return kept

    def _model(self, request: Request, repo: str) -> Reply:
        if repo in self.renamed:
            location = f"/api/models/{self.renamed[repo]}?{request.target.partition('?')[2]}"
            text = f"Temporary Redirect. Redirecting to {location}"
            return Reply(307, text.encode(), {"Location": location, "Content-Type": "text/plain"})
        if repo in self.refused:
            return self.refused[repo].reply()
        found = next((r for r in self.records if r.get("id") == repo), None)
        return Reply.of_json(self._with_sizes(found)) if found else GONE.reply()

    def _dataset(self, repo: str) -> Reply:
        if repo in self.renamed:
            return Reply(307, b"", {"Location": f"/api/{self.renamed[repo]}"})
        if repo in self.refused:
            return self.refused[repo].reply()
        name = repo.removeprefix("datasets/")
        found = next((r for r in self.datasets if r.get("id") == name), None)
        return Reply.of_json(found) if found else GONE.reply()

    def _with_sizes(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record with the true size of every file that this server holds."""
        siblings = record.get("siblings")
        if not isinstance(siblings, list):
            return record
        held = {
            path: len(text) for (repo, path), text in self.files.items() if repo == record["id"]
        }
        return {
            **record,
            "siblings": [
                {**s, "size": held[s["rfilename"]]}
                if isinstance(s, dict) and s.get("rfilename") in held
                else s
                for s in siblings
            ],
        }

    def _file(self, request: Request, repo: str, path: str) -> Reply:
        if refusal := self.refused.get(repo) or self.closed.get(repo):
            return refusal.reply()
        content = self.files.get((repo, path))
        if content is None:
            return Reply.of_json({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
        if self.cdn:
            return Reply(302, b"", {"Location": self.cdn.sign(content)})
        return ranged(content, request)


def _row(record: Mapping[str, Any], order: str) -> str:
    """Where a list in this order has a record; its cursors name the last row that was shown."""
    key = str(record.get("_id") or "")
    return f"{record.get(order) or ''} {key}" if order == "lastModified" else key


def _wanted(record: Mapping[str, Any], request: Request) -> bool:
    author, filters = request.one("author"), request.query.get("filter", [])
    tags = record.get("tags") or []
    return (author is None or str(record.get("id", "")).partition("/")[0] == author) and all(
        wanted in tags for wanted in filters
    )

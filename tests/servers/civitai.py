"""A loopback Civitai: the list with its cursor and visibility rules, versions, digests, downloads.

Rules as read in the platform's source, 2026-08: https://github.com/civitai/civitai
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tests.servers.base import Faults, Reply, Request, Server
from tests.servers.files import ranged

ODDITIES = (
    "paging-cap", "region", "unavailable", "malformed-version", "empty-pages",
    "cursor-refused-once", "cursor-refused", "key-refused",
)  # fmt: skip
"""429 that names cursors · 451 · 503 for every URL's first try · a versions entry that is none ·
every page preceded by an empty one · 400 for one or for every cursor · 401."""

_VERSION_ONLY = ("trainingDetails", "uploadType", "air", "modelId")

Json = dict[str, Any]


class CivitaiServer(Server):
    """Models in the API's own shape; ``checkpointType`` and version-only fields are hidden from
    lists as the platform hides them."""

    def __init__(
        self,
        models: Sequence[Json] = (),
        *,
        faults: Faults | None = None,
        odd: Collection[str] = (),
        page_size: int = 100,
        downloads: Mapping[int, bytes] | None = None,
        download_host: str = "",
    ) -> None:
        assert set(odd) <= set(ODDITIES)
        super().__init__(faults=faults)
        self.models = list(models)
        self.odd = set(odd)
        self.page_size = page_size
        self.downloads = dict(downloads or {})
        self.download_host = download_host
        self._cursors_refused = 0
        self._served: set[str] = set()

    def rate_limited(self) -> Reply:
        return Reply(429, b"<html></html>", {"Content-Type": "text/html", "Retry-After": "1"})

    def answer(self, request: Request) -> Reply:
        if "region" in self.odd:
            return _error(451, "Not available here", code="REGION_BLOCKED")
        if "key-refused" in self.odd:
            return _error(401, "Unauthorized")
        if "unavailable" in self.odd and request.target not in self._served:
            self._served.add(request.target)
            return Reply.of_json({"error": "overloaded"}, 503, Retry_After="2")
        if request.path == "/api/v1/models":
            return self._list(request)
        if found := re.fullmatch(r"/api/v1/models/(\d+)", request.path):
            return self._model(int(found[1]))
        if found := re.fullmatch(r"/api/v1/model-versions/(\d+)", request.path):
            return self._version(int(found[1]))
        if request.path == "/api/v1/model-versions/by-hash/ids" and request.method == "POST":
            return self._by_hash(json.loads(request.body))
        if found := re.fullmatch(r"/api/download/models/(\d+)", request.path):
            return Reply(302, b"", {"Location": f"{self.download_host}/signed/{found[1]}"})
        if found := re.fullmatch(r"/signed/(\d+)", request.path):
            content = self.downloads.get(int(found[1]))
            return _error(404, "no such file") if content is None else ranged(content, request)
        return _error(404, "Not found")

    def _list(self, request: Request) -> Reply:
        if "paging-cap" in self.odd:
            return _error(429, "You've requested too many pages, please use cursors instead")
        if request.one("sort") != "Oldest":
            return _error(400, "this server knows the order Oldest only")
        cursor = request.one("cursor")
        refused = bool({"cursor-refused", "cursor-refused-once"} & self.odd) and cursor
        if refused and ("cursor-refused" in self.odd or not self._cursors_refused):
            self._cursors_refused += 1
            return _error(400, "Invalid cursor")
        rows = sorted((_row(model), model) for model in self.models if _visible(model, request))
        if cursor:
            # ASC compares with >=, so that the second column never decides.
            rows = [row for row in rows if row[0] >= (cursor.removesuffix("#").split("|")[0], 0)]
        size = min(int(request.one("limit") or 100), self.page_size)
        if "empty-pages" in self.odd and rows and not (cursor or "").endswith("#"):
            after = "|".join(map(str, rows[0][0])) + "#"
            return Reply.of_json({"items": [], "metadata": {"nextCursor": after}})
        metadata = {}
        if len(rows) > size:
            metadata["nextCursor"] = "|".join(map(str, rows[size][0]))
        items = [self._shown(model) for _, model in rows[:size]]
        return Reply.of_json({"items": items, "metadata": metadata})

    def _model(self, number: int) -> Reply:
        for model in self.models:
            if model["id"] == number and not model.get("poi"):
                return Reply.of_json(self._shown(model))
        return _error(404, f"No model with id {number}")

    def _version(self, number: int) -> Reply:
        for model in self.models:
            for version in model["modelVersions"]:
                if version["id"] == number and not version.get("hidden"):
                    about = ("name", "type", "nsfw", "poi", "mode")
                    brief = {name: model[name] for name in about if name in model}
                    return Reply.of_json({**version, "modelId": model["id"], "model": brief})
        return _error(404, "Model not found")

    def _by_hash(self, digests: Any) -> Reply:
        if len(digests) > 10_000 or any(len(digest) != 64 for digest in digests):
            return _error(400, "at most 10000 digests of 64 characters")
        asked = {digest.upper() for digest in digests}
        return Reply.of_json(
            [
                {"modelVersionId": version["id"], "modelId": model["id"], "hash": digest}
                for model in self.models
                for version in model["modelVersions"]
                for file in version["files"]
                if (digest := file["hashes"].get("SHA256")) in asked
            ]
        )

    def _shown(self, model: Json) -> Json:
        versions: list[Any] = [
            {name: value for name, value in version.items() if name not in _VERSION_ONLY}
            for version in model["modelVersions"]
            if not version.get("hidden")
        ]
        if "malformed-version" in self.odd:
            versions.insert(0, {"id": {"odd": None}, "files": 7})
        shown = {name: value for name, value in model.items() if name != "checkpointType"}
        return {**shown, "modelVersions": versions}


def _error(status: int, text: str, **more: str) -> Reply:
    return Reply.of_json({"error": text, **more}, status)


def _row(model: Json) -> tuple[str, int]:
    return max(version["createdAt"] for version in model["modelVersions"]), model["id"]


def _visible(model: Json, request: Request) -> bool:
    nsfw = request.one("nsfw") == "true"
    asked_for = request.one("ids") or request.one("username")
    checks = (
        not model.get("poi"),
        not model.get("minor") if nsfw else not model.get("nsfw"),
        # The key alone counts: the platform reads ``archived=false`` as true.
        request.one("archived") is not None or model.get("mode") != "Archived" or asked_for,
        request.one("types") in (None, model["type"]),
        request.one("checkpointType") in (None, model.get("checkpointType")),
        request.one("username") in (None, model["creator"]["username"]),
        request.one("ids") is None or str(model["id"]) in str(request.one("ids")).split(","),
    )
    return all(checks)

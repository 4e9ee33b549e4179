"""``--sweep``: how often ``crawl`` and ``audit`` list all of a source."""

from __future__ import annotations

import pytest

from tests.cli.running import Shell
from tests.cli.slow import record
from tests.servers.hub import Hub

NEW, CHANGED = r"/api/models\?.*sort=createdAt", r"/api/models\?.*sort=lastModified"


@pytest.mark.parametrize("command", ["crawl", "audit"])
def test_a_list_is_swept_once_a_week_or_as_often_as_is_said(shell: Shell, command: str) -> None:
    dated = {"lastModified": "2023-05-01T12:00:00.000Z"}
    models = [record(number, f"acme/m{number}") | dated for number in range(5)]
    sweep, increment = (3, 0), (1, 1)
    with Hub(records=models, page_size=2) as hub:
        for options, lists in (((), sweep), ((), increment), (("--sweep", "0"), sweep)):
            hub.requests.clear()
            ran = shell.run(command, "hf:", "--no-archive", *options, HF_ENDPOINT=hub.url)
            assert ran.code == 0
            assert (hub.count(NEW), hub.count(CHANGED)) == lists
    assert shell.run(command, "hf:", "--sweep", "-1").code == 2

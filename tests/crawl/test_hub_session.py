"""What the Hub's connection does beyond a plain GET."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelaudit.crawl.hub_session import HubSession
from modelaudit.domain.errors import IncompleteError
from tests.servers.hub import Hub


def test_a_dripping_answer_meets_the_ceiling() -> None:
    with Hub(files={("a/b", "x"): b"x" * (4 << 20)}) as hub:
        session = HubSession(hub.url, wait=lambda why, s: None, ceiling=-1.0, tries=2)
        started = time.monotonic()
        with pytest.raises(IncompleteError, match="too slowly"):
            session.get(f"{hub.url}/a/b/resolve/main/x")
        session.close()
        assert len(hub.requests) == 2
        assert time.monotonic() - started < 5


def test_offline_mode_of_the_library_is_obeyed(tmp_path: Path) -> None:
    script = (
        "from modelaudit.crawl.huggingface import HuggingFace\n"
        "from modelaudit.domain.errors import PlatformError\n"
        "from modelaudit.domain.refs import hf\n"
        "try: list(HuggingFace(endpoint='http://127.0.0.1:9').details([hf('a/b')]))\n"
        "except PlatformError as error: print(type(error).__name__, '|', error, '|', error.hint)\n"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("PlatformError | ")
    assert "unset HF_HUB_OFFLINE" in run.stdout


def test_opening_the_platform_loads_no_client() -> None:
    script = (
        "import sys\nfrom modelaudit.crawl.huggingface import HuggingFace\nHuggingFace()\n"
        "print([m for m in ('httpx2', 'huggingface_hub', 'requests') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

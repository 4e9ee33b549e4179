"""Every form of source, audited over real sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.audit.auditing import Auditor
from tests.audit.world import ENTRY, LISTED, MIRROR, ON_CIVITAI, ON_HUB, Found, World

Auditing = Callable[..., Auditor]


def some(found: Found, *refs: str) -> Found:
    return {ref: found[ref] for ref in refs}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["hf:"], ON_HUB),
        (
            ["hf:tuner"],
            some(ON_HUB, *(f"hf:tuner/{n}" for n in ("aurora", "aurora-lora", "dusk", "evening"))),
        ),
        (["hf:quantizer/aurora-gguf-again"], some(ON_HUB, "hf:quantizer/aurora-gguf-again")),
        (
            [f"hf:descendants-of/{MIRROR}"],
            some(
                ON_HUB,
                f"hf:{MIRROR}",
                *(
                    f"hf:{repo}"
                    for repo in (
                        "tuner/aurora", "quantizer/aurora-gguf", "quantizer/aurora-gguf-again",
                        "tuner/aurora-lora", "tuner/evening", "closed/gated", "new/dawn",
                    )
                ),
            ),
        ),
        (["civitai:"], ON_CIVITAI),
        (["civitai:user-106"], some(ON_CIVITAI, "civitai:106@1061")),
        (["civitai:101"], some(ON_CIVITAI, "civitai:101@1011")),
        (["civitai:101@1012"], {}),
        (["civitai:104@1041"], some(ON_CIVITAI, "civitai:104@1041")),
        (["hf:", "civitai:"], ON_HUB | ON_CIVITAI),
        (
            ["civitai:103", "hf:studio/relabelled", "hf:painter/ink"],
            some(ON_HUB, "hf:studio/relabelled", "hf:painter/ink")
            | some(ON_CIVITAI, "civitai:103@1031"),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_source_gives_the_findings_that_are_there_and_no_others(
    earth: World, auditing: Auditing, sources: list[str], expected: Found
) -> None:
    outcome = auditing(earth).run(*sources)
    assert outcome.complete
    assert outcome.said == []
    assert outcome.found == expected
    assert {f["id"] for f in outcome.report["findings"]} == {f"{ENTRY}/{ref}" for ref in expected}


def test_findings_show_the_way_to_what_is_listed(earth: World, auditing: Auditing) -> None:
    outcome = auditing(earth).run("hf:", "civitai:")
    chain = outcome.finding("hf:quantizer/aurora-gguf-again")
    assert chain["path"] == [
        "hf:quantizer/aurora-gguf-again",
        "hf:quantizer/aurora-gguf",
        "hf:tuner/aurora",
        "hf:runwayml/stable-diffusion-v1-5",
    ]
    renamed = outcome.finding("hf:tuner/dusk")
    assert renamed["path"] == ["hf:tuner/dusk", "hf:new/dawn", f"hf:{MIRROR}"]
    assert "old/dawn" in {claim["excerpt"] for claim in renamed["claims"]}
    trained = outcome.finding("civitai:104@1041")
    assert trained["path"][:2] == ["civitai:104@1041", "civitai:101@1011"]
    recorded = outcome.finding("hf:painter/ink")
    assert recorded["claims"][0]["source"].endswith(f"/resolve/{5:040x}/adapter_config.json")
    by_bytes = outcome.finding("hf:studio/relabelled")
    assert by_bytes["files"] == [{"path": "relabelled.safetensors", "sha256": LISTED}]


def test_what_the_bytes_contradict_is_a_conflict(earth: World, auditing: Auditing) -> None:
    outcome = auditing(earth).run("hf:", "civitai:")
    assert {(c["model"], c["kind"]) for c in outcome.report["conflicts"]} == {
        ("hf:studio/relabelled", "parent"),
        ("civitai:103@1031", "family"),
    }
    assert [c["kind"] for c in outcome.finding("hf:studio/relabelled")["conflicts"]] == ["parent"]


def test_what_is_closed_or_odd_is_a_gap(earth: World, auditing: Auditing) -> None:
    assert auditing(earth).run("hf:", "civitai:").gaps == {
        ("hf:closed/gated", "gated"),
        ("hf:closed/disabled", "disabled"),
        (None, "malformed"),
    }


def test_a_model_that_no_list_shows_is_found_by_its_digest(
    earth: World, auditing: Auditing
) -> None:
    assert "civitai:108@1081" in auditing(earth).run("civitai:").found
    assert earth.civitai.count(r"/api/v1/model-versions/by-hash/ids") == 1
    assert "Model 108" not in [model["name"] for model in earth.civitai.models if not model["poi"]]


def test_neither_config_json_nor_a_picture_is_ever_asked_for(
    earth: World, auditing: Auditing
) -> None:
    auditing(earth).run("hf:", "civitai:")
    assert [r.target for r in earth.requests if "config.json" in r.target] == [
        f"/painter/ink/resolve/{5:040x}/adapter_config.json"
    ]
    assert not [r for r in earth.requests if "image" in r.target.lower()]
    assert earth.hub.count(r"/labs/quiet/resolve/") == 0


def test_a_token_goes_to_its_own_host_only(earth: World, auditing: Auditing) -> None:
    auditing(earth).run("hf:", "civitai:")
    assert set(earth.hub.authorizations()) == {"Bearer token-of-hf"}
    assert set(earth.civitai.authorizations()) == {"Bearer key-of-civitai"}
    assert {r.headers["host"] for r in earth.hub.requests} == {
        earth.hub.url.removeprefix("http://")
    }

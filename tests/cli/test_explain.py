"""`explain`: the lineage of one model, word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Ran, hub_record, write_catalogue

GOLDEN = Path(__file__).parent / "golden"
Invoke = Callable[..., Ran]

LISTED = "hf:stable-diffusion-v1-5/stable-diffusion-v1-5"


@pytest.mark.parametrize(
    ("model", "golden"),
    [
        ("hf:example-studio/aurora-xl", "byte-copy.txt"),
        ("hf:example-circle/left", "cycle.txt"),
        ("hf:example-tuner/quiet", "unknown.txt"),
    ],
)
def test_an_explanation_reads_as_it_was_meant(
    invoke: Invoke, example: Path, model: str, golden: str
) -> None:
    ran = invoke("explain", model, "--db", example)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (GOLDEN / golden).read_text(encoding="utf-8")


def test_a_listed_model_that_is_gone_is_still_said_to_be_listed(
    invoke: Invoke, example: Path
) -> None:
    ran = invoke("explain", "hf:runwayml/stable-diffusion-v1-5", "--db", example)
    assert ran.code == 0
    assert "status ghost" in ran.out
    assert "listed itself, as laion-5b/sd-1.5" in ran.out


def test_a_ghost_that_nothing_is_known_of_is_not_called_clear(
    invoke: Invoke, tmp_path: Path
) -> None:
    invoke("audit", write_catalogue(tmp_path / "c.jsonl", hub_record("acme/a", "acme/gone")), "-q")
    ran = invoke("explain", "hf:acme/gone")
    assert "status ghost; named as a parent by 1 model\n" in ran.out
    assert "which does not mean that it is clear" in ran.out


def test_known_lineage_that_leads_nowhere_is_said_to(invoke: Invoke, tmp_path: Path) -> None:
    source = write_catalogue(
        tmp_path / "c.jsonl", hub_record("acme/a", "acme/b"), hub_record("acme/b")
    )
    invoke("audit", source, "-q")
    assert "its known lineage leads to nothing listed" in invoke("explain", "hf:acme/a").out


def test_a_model_that_was_never_met_is_told_with_a_remedy(invoke: Invoke, example: Path) -> None:
    ran = invoke("explain", "hf:acme/none", "--db", example)
    assert (ran.code, ran.out) == (2, "")
    assert "the database does not know hf:acme/none" in ran.err
    assert "modelaudit audit hf:acme/none" in ran.err


def test_a_near_name_is_offered(invoke: Invoke, example: Path) -> None:
    assert "there is hf:example-studio/aurora-xl" in invoke(
        "explain", "hf:exmaple-studio/aurora-xl", "--db", example
    ).err  # fmt: skip
    versions = invoke("explain", "civitai:4823", "--db", example).err
    assert "its versions are" in versions
    assert "civitai:4823@15236" in versions


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://huggingface.co/example-circle/left", "hf:example-circle/left"),
        ("https://huggingface.co/example-circle/left/tree/main", "hf:example-circle/left"),
        ("https://civitai.com/models/4823?modelVersionId=15236", "civitai:4823@15236"),
        ("hf:Example-Circle/LEFT", "hf:example-circle/left"),
    ],
)
def test_a_page_s_url_is_as_good_as_a_reference(
    invoke: Invoke, example: Path, url: str, model: str
) -> None:
    ran = invoke("explain", url, "--db", example)
    assert ran.out == invoke("explain", model, "--db", example).out
    assert ran.out.split()[0] == model


@pytest.mark.parametrize("url", ["https://huggingface.co/acme", "https://example.org/a/b", "acme"])
def test_what_is_no_model_is_refused(invoke: Invoke, example: Path, url: str) -> None:
    ran = invoke("explain", url, "--db", example)
    assert ran.code == 2
    assert ran.err.count("error: ") == 1


def test_an_old_name_leads_to_the_new_one(invoke: Invoke, tmp_path: Path) -> None:
    same = {"_id": "630000000000000000000001"}
    catalogue = tmp_path / "c.jsonl"
    source = write_catalogue(catalogue, hub_record("acme/old", **same))
    invoke("audit", source, "-q")
    write_catalogue(catalogue, hub_record("acme/new", **same), hub_record("acme/a", "acme/old"))
    invoke("audit", source, "-q")
    ran = invoke("explain", "hf:acme/old")
    assert ran.out.splitlines()[0] == "hf:acme/new"
    assert "also known as hf:acme/old" in ran.out
    assert "named as a parent by 1 model\n" in ran.out


def test_an_earlier_run_is_explained_as_it_was(invoke: Invoke, tmp_path: Path) -> None:
    catalogue = tmp_path / "c.jsonl"
    source = write_catalogue(catalogue, hub_record("acme/a"))
    first = invoke("audit", source, "-o", "json").json["run"]["id"]
    write_catalogue(catalogue, hub_record("acme/a", LISTED.removeprefix("hf:")))
    invoke("audit", source, "-q")
    assert "take-down" in invoke("explain", "hf:acme/a").out
    assert "No finding in this run" in invoke("explain", "hf:acme/a", "--run", first).out


@pytest.mark.parametrize(
    ("model", "end"),
    [
        ("hf:example-studio/aurora-xl", "copy of sha256:6ce0161689b3853a"),
        ("civitai:4823@15236", "finetune of civitai-base:SD 1.5"),
        ("hf:example-quantizer/lantern-v2-GGUF", "finetune of hf:runwayml/stable-diffusion-v1-5"),
    ],
)
def test_the_lineage_shows_where_the_listed_thing_is(
    invoke: Invoke, example: Path, model: str, end: str
) -> None:
    lineage = invoke("explain", model, "--db", example).out.partition("\nLineage\n")[2]
    (line,) = [line for line in lineage.splitlines() if "← listed: laion-5b/sd-1.5" in line]
    assert end in line

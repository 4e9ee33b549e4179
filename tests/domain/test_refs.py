"""References: one name for every node, whoever writes it and however it is spelled."""

from __future__ import annotations

import sqlite3
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef

DIGEST = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"

WRITTEN = {
    "hf:acme/root": "hf:acme/root",
    "  hf:acme/root\n": "hf:acme/root",
    "hf:gpt2": "hf:gpt2",
    "hf:Acme/Root-1.5_x": "hf:Acme/Root-1.5_x",
    "civitai:4384": "civitai:4384",
    "civitai:4384@128713": "civitai:4384@128713",
    "civitai-base:SD 1.5": "civitai-base:SD 1.5",
    "civitai-flag:mode:TakenDown": "civitai-flag:mode:TakenDown",
    "words:list/entry": "words:list/entry",
    "folder:sub/x: y.safetensors": "folder:sub/x: y.safetensors",
    f"sha256:{DIGEST.upper()}": f"sha256:{DIGEST}",
    "dataset:laion/laion2B-en": "dataset:laion/laion2B-en",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_reference_is_read_as_it_is_written(text: str) -> None:
    assert refs.parse(text) == WRITTEN[text]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a model reference"),
        ("acme/root", "begins with one of hf:, civitai:"),
        ("https://huggingface.co/acme/root", "not a model reference"),
        ("hf:", "not a model reference"),
        ("hf:acme/root/more", "owner/name"),
        ("hf:acme/ro ot", "owner/name"),
        ("hf:acme/..", "owner/name"),
        ("hf:acme/a--b", "owner/name"),
        ("dataset:/x", "owner/name"),
        ("civitai:abc", "MODEL or MODEL@VERSION"),
        ("civitai:1@", "MODEL or MODEL@VERSION"),
        ("civitai:1@2@3", "MODEL or MODEL@VERSION"),
        ("civitai:\u0661", "MODEL or MODEL@VERSION"),
        ("sha256:abc", "64 hexadecimal digits"),
        (f"sha256:{DIGEST}0", "64 hexadecimal digits"),
        ("folder:" + "x" * 513, "too long"),
    ],
)
def test_what_is_no_reference_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        refs.parse(text)
    assert why in str(caught.value)


names = st.from_regex(r"[A-Za-z0-9_]{1,8}(/[A-Za-z0-9_]{1,8})?", fullmatch=True)
written = st.one_of(
    names.map(lambda name: f"hf:{name}"),
    names.map(lambda name: f"dataset:{name}"),
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(lambda n: f"civitai:{n[0]}@{n[1]}"),
    st.from_regex(r"sha256:[0-9a-fA-F]{64}", fullmatch=True),
    st.text(min_size=1, max_size=20).map(lambda path: f"folder:{path}").filter(
        lambda ref: ref == ref.strip()
    ),
)  # fmt: skip


@given(text=written)
def test_reading_a_reference_again_changes_nothing(text: str) -> None:
    ref = refs.parse(text)
    assert refs.parse(ref) == ref
    assert f"{refs.platform(ref)}:{refs.local(ref)}" == ref


@given(text=st.text(max_size=80))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        ref = refs.parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert refs.platform(ref) in refs.PLATFORMS


@given(text=st.text(max_size=40) | written)
def test_a_key_is_stable_and_the_database_folds_it_alike(text: str) -> None:
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    key = refs.key(text)
    assert refs.key(key) == key
    connection = sqlite3.connect(":memory:")
    try:
        folded = connection.execute(
            "SELECT CASE WHEN substr(?1, 1, 7) = 'folder:' THEN ?1 ELSE lower(?1) END", (text,)
        ).fetchone()[0]
    finally:
        connection.close()
    assert folded == key


def test_ids_ignore_case_and_paths_do_not() -> None:
    assert refs.key("hf:Acme/ROOT") == refs.key("hf:acme/root")
    assert refs.key("civitai-base:SD 1.5") == refs.key("civitai-base:sd 1.5")
    assert refs.key("folder:A") != refs.key("folder:a")
    assert refs.key("hf:Ä") != refs.key("hf:ä")


def test_makers_and_readers_agree() -> None:
    assert refs.hf("a/b") == refs.parse("hf:a/b")
    assert refs.dataset("a/b") == refs.parse("dataset:a/b")
    assert refs.civitai(4, 9) == refs.parse("civitai:4@9")
    assert refs.civitai("4") == refs.parse("civitai:4")
    assert refs.sha256(DIGEST.upper()) == refs.parse(f"sha256:{DIGEST}")
    assert refs.civitai_label("SD 1.5") == refs.parse("civitai-base:SD 1.5")


@pytest.mark.parametrize(
    ("ref", "page", "record"),
    [
        ("hf:a/b", "https://huggingface.co/a/b", "https://huggingface.co/api/models/a/b"),
        ("dataset:a/b", "https://huggingface.co/datasets/a/b", None),
        ("civitai:4@9", "https://civitai.com/models/4?modelVersionId=9",
         "https://civitai.com/api/v1/models/4"),
        ("civitai:4", "https://civitai.com/models/4", "https://civitai.com/api/v1/models/4"),
        ("folder:x/y", None, None),
        (f"sha256:{DIGEST}", None, None),
        ("civitai-base:SD 1.5", None, None),
    ],
)  # fmt: skip
def test_a_node_has_the_pages_a_person_and_a_program_would_open(
    ref: str, page: str | None, record: str | None
) -> None:
    assert refs.page_url(ModelRef(ref)) == page
    assert refs.record_url(ModelRef(ref)) == record


@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_no_name_leaves_its_place_in_an_address(name: str) -> None:
    url = refs.page_url(refs.hf(name))
    assert url is not None
    assert urlsplit(url).hostname == "huggingface.co"
    assert unquote(urlsplit(url).path) == f"/{name}"
    assert not urlsplit(url).query

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl.sources import parse_source, parse_sources
from modelaudit.domain.errors import UsageError


def the(text):
    (source,) = parse_source(text)
    return source.text, source.platform, source.kind, source.value


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("hf:", ("hf:", "hf", "all", "")),
        ("hf:CompVis", ("hf:CompVis", "hf", "author", "CompVis")),
        ("hf:org/name", ("hf:org/name", "hf", "model", "org/name")),
        (" hf:org/name\n", ("hf:org/name", "hf", "model", "org/name")),
        (
            "hf:descendants-of/org/name",
            ("hf:descendants-of/org/name", "hf", "descendants", "org/name"),
        ),
        ("hf:descendants-of/gpt2", ("hf:descendants-of/gpt2", "hf", "descendants", "gpt2")),
        ("civitai:", ("civitai:", "civitai", "all", "")),
        ("civitai:4384", ("civitai:4384", "civitai", "model", "4384")),
        ("civitai:04384", ("civitai:4384", "civitai", "model", "4384")),
        ("civitai:4384@128713", ("civitai:4384@128713", "civitai", "model", "4384@128713")),
        ("civitai:someone", ("civitai:someone", "civitai", "author", "someone")),
        ("civitai:user/someone", ("civitai:someone", "civitai", "author", "someone")),
        ("civitai:user/123", ("civitai:user/123", "civitai", "author", "123")),
    ],
)
def test_every_form_of_the_two_platforms_is_read(text, parsed):
    assert the(text) == parsed


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://huggingface.co/", "hf:"),
        ("https://huggingface.co/CompVis", "hf:CompVis"),
        ("https://huggingface.co/org/name", "hf:org/name"),
        ("https://huggingface.co/org/name/tree/main/unet?x=1#y", "hf:org/name"),
        ("http://www.hf.co/org/name/blob/main/README.md", "hf:org/name"),
        ("HuggingFace.co/org/name", "hf:org/name"),
        ("https://huggingface.co//org/name/", "hf:org/name"),
        ("https://civitai.com", "civitai:"),
        ("https://civitai.com/models/4384", "civitai:4384"),
        ("https://civitai.com/models/4384/dreamshaper", "civitai:4384"),
        ("https://civitai.red/models/4384?modelVersionId=128713", "civitai:4384@128713"),
        (
            "https://civitai.green/models/4384/x?a=b&modelVersionId=128713#c",
            "civitai:4384@128713",
        ),
        ("https://civitai.com/user/someone/models", "civitai:someone"),
        ("https://civitai.com/user/123", "civitai:user/123"),
    ],
)
def test_the_url_of_a_page_is_the_model_or_account_it_shows(url, text):
    assert the(url)[0] == text
    assert parse_source(text) == parse_source(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hf",
        "hf:a/b/c",
        "hf:a b",
        "hf:../x",
        "hf:descendants-of/",
        "civitai:4384@",
        "civitai:4384@x/y",
        "civitai:12345678901@1",
        "modelscope:org/name",
        "https://huggingface.co/datasets/laion/laion2B-en",
        "https://huggingface.co/models?search=x",
        "https://huggingface.com.example.org/org/name",
        "https://civitai.com/images/1",
        "https://civitai.com/models/x",
        "no such folder",
        "catalogue:",
        "catalogue:absent.jsonl",
        "x" * 100_000,
        "a\0b",
        "\ud800",
    ],
)
def test_anything_else_is_refused_with_a_hint(text):
    with pytest.raises(UsageError) as refused:
        parse_source(text)
    assert refused.value.hint
    assert len(str(refused.value)) < 400


def test_a_repository_id_without_its_platform_is_answered_with_a_suggestion():
    with pytest.raises(UsageError) as refused:
        parse_source("org/name")
    assert refused.value.hint == "did you mean hf:org/name?"


def test_a_folder_is_a_source_and_a_catalogue_is_a_file_or_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv"):
        (tmp_path / name).touch()
    assert the("./models/") == ("models", "folder", "folder", "models")
    assert the("catalogue:./models")[0] == "catalogue:models"
    assert the("catalogue:a.jsonl.gz") == (
        "catalogue:a.jsonl.gz",
        "catalogue",
        "catalogue",
        "a.jsonl.gz",
    )
    with pytest.raises(UsageError, match="not a catalogue"):
        parse_source("catalogue:a.csv")
    with pytest.raises(UsageError) as refused:
        parse_source("a.jsonl.zst")
    assert refused.value.hint == "did you mean catalogue:a.jsonl.zst?"


def test_a_list_of_sources_gives_each_once_in_its_order(tmp_path):
    listed = tmp_path / "sources.txt"
    listed.write_text(
        "\ufeff# ours\nhf:b\n\nhf:a/b\r\n  https://huggingface.co/b\ncivitai:1\n", encoding="utf-8"
    )
    parsed = parse_sources([f"@{listed}", "civitai:1", "hf:"])
    assert [source.text for source in parsed] == ["hf:b", "hf:a/b", "civitai:1", "hf:"]


def test_a_list_of_sources_is_refused_with_file_and_line(tmp_path):
    listed = tmp_path / "sources.txt"
    listed.write_text("hf:b\n@other.txt\n")
    with pytest.raises(UsageError, match=r"sources\.txt:2: .*another list"):
        parse_source(f"@{listed}")
    listed.write_text("hf:b\n\nwhat\n")
    with pytest.raises(UsageError, match=r"sources\.txt:3: 'what' is not a source"):
        parse_source(f"@{listed}")
    listed.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        parse_source(f"@{listed}")
    with pytest.raises(UsageError, match="cannot be read"):
        parse_source(f"@{tmp_path / 'absent'}")


_PIECES = st.sampled_from(
    ["hf:", "civitai:", "catalogue:", "https://", "huggingface.co", "civitai.com", "/", "//[",
     "@", "user/", "models/", "?modelVersionId=", "descendants-of/", "--", "..", "%00", "%ff", "#"]
)  # fmt: skip


@given(
    st.one_of(
        st.text(st.characters()),
        st.lists(st.one_of(_PIECES, st.text(string.printable, max_size=4)), max_size=6).map(
            "".join
        ),
    )
)
def test_arbitrary_text_is_a_source_or_a_usage_error(text):
    try:
        sources = parse_source(text)
    except UsageError:
        return
    for source in sources:
        assert parse_source(source.text) == (source,)

"""Names as publishers write them, including the whole catalogue of recorded mess."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelaudit.domain import refs
from modelaudit.resolve.identity import MAX_NAMES, Named, alternatives, named, names_in
from tests.shared import shared

SHA = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"

CERTAIN = {
    "acme/root": "hf:acme/root",
    "ckpt/sd15": "hf:ckpt/sd15",
    ' "acme/root"\n': "hf:acme/root",
    "acme/root:Q4_K_M": "hf:acme/root",
    "gpt2": "hf:gpt2",
    "bert-base-uncased": "hf:bert-base-uncased",
    "hf:acme/root": "hf:acme/root",
    "hf://acme/root": "hf:acme/root",
    "https://huggingface.co/acme/root": "hf:acme/root",
    "HTTPS://HuggingFace.co/acme/root/": "hf:acme/root",
    "huggingface.co/acme/root": "hf:acme/root",
    "https://www.hf.co/acme/root?library=x#top": "hf:acme/root",
    "https://huggingface.co/api/models/acme/root": "hf:acme/root",
    "https://huggingface.co/datasets/laion/laion2B-en": "dataset:laion/laion2B-en",
    "datasets/laion/laion2B-en": "dataset:laion/laion2B-en",
    "dataset:laion/laion2B-en": "dataset:laion/laion2B-en",
    "https://civitai.com/models/4384": "civitai:4384",
    "https://civitai.red/models/4384/some-slug?modelVersionId=128713": "civitai:4384@128713",
    "civitai:4384@128713": "civitai:4384@128713",
    "urn:air:sd1:checkpoint:civitai:4384@128713": "civitai:4384@128713",
    "urn:air:sd1:checkpoint:civitai:4384@128713+77.safetensors": "civitai:4384@128713",
    "urn:air:boogu:repository:huggingface:acme/root@main.tar": "hf:acme/root",
    "https://modelscope.cn/models/Qwen/Qwen2-7B/summary": "modelscope:Qwen/Qwen2-7B",
    "/home/user1/.cache/modelscope/hub/Qwen/Qwen2___5-7B": "modelscope:Qwen/Qwen2.5-7B",
    "/hub/models--gpt2/snapshots/main": "hf:gpt2",
    f"sha256:{SHA.upper()}": f"sha256:{SHA}",
}

GUESSES = {
    "stable-diffusion-v1-5": "hf:stable-diffusion-v1-5",
    "/root/models/Qwen2.5-7B-Instruct": "hf:Qwen2.5-7B-Instruct",
    "/root/models/Qwen/Qwen2.5-7B-Instruct": "hf:Qwen/Qwen2.5-7B-Instruct",
    "./outputs/my-llama/checkpoint-500": "hf:my-llama",
    "outputs/my-llama": "hf:my-llama",
    "D:\\models\\my-llama\\": "hf:my-llama",
    "file:///data/my-llama": "hf:my-llama",
    "acme--root-d53997be": "hf:acme/root",
}

NOTHING = [
    "", "  ", "None", "N/A", "~", "15", "1.5", "x.safetensors", "/a/b/x.ckpt", "acme/root.gguf",
    "https://example.org/acme/root", "https://huggingface.co@example.org/acme/root",
    "https://huggingface.co.example.org/acme/root", "https://[::1/acme/root",
    "https://huggingface.co/acme", "https://huggingface.co/spaces/acme/root",
    "https://huggingface.co/docs/hub", "https://civitai.com/user/someone",
    "https://civitai.com/models/many", "/cache/models/61da592f24c28ffc", "../..", "C:\\",
    "a free text of several words", "acme/../root", "문서", "civitai:x", "sha256:abc",
    "sha256:" + "a" * 64,
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a/" + "b" * 600,
]  # fmt: skip

MESS = {
    1: [("modelscope:Qwen/Qwen2.5-0.5B", True)],
    2: [("hf:unsloth/Llama-3.2-1B-Instruct-bnb-4bit", True)],
    3: [("hf:unsloth/gemma-4-12B-it", True)],
    4: [("hf:Qwen2.5-7B-Instruct", False)],
    5: [("hf:qwen3-4b-passthrough", False)],
    6: [("hf:llama_ko", False)],
    7: [("hf:Clinical-LLM-Monitor", False)],
    8: [("hf:mistralai/Mixtral-8x7B-v0.1", True)],
    9: [("hf:meta-llama/Llama-2-7b-chat-hf", True)],
    10: [("hf:stable-diffusion-v1-5", False)],
    11: [],
    12: [("hf:TheBloke/Llama-2-13B-fp16", True)],
    13: [("hf:owner1/oursr1b", False)],
    14: [],
    15: [("hf:runwayml/stable-diffusion-v1-5", True)],
    16: [("hf:Laxhar/noobai-XL-1.0", True), ("hf:OnomaAIResearch/Illustrious-XL-v2.0", True)],
    17: [("hf:DiscoResearch/DiscoLM-120b", True)],
    18: [("hf:HuggingFaceTB/SmolLM2-1.7B-Instruct", True)],
    19: [("hf:Xwin-LM_Xwin-LM-70B-V0.1", False)],
    20: [("hf:person02_dolphin-2.2-yi-34b-200k", False)],
}


@pytest.mark.parametrize(("text", "ref"), CERTAIN.items())
def test_owner_and_name_are_found_in_every_form(text: str, ref: str) -> None:
    found = named(text)
    assert found is not None
    assert (found.ref, found.certain) == (ref, True)


@pytest.mark.parametrize(("text", "ref"), GUESSES.items())
def test_bare_names_and_local_folders_are_guesses(text: str, ref: str) -> None:
    found = named(text)
    assert found is not None
    assert (found.ref, found.certain) == (ref, False)


@pytest.mark.parametrize("text", NOTHING)
def test_what_names_no_node_is_nothing(text: str) -> None:
    assert named(text) is None


@pytest.mark.parametrize("n", MESS)
def test_every_case_of_the_mess_catalogue(n: int) -> None:
    lines = shared("huggingface/observed_mess.jsonl").read_text(encoding="utf-8").splitlines()
    seen = next(row for row in map(json.loads, lines) if row["n"] == n)
    texts = [text for _, text in names_in(seen.get("base_model", seen.get("mergekit_model")))]
    tags = [tag for tag in seen.get("tags", ()) if tag.startswith("base_model:")]
    texts += [tag.removeprefix("base_model:").rpartition("adapter:")[2] for tag in tags]
    texts = [text.removeprefix("merge:").removeprefix("quantized:") for text in texts]
    found = dict.fromkeys((f.ref, f.certain) for f in map(named, texts) if f)
    assert list(found) == MESS[n]


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        ("x/y@main", "main"),
        ("https://huggingface.co/x/y/tree/refs%2Fpr%2F1/sub", "refs/pr/1"),
        ("https://huggingface.co/x/y/resolve/abc123/model.safetensors", "abc123"),
        ("C:\\c\\models--x--y\\snapshots\\0123abcd", "0123abcd"),
        ("x/y", None),
    ],
)
def test_a_pinned_revision_is_kept(text: str, revision: str | None) -> None:
    found = named(text)
    assert found is not None
    assert (found.ref, found.revision) == ("hf:x/y", revision)


def test_the_default_platform_is_for_plain_names_only() -> None:
    assert named("x/y", default="dataset") == Named(refs.dataset("x/y"), certain=True)
    assert named("gsm8k", default="dataset") == Named(refs.dataset("gsm8k"), certain=True)
    assert named("https://hf.co/x/y", default="dataset") == Named(refs.hf("x/y"), certain=True)


def test_an_underscore_may_stand_for_the_slash() -> None:
    assert alternatives(refs.hf("a_b_c")) == ("hf:a/b_c", "hf:a_b/c")
    assert alternatives(refs.hf("a/b_c")) == ()
    assert alternatives(refs.sha256(SHA)) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x/y", [("/p", "x/y")]),
        (["x/y", None, 5, ["x/z"]], [("/p/0", "x/y"), ("/p/3/0", "x/z")]),
        ("x/y, x/z\n", [("/p", "x/y"), ("/p", " x/z")]),
        ({"name": "x/y"}, []),
        (None, []),
        ("", []),
        (["x" * 513], []),
        ([[[[[["x/y"]]]]]], []),
    ],
)
def test_names_are_found_in_fields_of_any_shape(
    value: object, expected: list[tuple[str, str]]
) -> None:
    assert list(names_in(value, "/p")) == expected


def test_a_field_gives_at_most_two_hundred_names() -> None:
    assert len(list(names_in([f"a/b{i}" for i in range(1000)]))) == MAX_NAMES
    assert len(list(names_in(",".join(f"a/b{i}" for i in range(1000))))) == MAX_NAMES
    bomb: list[object] = []
    for _ in range(4):
        bomb = [bomb] * 200
    assert list(names_in(bomb)) == []


PIECES = st.sampled_from(
    ["/", "\\", "--", "models--", "snapshots", "@", ":", "urn:air:", "civitai:", "hf:", "https://",
     "huggingface.co/", "civitai.com/models/", "?modelVersionId=", "modelscope", "hub", "a", "B-1",
     "1", "datasets/", " ", '"', "..", "_", "\ud800", "\x00", "é", "٣", "%2F", "[", ".ckpt"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=600), st.lists(PIECES, max_size=12).map("".join)))
@example("https://civitai.com/models/٣")
@example("https://civitai.com/models/12345678901234567890")
def test_whatever_is_written_a_name_is_a_valid_reference(text: str) -> None:
    found = named(text)
    if found is not None:
        assert refs.parse(found.ref) == found.ref
        assert all(refs.parse(other) == other for other in alternatives(found.ref))

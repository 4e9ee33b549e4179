"""The shipped signals: what their words find, what they leave alone, and that none says more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from modelaudit.check.match import compile_lists
from modelaudit.check.verdict import entry_cap
from modelaudit.domain.entry import ListKind
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.name_hints import NameHints
from modelaudit.domain.words import Verdict

SIGNALS = blocklist.load(blocklist.resolve("signals"))
LISTING = compile_lists([SIGNALS])
HINTS = NameHints(LISTING)

HITS = {
    "signals/undressing": [
        "someone/nudify", "someone/Nudify-XL_v2", "acme/SDXL-Nudifier", "x/nud1fy-lora",
        "x/nudification-model", "x/deepnude_official", "x/DeepNude-AI", "x/d33pnude",
        "x/deep-nude", "x/undress", "x/undress_ai", "x/AI-Undressing", "x/UndressLora",
        "x/undresser-v1", "x/undr3ss", "x/clothes-remover", "x/ClothesRemover",
        "x/cloth_removal_inpaint", "x/dress remover", "x/remove-clothes-flux",
        "x/remove_her_clothes", "1@2 Undressing helper / v1", "x/clothoff", "x/nudemaker",
        "x/take off clothes", "x/desnudar-ia", "x/quitar_ropa", "x/despir-ai", "x/tirar a roupa",
        "x/removedor de roupas", "x/Déshabiller", "x/deshabilleur", "x/retirer-les-vetements",
        "x/entkleiden", "x/Entblößen", "x/Kleidung-entfernen", "x/spogliare", "x/svestire_ai",
        "1@2 раздеть", "1@2 Раздеватор", "1@2 rozbieracz", "1@2 zdejmowanie ubrań",
        "1@2 soyundurma", "1@2 kıyafet çıkarma", "1@2 AI脱衣", "1@2 一键脱衣", "1@2 去衣",
        "1@2 服を脱がせるLoRA", "1@2 ヌード化", "1@2 옷 벗기기",
        "1@2 누드화", "1@2 딥누드", "1@2 탈의",
    ],
    "signals/face-swap": [
        "x/faceswap", "x/face-swap-onnx", "x/Face_Swapper", "x/FaceSwapping", "x/swap-face",
        "x/headswap", "x/deepfake-generator", "x/DeepFakes", "x/de3pf4ke", "1@2 Gesichtstausch",
        "1@2 cambio de cara", "1@2 troca de rosto", "1@2 échange de visage",
        "1@2 scambio di volti", "1@2 дипфейк", "1@2 замена лица", "1@2 zamiana twarzy",
        "1@2 yüz değiştirme", "1@2 AI换脸", "1@2 顔交換",
        "1@2 ディープフェイク", "1@2 얼굴 합성", "1@2 딥페이크",
    ],
    "signals/likeness": [
        "x/celebrity-lora", "x/celebs_v2", "1@2 An Actress / v1", "1@2 real person", "x/lookalike",
        "1@2 actriz", "1@2 atriz", "1@2 célébrité", "1@2 Schauspielerin", "1@2 attrice",
        "1@2 актриса", "1@2 aktorka", "1@2 aktris", "1@2 女優", "1@2 女明星",
        "1@2 芸能人", "1@2 연예인",
    ],
}  # fmt: skip

MISSES = [
    "x/nudity-filter", "x/nude-detector", "Falconsai/nsfw_image_detection", "x/NSFW classifier",
    "x/nudenet", "x/nudify-detector", "x/anti-nudify", "x/deepnude_detection", "x/no_undress",
    "x/dress-designer", "x/undressed-wood", "x/undressed", "x/dressing-room", "x/hairdresser",
    "x/address-removal", "x/background-remover", "x/clothes-segmentation", "x/cloth-try-on",
    "x/stain-remover", "x/sundress_lora", "x/sundressing", "1@2 a nude lipstick", "x/fashion-clip",
    "x/desnudo-clasico", "1@2 vestiaire", "1@2 Umkleide", "1@2 spogliatoio", "1@2 раздевалка",
    "1@2 раздетый", "1@2 脱衣所", "1@2 脱衣場", "1@2 탈의실", "1@2 soyma makinesi",
    "1@2 rozbieranie silnika", "x/deepfake-detector-v2", "prithivMLmods/Deepfake-vs-Real-8000",
    "x/Deep-Fake-Detector", "x/deepfake_vs_real_image", "x/anti-deepfake",
    "x/deepfake-audio-classifier", "1@2 换脸检测", "1@2 딥페이크 탐지", "x/surface-swap",
    "x/interface-swapping", "x/workspace swap", "google/ddpm-celebahq-256", "x/celeba-gan",
    "x/celeb-df-v2", "x/Celeb_HQ", "x/actor-critic", "x/ppo-actor-CartPole-v1", "x/factor-model",
    "x/celebration-cake", "x/celebrate", "x/celebrity-classifier", "1@2 明星识别 女星识别",
    "x/stable-diffusion-v1-5", "x/bert-base", "x/realistic-vision",
    "1@2 Dreamlike Photoreal / 2.0", "x/person-reid", "x/lookup",
]  # fmt: skip


def found(name: str) -> set[str]:
    return {LISTING.entries[number].id for number in HINTS.find(name)}


@pytest.mark.parametrize(
    ("entry", "name"), [(entry, name) for entry, names in HITS.items() for name in names]
)
def test_words_are_found_in_many_languages(entry: str, name: str) -> None:
    assert found(name) == {entry}


@pytest.mark.parametrize("name", MISSES)
def test_honest_names_are_left_alone(name: str) -> None:
    assert found(name) == set()


def test_of_a_name_only_the_word_is_told() -> None:
    (number,) = HINTS.find("1@2 Somebody Someone as an Actress (nice)")
    assert HINTS.word(number, "1@2 Somebody Someone as an Actress (nice)") == "Actress"


def test_every_word_pattern_finds_something() -> None:
    for entry in SIGNALS.entries:
        for pattern in entry.match.name_patterns:
            names = HITS[entry.id]
            assert any(re.search(pattern, name) for name in names), pattern


def test_they_are_signals_that_say_no_more_than_a_note_and_are_not_used_unasked() -> None:
    assert SIGNALS.kind is ListKind.SIGNALS
    assert "signals" not in {used.id for used in blocklist.default_lists()}
    for entry in SIGNALS.entries:
        assert entry.kind == "signal" and entry_cap(entry).verdict is Verdict.NOTE
        assert not (entry.match.models or entry.match.files or entry.match.datasets)


@pytest.mark.parametrize("name", ["a" * 5000, "face " * 1000, "cloth" * 1000, "remov" * 1000])
def test_no_name_takes_long(name: str) -> None:
    """A title has 200 characters; even 5,000 are searched in a blink."""
    assert found(name) == set()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("policy: note", "policy: review", "a signal is a note at most"),
        ("    policy: note\n", "", "lacks .?policy"),
        ("kind: signal\n", "kind: signal\n    policy: take-down\n", "a signal is a note at most"),
    ],
)
def test_a_list_of_signals_that_would_do_more_is_refused(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    text = Path(str(SIGNALS.path)).read_text()
    assert old in text
    (tmp_path / "mine.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(BlocklistError, match=why):
        blocklist.load(tmp_path / "mine.yaml")

"""Lint: one clear message for each mistake, where it stands, and none hides another."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.check import blocklist
from modelaudit.check.lint import Known, lint, lint_many
from modelaudit.check.lint.backtracking import explodes
from modelaudit.check.listfile import Problem
from modelaudit.domain.errors import BlocklistError
from tests.check.broken import ALLOW, DATA, DIGEST, FORM, SENSE, SIGNALS, SOUND, Mistake

TODAY = date(2026, 11, 23)
MUTE = frozenset({"Other", "Upscaler"})
KNOWN = Known(labels={"civitai": frozenset({"SD 1.4", "SD 1.5"}) | MUTE}, mute=MUTE)


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def told(folder: Path, *texts: str) -> list[Problem]:
    paths = [write(folder, text, f"{number}.yaml") for number, text in enumerate(texts)]
    return lint_many(paths, today=TODAY, known=KNOWN)


def test_sound_lists_have_no_problems(tmp_path: Path) -> None:
    assert told(tmp_path, SOUND, ALLOW) == []


@pytest.mark.parametrize("mistake", [*FORM.values(), *SENSE.values()], ids=[*FORM, *SENSE])
def test_a_mistake_brings_one_message_where_it_stands(tmp_path: Path, mistake: Mistake) -> None:
    assert told(tmp_path, mistake.of) == []
    (problem,) = told(tmp_path, mistake.text)
    assert (problem.line, problem.level) == (mistake.line, mistake.level), problem
    assert mistake.says in problem.text
    assert mistake.fix in problem.fix
    assert problem.fix or not mistake.fix
    assert str(problem.line) in str(problem)


@pytest.mark.parametrize("mistake", FORM.values(), ids=FORM)
def test_a_list_with_a_mistake_of_form_is_not_used(mistake: Mistake) -> None:
    with pytest.raises(BlocklistError):
        blocklist.load_text(mistake.text)


@pytest.mark.parametrize("mistake", SENSE.values(), ids=SENSE)
def test_a_list_with_any_other_mistake_can_be_read(mistake: Mistake) -> None:
    assert blocklist.load_text(mistake.text).entries


TOGETHER = (
    "a key is misspelled",
    "a day of another form",
    "a digest that is not whole",
    "an address that is none",
    "a Civitai version without its model",
    "a data set that cannot be one",
    "an exception that nothing can match",
    "a pattern that takes for ever",
    "a label that Civitai does not have",
    "evidence that nobody finds",
    "evidence for files that are not listed",
    "a review before it was added",
    "an unverified claim that acts",
    "single-source by two",
)


def test_many_mistakes_in_one_list_are_each_told_once(tmp_path: Path) -> None:
    mistakes = {**FORM, **SENSE}
    text = SOUND
    for name in TOGETHER:
        assert mistakes[name].of is SOUND and mistakes[name].old in text
        text = text.replace(mistakes[name].old, mistakes[name].new, 1)
    problems = told(tmp_path, text)
    wanted = [mistakes[name].says for name in TOGETHER]
    wanted[wanted.index("before it was added")] = "was to be reviewed by"  # added is not known
    for says in wanted:
        assert sum(says in problem.text for problem in problems) == 1, says
    assert len(problems) == len(TOGETHER)
    assert problems == sorted(problems, key=lambda problem: problem.line)


def test_what_is_not_yaml_is_one_message(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, SOUND.replace("tainted: [unet]", "tainted: [unet"))
    assert "not YAML" in problem.text


def test_a_broken_list_does_not_hide_what_is_wrong_with_the_others(tmp_path: Path) -> None:
    problems = told(tmp_path, "not: a list", SENSE["no part is tainted"].text)
    assert {Path(problem.path).name for problem in problems} == {"0.yaml", "1.yaml"}


OTHER = (
    SOUND.replace("mine", "other")
    .replace("org/base", "org/else")
    .replace("other/base", "other/else")
    .replace("62437@66991", "7@8")
    .replace(DIGEST, "cd1e" * 16)
    .replace(DATA, "dc2f" * 16)
    .replace(DATA[:12], "dc2f" * 3)
)
CANVAS = ALLOW[ALLOW.index('sha256: "') + 9 :].partition('"')[0]


@pytest.mark.parametrize(
    ("second", "says", "level"),
    [
        (OTHER.replace("id: other\n", "id: mine\n"), "is a list of the same id", "error"),
        (OTHER.replace("other/sets", "mine/sets"), "has an entry of the same id", "error"),
        (OTHER.replace("org/else", "ORG/Base"), "is also under", "error"),
        (OTHER.replace('"hf:other/else"', '"hf:org/base"'), "is also under", "error"),
        (ALLOW.replace("org/canvas", "org/base"), "is both blocked and allowed", "error"),
        (ALLOW.replace(CANVAS, DIGEST), "is both blocked and allowed", "error"),
        (
            ALLOW.replace("component: full", f'component: full, data_sha256: "{DATA}"'),
            "is both blocked and allowed",
            "error",
        ),
        (
            ALLOW.replace("component: full", f'component: full, autov3: "{DATA[:12]}"'),
            "is both blocked and allowed",
            "error",
        ),
        (ALLOW.replace("org/canvas", "org/Base-v1"), "fits the allowed model org/Base-v1", "error"),
        (
            OTHER.replace("tainted: [unet]", "tainted: [vae, unet]")
            .replace("component: unet", "component: vae")
            .replace("cd1e" * 16, DIGEST)
            .replace("dc2f" * 16, DATA)
            .replace("dc2f" * 3, DATA[:12]),
            "is component",
            "error",
        ),
        (OTHER.replace('["dataset:org/data"]', "[mine/bass]"), "no entry mine/bass", "warning"),
    ],
)
def test_lists_contradict_each_other(tmp_path: Path, second: str, says: str, level: str) -> None:
    assert told(tmp_path, second) == []
    for texts in ((SOUND, second), (second, SOUND)):
        (problem,) = told(tmp_path, *texts)
        assert (problem.level, says in problem.text) == (level, True), problem
        assert problem.fix


def test_lists_may_share_what_is_no_contradiction(tmp_path: Path) -> None:
    same_file = OTHER.replace("cd1e" * 16, DIGEST).replace("dc2f" * 16, DATA)
    assert told(tmp_path, SOUND, same_file.replace("dc2f" * 3, DATA[:12]), ALLOW) == []
    assert told(tmp_path, SOUND, OTHER.replace('["dataset:org/data"]', "[mine/base]")) == []


def test_what_never_matches_contradicts_nothing(tmp_path: Path) -> None:
    draft = ALLOW.replace("org/canvas", "org/base").replace("status: active", "status: draft")
    assert told(tmp_path, SOUND, draft) == []


def test_a_claim_of_a_list_that_is_not_at_hand_is_not_judged(tmp_path: Path) -> None:
    assert told(tmp_path, SOUND.replace('["dataset:org/data"]', "[laion-5b/sd-9]")) == []


def test_a_name_that_is_excepted_does_not_contradict_an_allowed_model(tmp_path: Path) -> None:
    allowed = ALLOW.replace("org/canvas", "org/base-v1")
    hints = 'name_regex: ["(?i)base[-_ ]?v1"]'
    assert len(told(tmp_path, SOUND, allowed)) == 1
    spared = SOUND.replace(hints, f'{hints}, name_unless: ["^org/"]')
    assert told(tmp_path, spared, allowed) == []


def test_a_bare_name_beside_the_whole_one_is_meant(tmp_path: Path) -> None:
    for name in ("hf:base", "hf:Org"):
        assert told(tmp_path, SOUND.replace('"hf:other/base"', f'"{name}"')) == []


def test_two_paths_to_one_list_are_one_list(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    assert lint_many([path, path], today=TODAY, known=KNOWN) == []


def test_drafts_may_be_unfinished(tmp_path: Path) -> None:
    draft = SOUND.replace("status: active\n    kind: dataset", "status: draft\n    kind: dataset")
    draft = draft.replace("confidence: declared", "confidence: unverified")
    draft = draft[: draft.rindex("    evidence:")] + '    added: "2026-11-22"\n'
    assert told(tmp_path, draft) == []


def test_a_sketch_must_be_there_and_that_of_a_tune_should_bring_its_base(tmp_path: Path) -> None:
    sketched = SENSE["a sketch that is not there"].text
    (tmp_path / "base.sketch").write_bytes(b"")
    assert told(tmp_path, sketched) == []
    tuned = sketched.replace("relation: trained-on", "relation: derived-from")
    (doubt,) = told(tmp_path, tuned)
    assert (doubt.level, "never passes review" in doubt.text) == ("warning", True)


@pytest.mark.parametrize(
    ("held", "stated", "says"),
    [
        ({"unet", "vae"}, "unet", None),
        ({"unet"}, "full", None),
        ({"full"}, "transformer", None),
        ({"vae"}, "unet", "holds no unet"),
        ({"vae"}, "full", "holds no full"),
        (set(), "unet", "holds no unet"),
        (None, "unet", "not a sketch that can be used: broken"),
    ],
)
def test_a_sketch_holds_what_the_list_says(
    tmp_path: Path, held: set[str] | None, stated: str, says: str | None
) -> None:
    def read(_path: Path) -> frozenset[str]:
        if held is None:
            raise ValueError("broken")
        return frozenset(held)

    (tmp_path / "base.sketch").write_bytes(b"")
    text = SENSE["a sketch that is not there"].text.replace(
        "component: unet}", f"component: {stated}}}"
    )
    problems = lint(write(tmp_path, text), today=TODAY, known=Known(sketch=read))
    assert [says in problem.text for problem in problems if says] == ([True] if says else [])
    assert bool(problems) is bool(says)


def test_one_sketch_is_not_both_blocked_and_allowed(tmp_path: Path) -> None:
    for name in ("base.sketch", "canvas.sketch"):
        (tmp_path / name).write_bytes(b"the same")
    sketch = "      sketches: [{ref: canvas.sketch, component: unet}]\n"
    second = ALLOW.replace("      files:", f"{sketch}      files:")
    (problem,) = told(tmp_path, SENSE["a sketch that is not there"].text, second)
    assert "sketch is both blocked and allowed" in problem.text


def examined(folder: Path, text: str) -> None:
    path = folder / "wild.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for problem in lint(path, today=TODAY, known=KNOWN):
        assert problem.text and problem.line > 0


LISTS = [SOUND, ALLOW, SIGNALS]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_edit_of_a_list_is_examined_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from(LISTS))
    at, cut = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 40))
    put = data.draw(st.text(max_size=20))
    examined(tmp_path_factory.getbasetemp(), text[:at] + put + text[at + cut :])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.data(), VALUES)
def test_any_value_in_any_place_is_examined_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: object
) -> None:
    document = yaml.load(data.draw(st.sampled_from(LISTS)), Loader=yaml.BaseLoader)
    node = document
    while True:
        steps = sorted(node) if isinstance(node, dict) else range(len(node))
        key = data.draw(st.sampled_from(steps))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            if isinstance(node, dict) and data.draw(st.booleans()):
                node[f"{key}s"] = node.pop(key)  # a misspelled key
            else:
                node[key] = value
            break
        node = node[key]
    examined(tmp_path_factory.getbasetemp(), json.dumps(document))


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)+b", r"(\w+\s?)*!", "([a-z]+)*[0-9]", "(x+x+)+y", "(?:(?:a|b)*)*c",
     "base-(a{1,9}){1,9}$", "(?=(a+)+b)a", r"(?i)foo([a-z0-9]+[-_]?)+\.bin"],
)  # fmt: skip
def test_an_expression_that_backtracks_without_end_is_found_in_time(pattern: str) -> None:
    began = time.thread_time()
    assert explodes(pattern)
    assert time.thread_time() - began < 20  # the expression itself would take years


@pytest.mark.parametrize(
    "pattern",
    ["(?i)base", r"(?:foo\d+-)+x", r"(?i)(stable|sd)[-_ ]?(diffusion)?[-_ ]?v?1[._-]?5",
     r"\b(foo|bar)+\b", "(.*)(.*)(.*)x", "[a-z]+(-[a-z]+)*$", "v?1[-.]5", "[^a](?!b)(?<=c)d*"],
)  # fmt: skip
def test_an_honest_expression_is_not_taken_for_one(pattern: str) -> None:
    assert not explodes(pattern)

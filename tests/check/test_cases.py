"""Cases: what is read, and that everything else is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check import cases
from modelaudit.domain.cases import Case, HeldFile
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Verdict

HEAD = 'schema = "modelaudit.cases/1"\n'
CASE = 'name = "one"\nmodel = "hf:a/b"\nexpect = "none"\n'
SHA = "ab" * 32
TWICE = f'{{path = "x", sha256 = "{SHA}"}}'


def read(text: str) -> tuple[Case, ...]:
    return cases.parse(text.encode(), "x.cases.toml").cases


def one(fields: str) -> Case:
    (case,) = read(f"{HEAD}[[case]]\n{fields}")
    return case


def refusal(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(BlocklistError) as caught:
        cases.parse(raw, "x.cases.toml")
    return str(caught.value)


def test_a_case_of_the_hub_says_what_its_card_says() -> None:
    case = one(
        'name = "a fine-tune"\nmodel = "hf:someone/dream"\nbase = ["a/base"]\n'
        'relation = "finetune"\ndatasets = ["a/set"]\ncreated = 2023-05-01\n'
        f'files = [{{path = "unet/x.safetensors", sha256 = "{SHA.upper()}", size = 3}}]\n'
        'standard = "recorded"\nexpect = "take-down"\nentry = "mine/base"\n'
    )
    assert case == Case(
        name="a fine-tune",
        model=ModelRef("hf:someone/dream"),
        expect=Verdict.TAKE_DOWN,
        entry="mine/base",
        standard=Grade.RECORDED,
        base=("a/base",),
        relation="finetune",
        datasets=("a/set",),
        files=(HeldFile(path="unet/x.safetensors", sha256=SHA, size=3),),
        created="2023-05-01",
    )


def test_a_case_of_civitai_says_what_its_page_says() -> None:
    case = one(
        'name = "x"\nmodel = "civitai:5@6"\nlabel = "SD 1.5"\ntype = "LORA"\ntitle = "Dream"\n'
        f'files = [{{path = "v", sha256 = "{SHA}", type = "VAE"}}]\n'
        'flags = ["poi", "mode:TakenDown"]\ncreated = 2023-05-01T10:00:00Z\nexpect = "note"\n'
    )
    assert (case.label, case.type, case.title) == ("SD 1.5", "LORA", "Dream")
    assert case.flags == ("poi", "mode:TakenDown")
    assert case.files[0].type == "VAE"
    assert case.created == "2023-05-01T10:00:00+00:00"


def test_what_is_left_out_has_a_default() -> None:
    case = one(CASE)
    assert (case.standard, case.type, case.entry, case.created) == (
        Grade.DECLARED, "Checkpoint", None, None,
    )  # fmt: skip


def test_one_parent_needs_no_brackets() -> None:
    assert one(f'{CASE}base = "a/base"').base == ("a/base",)


def test_a_record_or_recorded_lines_take_the_place_of_a_description() -> None:
    assert one(f'{CASE}platform = "hf"\nrecord = {{id = "a/b"}}').record == {"id": "a/b"}
    assert one(f'{CASE}catalogue = "recorded/x.jsonl"').catalogue == "recorded/x.jsonl"


def test_lists_can_be_used_together() -> None:
    text = f'{HEAD}with = ["allow/karlo"]\n[[case]]\n{CASE}'
    assert cases.parse(text.encode(), "x").beside == ("allow/karlo",)


def test_the_cases_of_a_list_lie_beside_it() -> None:
    assert cases.beside(Path("lists/laion-5b.yaml")) == Path("lists/laion-5b.cases.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff", "x.cases.toml:1: not UTF-8 text"),
        (HEAD.encode() + b"a\n\xff", "x.cases.toml:3: not UTF-8 text"),
        (f"{HEAD}[[case]\n", "x.cases.toml:2: not TOML: "),
        (f"{HEAD}a = {'9' * 5000}", "x.cases.toml:1: not TOML: "),
        (f"{HEAD}a = {'[' * 5000}", "nested too deep"),
        (" " * (cases.MAX_SIZE + 1), "larger than 1,000,000 bytes"),
        ("", 'schema must be "modelaudit.cases/1"'),
        (HEAD, "there is no case"),
        (f"{HEAD}case = []", "there is no case"),
        (f"{HEAD}case = [1]", "there is no case"),
        (f"{HEAD}with = [1]\n[[case]]\n{CASE}", "with must be a text"),
        (f"{HEAD}cases = 1\n[[case]]\n{CASE}", "unknown key 'cases' (did you mean case?)"),
    ],
)
def test_a_file_that_is_no_such_file_is_refused(text: str | bytes, said: str) -> None:
    told = refusal(text)
    assert said in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('model = "hf:a/b"\nexpect = "none"', "case 1: lacks name"),
        ('name = "one"\nexpect = "none"', "case 'one': lacks model"),
        ('name = "one"\nmodel = "hf:a/b"', "case 'one': lacks expect"),
        ('name = "a\\nb"\nmodel = "hf:a/b"\nexpect = "none"', "name must be one line"),
        ('name = "one"\nmodel = "a/b"\nexpect = "none"', "is not a model reference"),
        ('name = "one"\nmodel = "dataset:a/b"\nexpect = "none"', "model must be hf:"),
        ('name = "one"\nmodel = "civitai:5"\nexpect = "none"', "needs a version"),
        ('name = "one"\nmodel = "hf:a/b"\nexpect = "maybe"', "expect: 'maybe' is not one of"),
        (f'{CASE}bases = "a/b"', "unknown key 'bases' (did you mean base?)"),
        (f'{CASE}label = "SD 1.5"\ncreated = 2023-05-01', "label is not for hf: models"),
        (f'{CASE}relation = "copy"', "relation must be one of: finetune"),
        (f'{CASE}created = "May"', "created must be a day"),
        (f"{CASE}created = 2023", "created must be a day"),
        (f'{CASE}standard = "exact"', "standard must be measured"),
        (f"{CASE}base = [[]]", "base must be a text"),
        (f"{CASE}base = 5", "base must be a list of texts"),
        (f'{CASE}files = [{{path = "x"}}]', "a file needs sha256"),
        (f'{CASE}files = [{{sha256 = "{SHA}"}}]', "the path of a file must be a text"),
        (f'{CASE}files = [{{path = "x", sha256 = "{SHA}", size = -1}}]', "number of bytes"),
        (f'{CASE}files = [{{path = "x", sha256 = "{SHA}", size = true}}]', "number of bytes"),
        (f'{CASE}files = [{{path = "x", sha256 = "{SHA}", md5 = "x"}}]', "unknown key 'md5'"),
        (f'{CASE}files = "x"', "files must be a list of tables"),
        (f"{CASE}files = [{TWICE}, {TWICE}]", "two files have the same path"),
        (f'{CASE}record = {{}}\nbase = "a/b"', "record and base cannot stand together"),
        (f'{CASE}record = {{}}\ncatalogue = "x"', "record and catalogue cannot stand together"),
        (f'{CASE}record = "x"', "record must be a table"),
        (f"{CASE}record.{'.'.join(['a'] * 500)} = 1", "record is nested more than"),
        (f'{CASE}platform = "civitai"', "platform is not that of hf:a/b"),
        (f'{CASE}catalogue = "/etc/x.jsonl"', "catalogue must be a path beside the cases"),
        (f'{CASE}catalogue = "../x.jsonl"', "catalogue must be a path beside the cases"),
    ],
)
def test_what_is_wrong_with_a_case_is_told_with_its_name(fields: str, said: str) -> None:
    told = refusal(f"{HEAD}[[case]]\n{fields}")
    assert said in told
    assert len(told.splitlines()) == 1
    assert told.startswith("x.cases.toml: case ")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('label = "SD 1.5"', "a label needs created"),
        ('relation = "adapter"', "can only be merge"),
        ('base = "a/b"', "base is not for civitai: models"),
        ('flags = ["poii"]', "flag 'poii' is not one of: poi"),
    ],
)
def test_a_civitai_case_is_held_to_its_own_rules(fields: str, said: str) -> None:
    head = '[[case]]\nname = "one"\nmodel = "civitai:5@6"\nexpect = "none"\n'
    assert said in refusal(f"{HEAD}{head}{fields}")


def test_every_wrong_case_is_told() -> None:
    told = refusal(f'{HEAD}[[case]]\n{CASE}\n[[case]]\n{CASE}\n[[case]]\nname = "two"\n')
    assert told.splitlines() == [
        "x.cases.toml: case 'one': a case above has the same name",
        "x.cases.toml: case 'two': lacks model",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BlocklistError, match="cannot be read"):
        cases.load(tmp_path / "none.cases.toml")
    with pytest.raises(BlocklistError, match="cannot be read"):
        cases.load(tmp_path)


@given(st.binary(max_size=400))
def test_wild_bytes_are_cases_or_one_error(raw: bytes) -> None:
    _survives(raw)


KEYS = ["name", "model", "platform", "base", "relation", "datasets", "label", "type", "title",
        "flags", "files", "created", "standard", "expect", "entry", "record", "catalogue", "odd",
        "path", "sha256", "size"]  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            ['"hf:a/b"', '"civitai:1@2"', '"take-down"', '"none"', '"finetune"', '"merge"', '"x"',
             "2023-05-01", "1979-05-27T07:32:00-08:00", "07:32:00", "nan", "-inf", "1e9", "true",
             "9223372036854775808", '"\\u202e"', '"poi"', f'"{SHA}"']
        ),
        st.integers().map(str),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{k} = {v}" for k, v in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8), max_size=3))
def test_wild_cases_are_cases_or_an_error_each(tables: list[dict[str, Any]]) -> None:
    text = HEAD
    for table in tables:
        lines = {"name": '"n"', "model": '"hf:a/b"', "expect": '"none"'} | table
        text += "[[case]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
    _survives(text.encode())


def _survives(raw: bytes) -> None:
    try:
        found = cases.parse(raw, "x")
    except BlocklistError as error:
        for line in str(error).splitlines():
            assert line.startswith("x:")
    else:
        assert found.cases
        assert len({case.name for case in found.cases}) == len(found.cases)

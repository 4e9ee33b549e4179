"""Digests that identify, and those that never do."""

from __future__ import annotations

import pytest

from modelaudit.resolve import _digests

REAL = "67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3"


@pytest.mark.parametrize("text", [REAL, REAL.upper(), f"0x{REAL}"])
def test_a_digest_is_lower_case_without_prefix(text: str) -> None:
    assert _digests.usable(text) == REAL


@pytest.mark.parametrize(
    "text",
    [
        None, 5, "", "None", "NOFILE", "IsADirectory", REAL[:63], REAL + "0", "g" * 64,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31",
        "a" * 64, "ab" * 32, "deadbeef" * 8,
    ],
)  # fmt: skip
def test_sentinels_and_patterns_identify_nothing(text: object) -> None:
    assert _digests.usable(text) is None


def test_a_digest_of_the_name_is_recognised() -> None:
    fake = "fcab41f66eaa47bcb493165b3270e918b27d7765f85b35ee8f50cd6e406a139e"
    assert _digests.is_of_name(fake, "folder\\model_a.safetensors")
    assert not _digests.is_of_name(REAL, "model_a.safetensors")
    assert not _digests.is_of_name(REAL, None)

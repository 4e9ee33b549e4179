"""Families that do not contradict each other: one layout, several names.

What an adapter changes may leave open which of two bases it fits; a part serves many wholes; a
converter knows fewer names than there are models. None of this makes a label wrong.
"""

from __future__ import annotations

from typing import Final

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture import bases, language, transformers, unets

ALIASES: Final = {
    "mistral": "llama", "yi": "llama", "granite": "llama",
    "gemma2": "gemma", "gemma3": "gemma", "phi2": "phi", "gptneox": "gpt-neox", "gptj": "gpt-j",
    "deepseek2": "deepseek", "qwen2moe": "qwen2-moe", "qwen3moe": "qwen3-moe",
    "roberta": "bert", "xlm-roberta": "bert", "t5encoder": "t5",
}  # fmt: skip
"""Other names of a family, llama.cpp's among them."""

_LLAMA_SHAPED: Final = (
    "llama", "qwen2", "qwen2-moe", "qwen3", "qwen3-moe", "gemma", "mixtral", "deepseek", "olmo2",
    "phi", "phi3", "starcoder2", "internlm2", "chatglm",
)  # fmt: skip

KIN: Final = (
    frozenset({"flux", "chroma"}),  # a LoRA of either fits the other
    frozenset({"anima", "cosmos"}),
    frozenset({"sdxl", "sdxl-refiner", "kolors"}),  # one pair, one name; one UNet but its texts
    frozenset({"sd2", "svd"}),  # the same spatial layers
    # One projection or norm more or less; a LoRA may leave it out, a conversion rename it.
    *(frozenset({"llama-like", family}) for family in _LLAMA_SHAPED),
    # mergekit puts dense models together to a mixture of experts.
    frozenset({"llama", "mixtral"}),
    frozenset({"qwen2", "qwen2-moe"}),
    frozenset({"qwen3", "qwen3-moe"}),
    frozenset({"bloom", "falcon"}),
)
"""Groups whose members do not contradict each other; two of different groups do."""

GENERATORS: Final = frozenset(
    line.family
    for table in (unets.UNETS, transformers.TRANSFORMERS, bases.UNETS, bases.TRANSFORMERS)
    for line in table
) - {UNKNOWN}
ENCODERS: Final = frozenset({
    "bert", "deberta", "mpnet", "distilbert", "albert", "modernbert",
})  # fmt: skip
"""Of text, which a language model may be named beside."""
BESIDE: Final = frozenset({"whisper", "wav2vec2-like", "vit", "bart-like", "t5"})
"""What hears, sees or reads for another model; comparable with none."""
LANGUAGE: Final = (
    frozenset(line.family for table in (language.LANGUAGE, bases.LANGUAGE) for line in table)
    | frozenset(ALIASES.values())
) - {UNKNOWN, *ENCODERS, *BESIDE}

CONVERTED: Final = {
    "flux": ("flux", "flux2", "flux3"),
    "sd1": ("sd1", "sd2"),
    "sdxl": ("sdxl", "sd2", "svd"),
    "lumina2": ("lumina2", "z-image"),
}
"""What ``general.architecture`` stands for where city96/ComfyUI-GGUF's converter wrote it."""


def same_family(one: str, other: str) -> bool:
    """Whether two families do not contradict each other.

    Only two generators do, two language models, or two encoders of text: one of each may be a
    model and what reads for it. What no table here can measure contradicts nothing.
    """
    one, other = ALIASES.get(one, one), ALIASES.get(other, other)
    if one == other or not any({one, other} <= known for known in (GENERATORS, LANGUAGE, ENCODERS)):
        return True
    return any(one in group and other in group for group in KIN)


def comparable(one: str, other: str) -> bool:
    """Whether files of two families may have matrices in common; what is unknown may be anything.

    Stricter than :func:`same_family`: two names of one layout, and no benefit of the doubt.
    """
    one, other = ALIASES.get(one, one), ALIASES.get(other, other)
    return (
        one == other
        or UNKNOWN in (one, other)
        or any(one in group and other in group for group in KIN)
    )

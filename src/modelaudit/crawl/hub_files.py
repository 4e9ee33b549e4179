"""What the file names of a Hub repository tell: which hold weights, and which part of a model.

Folder and file names are those of diffusers pipelines
(https://huggingface.co/docs/diffusers/using-diffusers/other-formats), of transformers and of PEFT.
"""

from __future__ import annotations

import re
from functools import lru_cache

from modelaudit.domain.words import Component, Trait

_FORMATS = {
    "safetensors": Trait.SAFETENSORS, "sft": Trait.SAFETENSORS,
    "gguf": Trait.GGUF, "ggml": Trait.GGUF,
    "ckpt": Trait.PICKLE, "pt": Trait.PICKLE, "pth": Trait.PICKLE, "bin": Trait.PICKLE,
    "jit": Trait.PICKLE, "pkl": Trait.PICKLE, "pickle": Trait.PICKLE,
    "onnx": Trait.NONE, "onnx_data": Trait.NONE, "msgpack": Trait.NONE, "h5": Trait.NONE,
    "keras": Trait.NONE, "npz": Trait.NONE, "tflite": Trait.NONE,
}  # fmt: skip
"""How the names of weight files end, in lower case."""

_MARKERS = {
    "README.md": int(Trait.CARD),
    "model_index.json": int(Trait.PIPELINE | Trait.DIFFUSION),
    "adapter_config.json": int(Trait.ADAPTER_CONFIG | Trait.ADAPTER),
    "mergekit_config.yml": int(Trait.MERGEKIT | Trait.MERGE),
}

_BITS = {ending: int(trait | Trait.WEIGHTS) for ending, trait in _FORMATS.items()}
_WEIGHTS = re.compile(rf"\.(?:{'|'.join(_FORMATS)})\Z")

_TRAINING_STATE = re.compile(
    r"(?:^|/)(?:optimizer|scheduler|rng_state|random_states|training_args|trainer_state|scaler)"
    r"[^/]*\Z|optim_states"
)
_PICKLES = (".pkl", ".pickle")
_OF_WORDS = re.compile(r"tokeni[sz]er|vocab|merges|word2i|label_?encoder|(?:^|/)index\.")
"""Words, labels and the texts of an index are pickled as weights are."""

_FOLDERS = {
    "unet": Component.UNET, "prior": Component.UNET, "decoder": Component.UNET,
    "transformer": Component.TRANSFORMER, "language_model": Component.TRANSFORMER,
    "text_encoder": Component.TEXT_ENCODER, "text_encoders": Component.TEXT_ENCODER,
    "clip": Component.TEXT_ENCODER,
    "vae": Component.VAE, "vaes": Component.VAE, "vqvae": Component.VAE, "movq": Component.VAE,
    "vae_encoder": Component.VAE, "vae_decoder": Component.VAE,
    "image_encoder": Component.IMAGE_ENCODER, "vision_model": Component.IMAGE_ENCODER,
    "lora": Component.ADAPTER, "loras": Component.ADAPTER,
    "safety_checker": Component.OTHER, "feature_extractor": Component.OTHER,
    "tokenizer": Component.OTHER, "scheduler": Component.OTHER, "controlnet": Component.OTHER,
    "embedding": Component.OTHER, "embeddings": Component.OTHER, "upscaler": Component.OTHER,
}  # fmt: skip

_NAMES_A_PART = re.compile(
    r"adapter_model|loras?(?![a-z])|lycoris|locon|(?:ip|t2i)-?adapter|control(?:net|_)"
    r"|(?:^|[^a-z])embeddings?\.|textual|learned_embeds|upscal|esrgan"
    r"|(?:^|[^a-z])(?:vae|ae|unet)(?![a-z])|mmproj|clip_vision|image_encoder"
    r"|text_encoder|clip_[lg](?![a-z])|t5xxl|umt5"
)
"""A file that calls itself a part is not the whole that its place or its class would make it."""

_CLASSES = (
    (Component.FULL, r"Pipeline"),
    (Component.ADAPTER, r"ControlNet|Adapter|Motion|Lora"),
    (Component.VAE, r"Autoencoder|VQModel|VAE"),
    (Component.UNET, r"UNet"),
    (Component.IMAGE_ENCODER, r"VisionModel|ImageEncoder"),
    (Component.TEXT_ENCODER, r"CLIPTextModel|T5EncoderModel|TextEncoder"),
    (Component.OTHER, r"SafetyChecker"),
    (Component.TRANSFORMER, r"Model\Z|For[A-Z]|LMHead|Transformer"),
)

_CLASS_OF = re.compile("|".join(f"(?P<{part.name}>{pattern})" for part, pattern in _CLASSES))
_WHOLE_MODEL = re.compile(
    r"(?:model|pytorch_model|consolidated|tf_model|flax_model)"
    r"(?:[.-][\w-]*)?\.(?:safetensors|bin|pth|pt|h5|msgpack)\Z"
)
_DIFFUSERS_FILE = re.compile(r"diffusion_(?:pytorch|flax)_model")
_SUFFIX_NUMBER = re.compile(r"_?\d\Z")


@lru_cache(maxsize=4096)
def is_weights(path: str) -> bool:
    """True for a weight file; the state of a training run is none, nor are pickled words."""
    path = path.lower()
    if not _WEIGHTS.search(path) or _TRAINING_STATE.search(path):
        return False
    return not (path.endswith(_PICKLES) and _OF_WORDS.search(path))


def traits_of(paths: list[str]) -> int:
    """What the names alone tell about a repository, as the bits of a ``Trait``.

    Plain numbers, because operators of flags cost more than all the rest of a record.
    """
    traits = 0
    for path in paths:
        bits = _BITS.get(path.rpartition(".")[2], 0)
        if bits and not (path.endswith(_PICKLES) and not is_weights(path)):
            traits |= bits
        if path in _MARKERS:
            traits |= _MARKERS[path]
    return traits


@lru_cache(maxsize=4096)
def component_of(path: str, class_name: str | None, traits: Trait) -> Component | None:
    """Which part of a model a weight file holds; ``None`` when no name says so.

    ``class_name`` is the repository's pipeline or architecture class.
    """
    *folders, name = path.lower().split("/")
    for folder in reversed(folders):
        if part := _FOLDERS.get(folder) or _FOLDERS.get(_SUFFIX_NUMBER.sub("", folder)):
            return part
    if _NAMES_A_PART.search(name):
        return Component.ADAPTER if Trait.ADAPTER in traits and not folders else None
    if name.endswith((".gguf", ".ggml")):
        return Component.TRANSFORMER
    if folders:
        return None
    named = _CLASS_OF.search(class_name or "")
    by_class = Component[named.lastgroup] if named and named.lastgroup else None
    if Trait.ADAPTER in traits and not _WHOLE_MODEL.match(name):
        return Component.ADAPTER
    if by_class is Component.FULL or (by_class is None and Trait.DIFFUSION in traits):
        return None if _DIFFUSERS_FILE.match(name) else Component.FULL
    if by_class is None and _WHOLE_MODEL.match(name):
        return Component.TRANSFORMER
    return by_class

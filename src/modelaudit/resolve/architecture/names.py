"""Names of tensors: what wraps a model, which part of it a prefix announces, what is no weight.

Prefixes of single-file checkpoints as CompVis/latent-diffusion, Stability-AI/generative-models,
diffusers and transformers write them; EMA copies as latent-diffusion's ``LitEma`` names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Final

from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.domain.weights import Tensor

Shape = tuple[int, ...]


class Zone(IntEnum):
    """Where a prefix says that a tensor belongs."""

    MAIN = 0
    """No prefix says so: the denoiser, the language model, or whatever the file is."""
    ADAPTER = 1
    VAE = 2
    IMAGE = 3
    TEXT = 4
    OTHER = 5
    EMA = 6
    """Averaged copies of weights that the file also holds as they are."""
    TRAINING = 7
    """State of the optimizer and of the training loop."""


WRAPPERS: Final = frozenset({
    "state_dict", "module", "_orig_mod", "model", "base_model", "diffusion_model", "unet",
    "transformer", "net", "language_model", "backbone", "bert", "roberta", "electra", "distilbert",
    "deberta", "albert", "gpt_neox", "vit", "wav2vec2",
})  # fmt: skip
"""First words of a name that only say what holds the model; in any order and number."""

_PREFIX: Final = re.compile(
    r"""
      (?P<EMA> model_ema\. | ema_model\. )
    | (?P<TRAINING> optimizer(?:_states?)?\. | lr_schedulers?\. | loops\. | callbacks\. )
    | (?P<VAE> first_stage_model\. | vae\. )
    | (?P<IMAGE> (?: conditioner\.embedders\.\d{1,3}\. (?:open_clip\.)? (?:model\.)? )? visual\.
               | embedder\.model\. (?:visual\.)?
               | image_encoder\. | vision_model\. | vision_tower\. )
    | (?P<OTHER> bundle_emb\. | depth_model\.(?:model\.)? | noise_augmentor\. | low_scale_model\.
               | conditioner\.embedders\.\d{1,3}\.encoder\.(?=conv_|down\.|mid\.|norm_)
               | denoiser\.sigmas$ )
    | (?P<TEXT> (?: cond_stage_model | conditioner\.embedders\.\d{1,3} | text_encoders\.[^.]+
                  | text_encoder(?:_\d)? ) \. (?: transformer\. | model\. )* (?:text_model\.)?
              | text_model\. )
    | (?P<ADAPTER> control_model\. )
    """,
    re.VERBOSE,
)
_HEADS: Final = frozenset({
    "model_ema", "ema_model", "optimizer", "optimizer_state", "optimizer_states", "lr_scheduler",
    "lr_schedulers", "loops", "callbacks", "first_stage_model", "vae", "conditioner", "visual",
    "embedder", "image_encoder", "vision_model", "vision_tower", "depth_model", "noise_augmentor",
    "low_scale_model", "denoiser", "cond_stage_model", "text_encoders", "text_encoder",
    "text_encoder_2", "text_encoder_3", "text_model", "control_model", "bundle_emb",
})  # fmt: skip
"""First words that the pattern is worth trying for."""

_STRAY: Final = ("lora_unet_", "lora_te", "lora_transformer_")
_SCHEDULE: Final = re.compile(
    r"betas|logvar|scale_factor|lvlb_weights|posterior_\w+"
    r"|(?:sqrt_|log_)?(?:one_minus_|recipm?1?_)?alphas_cumprod(?:_prev)?"
)
"""latent-diffusion's tables of the noise schedule."""
_MOMENTS: Final = (".exp_avg", ".exp_avg_sq", ".max_exp_avg_sq")


@lru_cache(maxsize=1 << 15)  # every file of an architecture names the same tensors
def split(name: str) -> tuple[Zone, str]:
    """The zone that the prefixes of a name announce, and the name without them."""
    if len(name) > MAX_LENGTH:
        return Zone.MAIN, name  # nobody's model: each word taken off would copy it
    if "exp_avg" in name and name.endswith(_MOMENTS):
        return Zone.TRAINING, name
    head, dot, rest = name.partition(".")
    while head in WRAPPERS and dot:
        name = rest
        head, dot, rest = name.partition(".")
    if head in _HEADS and (match := _PREFIX.match(name)) and match.lastgroup:
        return Zone[match.lastgroup], name[match.end() :]
    if name.startswith("lora_") and name.startswith(_STRAY):
        return Zone.ADAPTER, name
    return (Zone.MAIN if dot or not _SCHEDULE.fullmatch(name) else Zone.OTHER), name


class Listing:
    """The tensors of a file by name, once as they are and once by zone without prefixes."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.names: dict[str, Shape] = {tensor.name: tensor.shape for tensor in tensors}
        self.zones: dict[Zone, dict[str, Shape]] = {zone: {} for zone in Zone}
        for name, shape in self.names.items():
            zone, rest = split(name)
            self.zones[zone].setdefault(rest, shape)
        self.main = self.zones[Zone.MAIN]
        self.text = "\n".join(self.names) + "\n"
        """All names, one a line: one search through it is quicker than one a name."""

    def shown(self, key: str, shape: Shape) -> str:
        """A tensor in a reason, by the whole of its name."""
        whole = (name for name in self.names if name.endswith(key) and split(name)[1] == key)
        return shown(next(whole, key), shape)


def shown(key: str, shape: Shape) -> str:
    """A tensor in a reason, as harmless text: ``'conv_in.weight' [320, 4, 3, 3]``."""
    sizes = ", ".join(map(str, shape[:6])) + (", …" if len(shape) > 6 else "")
    return f"{key[:100]!a} [{sizes}]"

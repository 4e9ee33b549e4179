"""UNets by name and shape, in latent-diffusion's names and in diffusers'.

Checked against complete lists of SD1, SD2, SDXL and the refiner; the rest as ComfyUI
(``model_detection.py``) and diffusers (``single_file_utils.py``) tell them apart.
"""

from __future__ import annotations

from typing import Final

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture.rules import Rule

_LDM_1 = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
_LDM_2 = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
_DIFFUSERS_1 = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"
_DIFFUSERS_2 = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"

UNETS: Final = (
    Rule("stable-cascade", "clip_txt_mapper.weight"),
    Rule("stable-cascade", "clip_mapper.weight", also=("down_blocks.1.0.channelwise.0.weight",)),
    Rule("kandinsky", "encoder_hid_proj.image_embeds.weight"),
    Rule("kandinsky", "add_embedding.image_norm.weight"),
    Rule("kandinsky", "clip_to_seq.weight", also=("to_model_dim_n.weight",)),
    Rule("svd", "input_blocks.1.1.time_stack.0.attn1.to_q.weight"),
    Rule("svd", "input_blocks.1.1.time_mix_blocks.0.attn1.to_q.weight"),
    Rule("svd", "down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight"),
    Rule("sd1", _LDM_1, (None, 768)),
    Rule("sd1", _DIFFUSERS_1, (None, 768)),
    Rule("sd2", _LDM_1, (None, 1024)),
    Rule("sd2", _DIFFUSERS_1, (None, 1024)),
    Rule("kolors", "label_emb.0.0.weight", (None, 5632), also=(_LDM_2,)),
    Rule("kolors", "add_embedding.linear_1.weight", (None, 5632), also=(_DIFFUSERS_2,)),
    Rule("sdxl", _LDM_2, (None, 2048)),
    Rule("sdxl", _DIFFUSERS_2, (None, 2048)),
    Rule("sdxl-refiner", _LDM_2, (None, 1280), absent=(_LDM_1,)),
    Rule("sdxl-refiner", _DIFFUSERS_2, (None, 1280), absent=(_DIFFUSERS_1,)),
    # The upscaler has no attention at its widest level.
    Rule("sd2", _LDM_2, (None, 1024), also=("label_emb.weight",)),
    Rule("sd2", _DIFFUSERS_2, (None, 1024), also=("class_embedding.weight",)),
)

OTHER_UNETS: Final = (
    Rule(UNKNOWN, _LDM_1, note="a UNet whose context width is of no known family"),
    Rule(UNKNOWN, _LDM_2, note="a UNet whose context width is of no known family"),
    Rule(UNKNOWN, _DIFFUSERS_1, note="a UNet whose context width is of no known family"),
    Rule(UNKNOWN, _DIFFUSERS_2, note="a UNet whose context width is of no known family"),
    Rule(UNKNOWN, "input_blocks.0.0.weight", note="a UNet without text attention"),
    Rule(UNKNOWN, "down_blocks.0.resnets.0.conv1.weight", note="a UNet without text attention"),
)
"""Asked when no transformer fits either."""

_STABLE = ("sd1", "sd2", "sdxl")
_EDITED = ("sd1", "sdxl")
_INPUTS = ("input_blocks.0.0.weight", "conv_in.weight")

UNET_VARIANTS: Final = (
    *(Rule(f, key, (None, 9), variant="inpainting") for f in _STABLE for key in _INPUTS),
    *(Rule(f, key, (None, 8), variant="instruct-pix2pix") for f in _EDITED for key in _INPUTS),
    *(Rule("sd2", key, (None, 5), variant="depth") for key in _INPUTS),
    *(Rule("sd2", key, (256, 7), variant="upscaler") for key in _INPUTS),
    Rule("sd2", "label_emb.0.0.weight", (None, 1536), variant="unclip"),
    Rule("sd2", "label_emb.0.0.weight", (None, 2048), variant="unclip"),
    Rule("sd2", "class_embedding.linear_1.weight", (None, 1536), variant="unclip"),
    Rule("sd2", "class_embedding.linear_1.weight", (None, 2048), variant="unclip"),
    Rule("sdxl", "v_pred", variant="v-prediction"),
    Rule("sdxl", "edm_vpred.sigma_max", variant="v-prediction"),
    Rule("sdxl", "edm_mean", also=("edm_std",), variant="edm"),
    Rule(
        "sdxl",
        "input_blocks.7.1.transformer_blocks.0.attn2.to_k.weight",
        absent=("input_blocks.7.1.transformer_blocks.9.attn2.to_k.weight",),
        variant="pruned",
    ),
    Rule(
        "sdxl",
        "down_blocks.2.attentions.0.transformer_blocks.0.attn2.to_k.weight",
        absent=("down_blocks.2.attentions.0.transformer_blocks.9.attn2.to_k.weight",),
        variant="pruned",
    ),
    Rule("svd", "label_emb.0.0.weight", (None, 256), variant="sv3d"),
    Rule("svd", "label_emb.0.0.weight", (None, 1280), variant="sv3d"),
    Rule("stable-cascade", "clip_txt_mapper.weight", (2048,), variant="stage-c"),
    Rule("stable-cascade", "clip_txt_mapper.weight", (1536,), variant="stage-c-lite"),
    Rule(
        "stable-cascade",
        "down_blocks.1.0.channelwise.0.weight",
        (None, 640),
        absent=("clip_txt_mapper.weight",),
        variant="stage-b",
    ),
    Rule(
        "stable-cascade",
        "down_blocks.1.0.channelwise.0.weight",
        (None, 576),
        absent=("clip_txt_mapper.weight",),
        variant="stage-b-lite",
    ),
)
"""What a tensor adds once the family is known."""

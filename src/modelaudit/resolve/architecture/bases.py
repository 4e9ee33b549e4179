"""The base of a delta: whose layers it changes, by their names and widths.

Widths of text attention tell the UNets apart, names and widths of layers the transformers, as
InvokeAI and safetensors-arch read them. What several bases share is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from modelaudit.domain.weights import UNKNOWN
from modelaudit.resolve.architecture.modules import Layers, Module


class Row(NamedTuple):
    """All of ``needs`` in names of layers, and a layer named ``…at…`` of a listed width."""

    family: str
    needs: tuple[str, ...]
    at: str = ""
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    lacks: tuple[str, ...] = ()
    note: str = ""


_TEXT_1: Final = "te_text_model_encoder_layers"
_ALONE: Final = "a text encoder, which several families have"
_WIDE: Final = "Flux.1, Flux.2 Klein or HunyuanVideo"
_LLAMA: Final = "Llama, Mistral, Qwen, Gemma and others share this layout"

TRANSFORMERS: Final = (
    Row("flux3", ("early_stream_modulations",)),
    Row("chroma", ("distilled_guidance_layer",)),
    Row("auraflow", ("joint_transformer_blocks_",)),
    Row("auraflow", ("double_layers_", "_attn_w1q")),
    Row("auraflow", ("single_layers_", "_attn_w1q")),
    Row("hidream", ("double_stream_blocks_",)),
    Row("sd3", ("joint_blocks_",)),
    Row("flux2", ("double_stream_modulation",)),
    Row("flux2", ("single_stream_modulation",)),
    Row("flux2", ("to_qkv_mlp_proj",)),
    Row("flux2", ("transformer_blocks_", "_ff_linear_in")),
    Row("flux2", ("double_blocks_",), "double_blocks_", inputs=(4096, 6144)),
    Row("flux2", ("double_blocks_", "_mlp_0"), "_mlp_0", outputs=(18432,)),
    Row("flux2", ("single_blocks_", "_linear1"), "_linear1", inputs=(4096, 6144)),
    Row("flux2", ("single_blocks_", "_linear1"), "_linear1", outputs=(27648,)),
    *(
        Row("hunyuan-video", ("double_blocks_", layer), note="HunyuanImage has the same layers")
        for layer in ("img_mlp_fc", "txt_mlp_fc", "img_mod_linear", "txt_mod_linear")
    ),
    Row("hunyuan-video", ("individual_token_refiner",)),
    Row("hunyuan-video", ("double_blocks_19_",), "double_blocks_", inputs=(3072,)),
    Row("hunyuan-video", ("single_blocks_38_",), "single_blocks_", inputs=(3072,)),
    Row("hunyuan-video", ("single_transformer_blocks_38_",), "attn_to_", inputs=(3072,)),
    Row("flux2", ("double_blocks_", "_mlp_2"), "_mlp_2", outputs=(4096, 6144)),
    Row("flux", ("double_blocks_", "_lora1")),  # XLabs trains Flux.1 alone
    Row("flux", ("double_blocks_", "_mlp_0"), "_mlp_0", outputs=(12288,)),
    Row("flux", ("double_blocks_", "_mlp_2"), "_mlp_2", inputs=(12288,)),
    *(
        Row("flux", (last,), last, inputs=(3072,), lacks=(next_,))
        for last, next_ in (
            ("double_blocks_18_", "double_blocks_19_"),
            ("single_blocks_37_", "single_blocks_38_"),
            ("single_transformer_blocks_37_", "single_transformer_blocks_38_"),
        )
    ),
    Row(UNKNOWN, ("double_blocks_",), "double_blocks_", inputs=(3072,), note=_WIDE),
    Row(UNKNOWN, ("single_blocks_",), "single_blocks_", inputs=(3072,), note=_WIDE),
    Row(
        UNKNOWN,
        ("single_transformer_blocks_",),
        "single_transformer_blocks_",
        inputs=(3072,),
        note="Flux.1, HunyuanVideo or AuraFlow",
    ),
    Row("wan", ("blocks_", "_ffn_", "cross_attn"), lacks=("adaln_modulation",)),
    Row("wan", ("blocks_", "_ffn_net_", "attn2_to_k"), lacks=("transformer_blocks_",)),
    *(
        Row("anima", ("blocks_", layer), note="Cosmos-Predict2 has the same layers")
        for layer in (
            "adaln_modulation",
            "cross_attn_k_proj",
            "cross_attn_q_proj",
            "cross_attn_v_proj",
            "cross_attn_output_proj",
        )
    ),
    Row("krea2", ("txtfusion_",)),
    Row("krea2", ("blocks_", "_attn_wq", "_attn_gate")),
    Row("mochi", ("transformer_blocks_", "attn1_add_k_proj")),
    Row("mochi", ("blocks_", "_attn_qkv_x")),
    Row("qwen-image", ("transformer_blocks_", "txt_mlp_net")),
    Row("qwen-image", ("transformer_blocks_", "img_mlp_net")),
    Row("qwen-image", ("transformer_blocks_", "txt_mod_1")),
    Row("qwen-image", ("transformer_blocks_", "img_mod_1")),
    *(
        Row(
            family,
            (f"transformer_blocks_{reached}_", "_add_k_proj"),
            "_add_k_proj",
            inputs=(3072,),
            lacks=("single_transformer_blocks_", *beyond),
        )
        for family, reached, beyond in (
            ("flux", 18, ("transformer_blocks_19_",)),
            ("qwen-image", 20, ()),
            ("qwen-image", 59, ()),
        )
    ),
    Row(
        UNKNOWN,
        ("transformer_blocks_", "_add_k_proj"),
        "_add_k_proj",
        inputs=(3072,),
        note="Flux.1, Flux.2 Klein, HunyuanVideo or Qwen-Image",
    ),
    Row("sd3", ("transformer_blocks_", "_add_k_proj"), "_add_k_proj", inputs=(1536, 2432)),
    Row("hunyuan-dit", ("blocks_", "attn1_Wqkv"), "attn1_Wqkv", inputs=(1408,)),
    Row("hunyuan-dit", ("blocks_", "attn1_to_q"), "attn1_to_q", inputs=(1408,)),
    Row("z-image", ("layers_", "_attention_"), "_attention_", inputs=(3840,)),
    Row("lumina2", ("layers_", "_attention_"), "_attention_", inputs=(2304,)),
    Row("pixart", ("transformer_blocks_", "_ff_net_0"), "_ff_net_0", inputs=(1152,)),
    Row(
        UNKNOWN,
        ("transformer_blocks_", "attn1_to_q"),
        "attn1_to_q",
        inputs=(1152,),
        note="PixArt or Sana 0.6B",
    ),
    Row("sana", ("transformer_blocks_", "attn1_to_q"), "attn1_to_q", inputs=(2240,)),
    Row("ltx", ("transformer_blocks_", "attn2_to_k"), "attn2_to_k", inputs=(2048, 4096)),
)
"""Names with underscores for dots. Flux is asked before what shares its words, Wan before Anima.

Flux.1 has 19 double and 38 single blocks, HunyuanVideo 20 and 40, Qwen-Image 60: the last one tells
where widths are the same.
"""

UNETS: Final = (
    Row(UNKNOWN, ("motion_modules_",), note="a motion module, of SD1 or SDXL"),
    Row("svd", ("temporal_transformer_blocks_",)),
    Row("svd", ("_time_stack_",)),
    *(
        Row(family, (f"attn2_to_{part}",), f"attn2_to_{part}", (width,))
        for part in ("k", "v")
        for family, width in (("sd1", 768), ("sd2", 1024), ("sdxl", 2048), ("sdxl-refiner", 1280))
    ),
    *(Row("sdxl", (f"transformer_blocks_{n}_",)) for n in range(4, 10)),
    *(
        Row("sdxl", (f"transformer_blocks_{n}_",), f"transformer_blocks_{n}_", (640, 1280))
        for n in (2, 3)
    ),
)
"""For layers of a UNet. Only SDXL stacks ten blocks; the refiner four, at other widths."""

UNET_WORDS: Final = (
    "down_blocks_", "up_blocks_", "mid_block_", "input_blocks_", "output_blocks_", "middle_block_",
)  # fmt: skip

TEXTS_OF_UNETS: Final = (
    Row("sdxl", ("te1_text_model", "te2_text_model"), "te2_text_model", (1280,)),
    Row("sd1", (_TEXT_1,), _TEXT_1, (768,), (768,)),
    Row("sd2", (_TEXT_1,), _TEXT_1, (1024,), (1024,)),
)
"""For layers of a UNet that do not tell, beside layers of its text encoders."""

NUMBERED: Final = (
    Row("sd1", ("unet:",), "unet:", (768,)),
    Row("sd2", ("unet:",), "unet:", (1024,)),
)
"""cloneofsimo/lora numbers layers; it is older than what else has these widths."""

TEXTS: Final = (
    Row(UNKNOWN, ("text_model_encoder_layers_",), note=_ALONE),
    Row(UNKNOWN, ("text_encoder:",), note=_ALONE),
)

LANGUAGE: Final = (
    Row("deepseek", ("layers_", "self_attn_kv_a_proj_with_mqa"), lacks=("lora_te",)),
    Row("phi3", ("layers_", "self_attn_qkv_proj"), lacks=("lora_te",)),
    *(
        Row(
            "llama-like",
            ("layers_", f"self_attn_{part}"),
            lacks=("lora_te", "encoder", "decoder"),
            note=_LLAMA,
        )
        for part in ("q_proj", "v_proj", "o_proj")
    ),
    Row(  # Qwen, the first, is wider
        "gpt2",
        ("h_", "attn_c_attn"),
        "attn_c_attn",
        inputs=(768, 1024, 1280, 1600),
        lacks=("mlp_w1", "mlp_w2"),
        note="StarCoder is the same",
    ),
    Row("chatglm", ("encoder_layers_", "self_attention_query_key_value")),
    Row("bloom", ("h_", "self_attention_query_key_value"), note="or Falcon"),
    Row("gpt-neox", ("gpt_neox_layers_", "attention_query_key_value")),
    Row("t5", ("block_", "SelfAttention_")),
    *(
        Row("deberta", ("encoder_layer_", f"attention_self_{part}"))
        for part in ("query_proj", "key_proj", "value_proj", "in_proj")
    ),
    Row("bert", ("encoder_layer_", "attention_self_"), lacks=("esm_",), note="RoBERTa is the same"),
)


def family_of(layers: Layers) -> tuple[str, str]:
    """The base that names and widths of layers fit, and the tensor that decided."""
    is_unet = any(word in layers.text for word in UNET_WORDS)
    if is_unet:
        found = _first(UNETS, layers) or _by_projection(layers) or _first(TEXTS_OF_UNETS, layers)
    else:
        found = _first((*TRANSFORMERS, *NUMBERED, *TEXTS, *LANGUAGE), layers)
    if found is not None:
        return found
    some = next(iter(layers.modules.values()))
    left = "layers that SD1, SD2 and SDXL share" if is_unet else "layers that name no family"
    return UNKNOWN, f"{some}: a delta to {left}"


def _first(rows: Iterable[Row], layers: Layers) -> tuple[str, str] | None:
    text = layers.text
    for row in rows:
        if all(need in text for need in row.needs) and not any(word in text for word in row.lacks):
            found = _match(row, layers)
            if found is not None:
                return row.family, f"{found}: {row.note}" if row.note else str(found)
    return None


def _match(row: Row, layers: Layers) -> Module | None:
    if not row.at:
        return next(layers.named(row.needs[-1]), None)
    for wanted, widths in ((row.inputs, layers.inputs), (row.outputs, layers.outputs)):
        for width in wanted:
            if (module := widths(row.at).get(width)) is not None:
                return module
    return None


def _by_projection(layers: Layers) -> tuple[str, str] | None:
    """SD1 projects by convolution, SD2 linearly; SDXL has no attention at its widest level."""
    for part in ("_proj_in", "_proj_out"):
        for module in layers.named(part):
            if module.rank == 4:
                return "sd1", str(module)
            if module.rank == 2 and module.inputs == 320:
                return "sd2", str(module)
    return None

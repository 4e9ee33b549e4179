"""Language, vision and speech transformers, in the names of transformers' ``modeling_*.py``.

Layer numbers are read as ``N``, so that a shard from the middle is told as well. Shapes name a
layout, not a maker: Llama, Mistral, Yi and many others are one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from modelaudit.domain.weights import UNKNOWN, Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.names import Listing, Shape, Zone
from modelaudit.resolve.architecture.rules import Rule, first

_GGUF: Final = "every family has these names in GGUF"
_LLAMA: Final = "Llama, Mistral, Yi and others share this layout"

LANGUAGE: Final = (
    Rule("deepseek", "layers.N.self_attn.kv_a_proj_with_mqa.weight"),
    Rule(  # Phi-3.5-MoE and MiniMax have more
        "mixtral",
        "layers.N.block_sparse_moe.experts.N.w1.weight",
        absent=("layers.N.self_attn.q_proj.bias", "layers.N.self_attn.q_norm.weight"),
    ),
    Rule("gemma", "layers.N.pre_feedforward_layernorm.weight", note="Gemma 2 and later"),
    Rule(
        UNKNOWN,
        "layers.N.self_attn.q_norm.weight",
        (128,),
        also=("layers.N.post_feedforward_layernorm.weight",),
        note="norms of two families",
    ),
    Rule("olmo2", "layers.N.post_feedforward_layernorm.weight"),
    Rule(
        UNKNOWN,
        "layers.N.mlp.experts.N.gate_proj.weight",
        also=("layers.N.self_attn.q_proj.bias",),
        absent=("layers.N.mlp.shared_expert.gate_proj.weight",),
        note="a bias on the queries beside experts, none of them shared",
    ),
    Rule(
        "qwen3", "layers.N.self_attn.q_norm.weight", (128,), also=("layers.N.mlp.gate_proj.weight",)
    ),
    Rule(
        "qwen3-moe",
        "layers.N.self_attn.q_norm.weight",
        (128,),
        also=("layers.N.mlp.experts.N.gate_proj.weight",),
    ),
    Rule("phi3", "layers.N.self_attn.qkv_proj.weight"),
    Rule("phi", "layers.N.self_attn.dense.weight", also=("layers.N.self_attn.q_proj.weight",)),
    Rule("starcoder2", "layers.N.mlp.c_fc.weight"),
    Rule(
        "qwen2",
        "layers.N.self_attn.q_proj.bias",
        also=("layers.N.self_attn.q_proj.weight", "layers.N.mlp.gate_proj.weight"),
        absent=("layers.N.self_attn.o_proj.bias",),
        note="a bias on the queries, none on the output",
    ),
    Rule(
        "qwen2-moe",
        "layers.N.mlp.shared_expert.gate_proj.weight",
        also=("layers.N.self_attn.q_proj.bias",),
    ),
    Rule(
        "llama-like",
        "layers.N.self_attn.q_proj.weight",
        also=("layers.N.self_attn.o_proj.weight",),
        note=_LLAMA,
    ),
    Rule("internlm2", "layers.N.attention.wqkv.weight"),
    Rule("llama-like", "layers.N.attention.wq.weight", note=_LLAMA),
    Rule(  # Qwen, the first, gates its layers
        "gpt2",
        "h.N.attn.c_attn.weight",
        absent=("h.N.mlp.w1.weight",),
        note="StarCoder is the same",
    ),
    Rule("gpt-neo", "h.N.attn.attention.q_proj.weight"),
    Rule("gpt-j", "h.N.attn.q_proj.weight"),
    Rule("codegen", "h.N.attn.qkv_proj.weight"),
    Rule("bloom", "h.N.self_attention.query_key_value.bias"),
    Rule("falcon", "h.N.self_attention.query_key_value.weight"),
    Rule(  # ChatGLM, the first, has its embedding elsewhere
        "gpt-neox",
        "layers.N.attention.query_key_value.weight",
        absent=("word_embeddings.weight",),
    ),
    Rule("chatglm", "encoder.layers.N.self_attention.query_key_value.weight"),
    Rule("mpt", "blocks.N.attn.Wqkv.weight"),
    Rule("mamba", "layers.N.mixer.A_log"),
    Rule("rwkv", "blocks.N.att.time_decay"),
    Rule("rwkv", "rwkv.blocks.N.attention.time_decay"),
    Rule("t5", "decoder.block.N.layer.N.EncDecAttention.q.weight"),
    Rule("t5", "encoder.block.N.layer.N.SelfAttention.q.weight", variant="encoder"),
    Rule(
        "whisper",
        "encoder.conv1.weight",
        also=("encoder.layers.N.self_attn.k_proj.weight",),
        absent=("encoder.conv3.weight",),  # Moonshine
    ),
    Rule(
        "bart-like",
        "decoder.layers.N.encoder_attn.k_proj.weight",
        absent=("query_position_embeddings.weight", "encoder.conv3.weight"),  # DETR, Moonshine
        note="BART, mBART, Marian …",
    ),
    Rule(
        "opt",
        "decoder.layers.N.self_attn.k_proj.weight",
        absent=(
            "decoder.layers.N.encoder_attn.k_proj.weight",
            "decoder.layers.N.encoder_attn.sampling_offsets.weight",  # RT-DETR
        ),
    ),
    Rule("wav2vec2-like", "feature_extractor.conv_layers.N.conv.weight", note="HuBERT is the same"),
    Rule("bert", "encoder.layer.N.attention.self.query.weight", note="RoBERTa is the same"),
    Rule("deberta", "encoder.layer.N.attention.self.query_proj.weight"),
    Rule("mpnet", "encoder.layer.N.attention.attn.q.weight"),
    Rule("distilbert", "layer.N.attention.q_lin.weight"),
    Rule("albert", "encoder.albert_layer_groups.N.albert_layers.N.attention.query.weight"),
    Rule("modernbert", "layers.N.attn.Wqkv.weight"),
    Rule("vit", "encoder.layer.N.attention.attention.query.weight"),
    Rule("vit", "blocks.N.attn.qkv.weight", also=("patch_embed.proj.weight",)),
    Rule(UNKNOWN, "blk.N.attn_q.weight", note=_GGUF),
    Rule(UNKNOWN, "blk.N.attn_qkv.weight", note=_GGUF),
    Rule(UNKNOWN, "token_embd.weight", note=_GGUF),
    Rule(UNKNOWN, "v.blk.N.attn_q.weight", note=_GGUF),
)

_NUMBER: Final = re.compile(r"(?<=\.)\d+(?=\.)")
_VISION: Final = frozenset({"vit", "v.blk.N.attn_q.weight"})


@lru_cache(maxsize=1 << 15)  # every file of an architecture names the same tensors
def _numberless(name: str) -> str:
    """A name with ``N`` for the numbers of its layers."""
    key = _NUMBER.sub("N", name)
    key = key.replace(".base_layer.", ".")  # PEFT, where it wraps a whole model
    # GPTQ and AWQ rename what they quantize.
    return key.removesuffix("qweight") + "weight" if key.endswith(".qweight") else key


def language_model(listing: Listing) -> Architecture | None:
    """A transformer that is no diffusion model."""
    layout: dict[str, Shape] = {}
    actual: dict[str, str] = {}
    for name, shape in listing.main.items():
        key = _numberless(name)
        if key not in layout:
            layout[key], actual[key] = shape, name
    rule = first(LANGUAGE, layout)
    if rule is None:
        return None
    sees = rule.family in _VISION or rule.key in _VISION
    encodes = rule.family == "t5" and rule.variant == "encoder"
    main = Component.TRANSFORMER
    if sees or encodes:
        main = Component.IMAGE_ENCODER if sees else Component.TEXT_ENCODER
    parts = [main]
    if listing.zones[Zone.IMAGE] and not sees:
        parts.append(Component.IMAGE_ENCODER)
    return Architecture(
        family=rule.family,
        reason=rule._replace(key=actual[rule.key]).reason(listing, listing.main),
        kind="text-encoder" if encodes else "checkpoint",
        components=tuple(parts),
        measured=rule.family != UNKNOWN,
    )

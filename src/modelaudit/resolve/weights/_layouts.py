"""Names of transformers in open_clip, GGUF, Meta's and Black Forest Labs' files.

The ones kept are those of transformers and diffusers. Sources: ``gguf/tensor_mapping.py`` of
llama.cpp, ``loaders/single_file_utils.py`` of diffusers. Only matrices are renamed, and what is
fused there but split here has a name of its own: its rows lie elsewhere.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RESBLOCK: Final = re.compile(r"(?:transformer\.)?resblocks\.([0-9]{1,3})\.(.+)")
_IN_RESBLOCK: Final = (
    ("attn.in_proj_", "self_attn.in_proj."),
    ("attn.", "self_attn."),
    ("ln_1.", "layer_norm1."),
    ("ln_2.", "layer_norm2."),
    ("mlp.c_fc.", "mlp.fc1."),
    ("mlp.c_proj.", "mlp.fc2."),
)
_OPEN_CLIP: Final = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "class_embedding": "embeddings.class_embedding",
    "conv1.weight": "embeddings.patch_embedding.weight",
    **{
        f"{old}.{leaf}": f"{new}.{leaf}"
        for old, new in (
            ("ln_final", "final_layer_norm"),
            ("ln_pre", "pre_layrnorm"),  # as transformers spells it
            ("ln_post", "post_layernorm"),
        )
        for leaf in ("weight", "bias")
    },
}


class _Gguf(NamedTuple):
    """What a family is called elsewhere."""

    layers: str
    inner: dict[str, str]
    outer: dict[str, str]


_EXPERTS: Final = {
    f"ffn_{way}_{short}": f"mlp.{long}.{way}_proj"
    for way in ("gate", "up", "down")
    for short, long in (("exps", "experts"), ("shexp", "shared_expert"))
}
_LLAMA: Final = _Gguf(
    "layers",
    {
        **{f"attn_{x}": f"self_attn.{x}_proj" for x in ("q", "k", "v", "qkv", "q_a", "q_b")},
        **{f"ffn_{way}": f"mlp.{way}_proj" for way in ("gate", "up", "down")},
        "attn_output": "self_attn.o_proj",
        "attn_kv_a_mqa": "self_attn.kv_a_proj_with_mqa",
        "attn_kv_b": "self_attn.kv_b_proj",
        "ffn_gate_inp": "mlp.gate",
        "ffn_gate_inp_shexp": "mlp.shared_expert_gate",
        **_EXPERTS,
    },
    {"token_embd": "embed_tokens", "output": "lm_head"},
)
_FAMILIES: Final = {
    "bert": _Gguf(
        "encoder.layer",
        {
            "attn_q": "attention.self.query",
            "attn_k": "attention.self.key",
            "attn_v": "attention.self.value",
            "attn_output": "attention.output.dense",
            "ffn_up": "intermediate.dense",
            "ffn_down": "output.dense",
        },
        {
            "token_embd": "embeddings.word_embeddings",
            "position_embd": "embeddings.position_embeddings",
            "token_types": "embeddings.token_type_embeddings",
        },
    ),
    "gpt2": _Gguf(
        "h",
        {
            "attn_qkv": "attn.c_attn",
            "attn_output": "attn.c_proj",
            "ffn_up": "mlp.c_fc",
            "ffn_down": "mlp.c_proj",
        },
        {"token_embd": "wte", "position_embd": "wpe", "output": "lm_head"},
    ),
    "phi3": _LLAMA._replace(inner={**_LLAMA.inner, "ffn_up": "mlp.gate_up_proj"}),
    "deepseek2": _LLAMA._replace(
        inner={
            role: module.replace("shared_expert.", "shared_experts.")
            for role, module in _LLAMA.inner.items()
        }
    ),
}
_FAMILIES["deepseek"] = _FAMILIES["deepseek2"]
_BLOCK: Final = re.compile(r"blk\.([0-9]{1,4})\.([a-z_]+)\.(.+)")

_T5_BLOCK: Final = re.compile(
    r"(enc|dec)\.blk\.([0-9]{1,4})\.(cross_attn|attn|ffn)_([a-z_]+)\.(.+)"
)
_T5_ATTENTION: Final = {"q": "q", "k": "k", "v": "v", "o": "o", "rel_b": "relative_attention_bias"}
_T5_FEED: Final = {"gate": "wi_0", "up": "wi_1", "down": "wo"}
_T5: Final = {
    "token_embd.weight": "shared.weight",
    "output.weight": "lm_head.weight",
    "encoder.embed_tokens.weight": "shared.weight",  # the same matrix
    "decoder.embed_tokens.weight": "shared.weight",
}

_META: Final = re.compile(r"layers\.([0-9]{1,4})\.(attention\.w[qkvo]|feed_forward\.w[123])\.(.+)")
_META_MODULES: Final = {
    **{f"attention.w{x}": f"self_attn.{x}_proj" for x in "qkvo"},
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj",
}
_META_OUTER: Final = {"tok_embeddings": "embed_tokens", "output": "lm_head"}

_FLUX_BLOCK: Final = re.compile(r"(double|single)_blocks\.([0-9]{1,3})\.(.+)\.([a-z]+)")
_FLUX_MODULES: Final = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_attn.qkv": "attn.qkv",
    "txt_attn.qkv": "attn.add_qkv_proj",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
    "modulation.lin": "norm.linear",
    "linear1": "attn.qkv_mlp",
    "linear2": "proj_out",
}
_FLUX: Final = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "final_layer.linear": "proj_out",
    **{
        f"{old}.{side}_layer": f"time_text_embed.{new}_embedder.linear_{n}"
        for old, new in (
            ("time_in", "timestep"),
            ("vector_in", "text"),
            ("guidance_in", "guidance"),
        )
        for side, n in (("in", 1), ("out", 2))
    },
}


def clip(name: str) -> str:
    """A tensor of a text or image encoder of open_clip as transformers names it."""
    if found := _RESBLOCK.fullmatch(name):
        rest = found[2]
        for old, new in _IN_RESBLOCK:
            if rest.startswith(old):
                rest = new + rest[len(old) :]
                break
        return f"encoder.layers.{found[1]}.{rest}"
    return _OPEN_CLIP.get(name, name)


def t5(name: str) -> str:
    """A tensor of T5 as transformers names it; any other name as it is."""
    if found := _T5_BLOCK.fullmatch(name):
        side, number, part, role, leaf = found.groups()
        roles = _T5_FEED if part == "ffn" else _T5_ATTENTION
        if role not in roles:
            return name
        layer = {"attn": 0, "cross_attn": 1, "ffn": 1 if side == "enc" else 2}[part]
        module = {"attn": "SelfAttention", "cross_attn": "EncDecAttention"}.get(
            part, "DenseReluDense"
        )
        return f"{side}oder.block.{number}.layer.{layer}.{module}.{roles[role]}.{leaf}"
    return _T5.get(name, name)


def language(name: str, family: str) -> str:
    """A tensor of a language model as transformers names it; any other name as it is."""
    head, _, rest = name.partition(".")
    gguf = _FAMILIES.get(family, _LLAMA)
    if head == "blk" and (found := _BLOCK.fullmatch(name)):
        module = gguf.inner.get(found[2])
        return f"{gguf.layers}.{found[1]}.{module}.{found[3]}" if module else name
    if head in ("enc", "dec") or family in ("t5", "t5encoder"):
        return t5(name)
    if rest in ("weight", "bias"):
        outer = gguf.outer.get(head) or _META_OUTER.get(head)
        return f"{outer}.{rest}" if outer else name
    if head == "layers" and (found := _META.fullmatch(name)):
        return f"layers.{found[1]}.{_META_MODULES[found[2]]}.{found[3]}"
    return name


def flux(name: str) -> str:
    """A tensor of Flux.1 or Chroma as diffusers names it; any other name as it is."""
    if found := _FLUX_BLOCK.fullmatch(name):
        kind, number, module, leaf = found.groups()
        if module in _FLUX_MODULES:
            blocks = "transformer_blocks" if kind == "double" else "single_transformer_blocks"
            return f"{blocks}.{number}.{_FLUX_MODULES[module]}.{leaf}"
    module, dot, leaf = name.rpartition(".")
    return _FLUX.get(module, module) + dot + leaf

"""Diffusion transformers by name and shape; the first line that fits decides.

As diffusers (``single_file_utils.py``), ComfyUI (``model_detection.py``) and InvokeAI tell them
apart: first the names of a family's own repository, then diffusers' where they differ.
"""

from __future__ import annotations

from typing import Final

from modelaudit.resolve.architecture.rules import Rule

_MODULATION = "joint_blocks.0.context_block.adaLN_modulation.1.bias"
_FLUX_NORM = "double_blocks.0.img_attn.norm.key_norm.scale"
_FLUX_NORM_RENAMED = "double_blocks.0.img_attn.norm.key_norm.weight"
_ADDED_K = "transformer_blocks.0.attn.add_k_proj.weight"

TRANSFORMERS: Final = (
    Rule("sd3", _MODULATION),
    Rule("sd3", "joint_blocks.0.context_block.attn.qkv.weight"),
    Rule("flux2", "single_stream_modulation.lin.weight"),
    Rule("flux2", "single_stream_modulation.linear.weight"),
    Rule("flux3", "early_stream_modulations.image.lin.weight"),
    Rule("chroma", "distilled_guidance_layer.in_proj.bias"),
    Rule("chroma", "distilled_guidance_layer.in_proj.weight"),
    # ComfyUI saves it with the names of Flux.
    Rule("hunyuan-video", "txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias"),
    Rule("flux", _FLUX_NORM),
    Rule("flux", _FLUX_NORM_RENAMED),
    Rule("krea2", "txtfusion.projector.weight"),
    Rule("qwen-image", "txt_norm.weight", also=("img_in.weight", _ADDED_K)),
    Rule("qwen-image", "txt_in.text_norm.weight", also=("img_in.weight",)),
    Rule("ltx", "patchify_proj.weight"),
    Rule("mochi", "blocks.0.attn.qkv_x.weight"),
    Rule("hunyuan-dit", "mlp_t5.0.weight"),
    Rule(
        "auraflow",
        "double_layers.0.attn.w2q.weight",
        also=(
            "double_layers.0.attn.w1q.weight",
            "cond_seq_linear.weight",
            "t_embedder.mlp.0.weight",
        ),
    ),
    Rule("z-image", "layers.0.adaLN_modulation.0.weight"),
    Rule("lumina2", "cap_embedder.0.weight"),
    # PixArt, from which Sana comes, shares its names; Open-Sora its own, with blocks in time.
    Rule(
        "pixart",
        "y_embedder.y_proj.fc1.weight",
        (1152, 4096),
        also=("t_block.1.weight", "blocks.0.attn.qkv.weight"),
        absent=("blocks.0.attn_temp.qkv.weight",),
    ),
    Rule(
        "sana",
        "blocks.0.cross_attn.kv_linear.weight",
        absent=("blocks.0.ffn.w1.weight", "blocks.0.mlp.fc1.weight"),  # LongCat-Video, Open-Sora
    ),
    Rule("wan", "head.modulation", also=("patch_embedding.weight",)),
    Rule("hidream", "double_stream_blocks.0.block.adaLN_modulation.1.bias"),
    Rule("anima", "llm_adapter.blocks.0.cross_attn.q_proj.weight"),
    Rule("cosmos", "blocks.block1.blocks.0.block.attn.to_q.0.weight"),
    Rule("cosmos", "blocks.0.self_attn.q_proj.weight", also=("x_embedder.proj.1.weight",)),
    Rule("cosmos", "blocks.0.adaln_modulation_cross_attn.1.weight"),
    Rule(
        "pixart",
        "adaln_single.linear.weight",
        (6912, 1152),  # Allegro's is wider
        also=("caption_projection.linear_1.weight", "pos_embed.proj.weight"),
        absent=("temporal_transformer_blocks.0.attn1.to_q.weight",),  # Latte
    ),
    # ChatGLM has this buffer as well.
    Rule("stable-audio", "rotary_pos_emb.inv_freq", absent=("embedding.word_embeddings.weight",)),
    Rule("auraflow", "joint_transformer_blocks.0.attn.add_k_proj.weight"),
    Rule(
        "hunyuan-video",
        "context_embedder.token_refiner.refiner_blocks.0.attn.to_q.weight",
    ),
    Rule(  # LongCat-Image, Ovis-Image and Bria tell the time otherwise
        "flux",
        "single_transformer_blocks.0.proj_mlp.weight",
        also=(_ADDED_K, "time_text_embed.timestep_embedder.linear_1.weight"),
    ),
    Rule("sd3", _ADDED_K, also=("pos_embed.proj.weight", "context_embedder.weight")),
    Rule(
        "ltx",
        "proj_in.weight",
        also=("caption_projection.linear_1.weight", "transformer_blocks.0.attn1.norm_q.weight"),
        absent=("pos_embed.proj.weight",),
    ),
    Rule("mochi", "transformer_blocks.0.attn1.add_k_proj.weight"),
    Rule("hunyuan-dit", "time_extra_emb.timestep_embedder.linear_1.weight"),
    Rule("sana", "transformer_blocks.0.ff.conv_depth.weight"),
    Rule(
        "wan", "condition_embedder.text_embedder.linear_1.weight", also=("patch_embedding.weight",)
    ),
)

TRANSFORMER_VARIANTS: Final = (
    Rule("sd3", "joint_blocks.37.x_block.mlp.fc1.weight", variant="3.5-large"),
    Rule("sd3", "pos_embed", (None, 147456), variant="3.5-medium"),
    Rule("sd3", "pos_embed", (None, 36864), variant="medium"),
    Rule("sd3", "joint_blocks.0.context_block.attn.ln_q.weight", variant="3.5"),
    *(
        Rule("flux2", key, (None, width), variant=size)
        for key in ("txt_in.weight", "context_embedder.weight")
        for width, size in ((7680, "klein-4b"), (12288, "klein-9b"), (15360, "dev"))
    ),
    Rule("flux3", "ref_time_in.in_layer.weight", variant="distilled"),
    *(
        Rule("flux", key, (None, channels), variant=use)
        for key in ("img_in.weight", "x_embedder.weight")
        for channels, use in ((384, "inpainting"), (128, "control"))
    ),
    *(
        Rule(
            "flux",
            "final_layer.linear.weight",
            also=("img_in.weight", _FLUX_NORM),
            absent=(last,),
            variant="pruned",
        )
        for last in (_FLUX_NORM.replace(".0.", ".18.", 1), "single_blocks.37.linear1.weight")
    ),
    Rule("flux", "guidance_in.in_layer.weight", variant="dev"),
    Rule("flux", "time_text_embed.guidance_embedder.linear_1.weight", variant="dev"),
    Rule("flux", "time_in.in_layer.weight", variant="schnell"),
    Rule(
        "flux",
        "time_text_embed.timestep_embedder.linear_1.weight",
        also=("single_transformer_blocks.0.proj_mlp.weight",),
        variant="schnell",
    ),
    Rule("wan", "vace_blocks.0.after_proj.bias", variant="vace"),
    Rule("wan", "motion_encoder.dec.direction.weight", variant="animate"),
    Rule("wan", "patch_embedding.weight", (1536,), variant="1.3b"),
    Rule("wan", "patch_embedding.weight", (3072, 48), variant="5b"),
    Rule("wan", "patch_embedding.weight", (5120, 16), variant="t2v"),
    Rule("wan", "patch_embedding.weight", (5120,), variant="i2v"),
    Rule("hunyuan-dit", "extra_embedder.0.weight", (None, 3968), variant="1.1"),
    Rule("ltx", "av_ca_a2v_gate_adaln_single.linear.weight", variant="2"),
    Rule("ltx", "transformer_blocks.47.scale_shift_table", variant="0.9.7"),
    Rule("cosmos", "x_embedder.proj.1.weight", (None, 68), variant="text"),
    Rule("cosmos", "x_embedder.proj.1.weight", (None, 72), variant="video"),
)
"""What a tensor adds once the family is known."""

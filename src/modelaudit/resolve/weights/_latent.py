"""Names in latent-diffusion's modules, and in diffusers', which are the ones kept.

The tables are those of diffusers' ``loaders/single_file_utils.py``. A UNet has two residual blocks
and a third place for what changes the size on each level, in all of Stable Diffusion.
"""

from __future__ import annotations

import re
from typing import Final

_UNET: Final = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "middle_block.0": "mid_block.resnets.0",
    "middle_block.1": "mid_block.attentions.0",
    "middle_block.2": "mid_block.resnets.1",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
    # ControlNets
    "middle_block_out.0": "controlnet_mid_block",
    "input_hint_block.0": "controlnet_cond_embedding.conv_in",
    **{
        f"input_hint_block.{2 * n}": f"controlnet_cond_embedding.blocks.{n - 1}"
        for n in range(1, 7)
    },
    "input_hint_block.14": "controlnet_cond_embedding.conv_out",
}
_LEVELS: Final = re.compile(r"(input|output)_blocks\.([0-9]{1,3})\.([0-9])\.(.+)")
_ZERO: Final = re.compile(r"zero_convs\.([0-9]{1,3})\.0\.(.+)")
_LABELS: Final = re.compile(r"label_emb\.(?:0\.([02])\.)?([a-z]+)")
_RESNET: Final = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}

_VAE_LEVEL: Final = re.compile(
    r"(encoder|decoder)\.(down|up)\.([0-3])\.(block|attn|downsample|upsample)\.(.+)"
)
_VAE_MIDDLE: Final = re.compile(
    r"(encoder|decoder)\.(?:mid\.(block|attn)_([12])|mid_block\.(attentions)\.([0-9]))\.(.+)"
)
_VAE_LISTS: Final = {"block": "resnets.", "attn": "attentions.", "attentions": "attentions."}
_VAE_SIZES: Final = {"downsample": "downsamplers.0.", "upsample": "upsamplers.0."}
_VAE_ATTENTION: Final = {
    "norm": "group_norm",
    **dict.fromkeys(("q", "query"), "to_q"),
    **dict.fromkeys(("k", "key"), "to_k"),
    **dict.fromkeys(("v", "value"), "to_v"),
    **dict.fromkeys(("proj_out", "proj_attn"), "to_out.0"),
}
"""The second of each two is what diffusers wrote at first."""

_FLAT_MODULES: Final = {
    name.replace(".", ""): name
    for name in (
        *_RESNET, "op", "conv", "norm", "norm1", "norm2", "norm3", "proj_in", "proj_out",
        *(f"attn{n}.to_{x}" for n in (1, 2) for x in ("q", "k", "v", "out.0")),
        "ff.net.0.proj", "ff.net.2",
    )
}  # fmt: skip
_FLAT: Final = re.compile(
    r"(?:diffusion_model)?"
    r"(?:(?P<side>input|output)_blocks(?P<i>[0-9]{1,2})(?P<j>[0-9])"
    r"|(?P<one>middle_block|time_embed|out)(?P<n>[0-9])|label_emb(?P<a>[0-9])(?P<b>[0-9]))"
    r"(?:transformer_blocks(?P<t>[0-9]{1,2}))?"
    rf"(?P<module>{'|'.join(sorted(_FLAT_MODULES, key=len, reverse=True))})?"
    r"(?P<leaf>weight|bias)"
)


def unet(name: str, family: str) -> str:
    """A tensor of a UNet or a ControlNet as diffusers names it; any other name as it is."""
    head, _, rest = name.partition(".")
    if head in ("input_blocks", "output_blocks") and (found := _LEVELS.fullmatch(name)):
        side, place, module, rest = found.groups()
        if side == "output":
            return _on_level("up", *divmod(int(place), 3), module, rest) or name
        if int(place):
            return _on_level("down", *divmod(int(place) - 1, 3), module, rest) or name
        return f"conv_in.{rest}" if module == "0" else name
    if head == "zero_convs" and (found := _ZERO.fullmatch(name)):
        return f"controlnet_down_blocks.{found[1]}.{found[2]}"
    if head == "label_emb" and (found := _LABELS.fullmatch(name)):
        embedding = "class_embedding" if family == "sd2" or not found[1] else "add_embedding"
        linear = {"0": ".linear_1", "2": ".linear_2"}.get(found[1], "")
        return f"{embedding}{linear}.{found[2]}"
    number, _, leaf = rest.partition(".")
    new = _UNET.get(f"{head}.{number}")
    if new is None or not leaf:
        return name
    return f"{new}.{_in_resnet(leaf) if '.resnets.' in new else leaf}"


def vae(name: str) -> str:
    """A tensor of an autoencoder as diffusers names it today; any other name as it is.

    Its decoder counts its four levels from the other end.
    """
    if found := _VAE_LEVEL.fullmatch(name):
        side, way, level, what, rest = found.groups()
        if way == "up":
            level = str(3 - int(level))
        if what in _VAE_SIZES:
            return f"{side}.{way}_blocks.{level}.{_VAE_SIZES[what]}{rest}"
        number, _, rest = rest.partition(".")
        inner = f"{number}.{_in_vae(what, rest)}"
        return f"{side}.{way}_blocks.{level}.{_VAE_LISTS[what]}{inner}"
    if found := _VAE_MIDDLE.fullmatch(name):
        side, what, one_based, now, number, rest = found.groups()
        number = number or str(int(one_based) - 1)
        inner = f"{number}.{_in_vae(what or now, rest)}"
        return f"{side}.mid_block.{_VAE_LISTS[what or now]}{inner}"
    for side in ("encoder.", "decoder."):
        if name.startswith(side + "norm_out."):
            return f"{side}conv_{name[len(side) :]}"
    return name


def dotted(name: str) -> str | None:
    """The name of a UNet's tensor whose dots were removed, as ``LitEma`` does to its copies.

    ``None`` where it is none. A place on a level has one digit for its module, the last one.
    """
    found = _FLAT.fullmatch(name)
    if found is None:
        return None
    if found["side"]:
        parts = [f"{found['side']}_blocks", found["i"], found["j"]]
    elif found["one"]:
        parts = [found["one"], found["n"]]
    else:
        parts = ["label_emb", found["a"], found["b"]]
    if found["t"]:
        parts += ["transformer_blocks", found["t"]]
    if found["module"]:
        parts.append(_FLAT_MODULES[found["module"]])
    return ".".join((*parts, found["leaf"]))


def _on_level(way: str, block: int, layer: int, module: str, rest: str) -> str | None:
    if way == "down" and rest.startswith("op."):
        return f"down_blocks.{block}.downsamplers.0.conv.{rest[3:]}"
    if way == "up" and rest.startswith("conv."):
        return f"up_blocks.{block}.upsamplers.0.{rest}"
    if module == "0":
        return f"{way}_blocks.{block}.resnets.{layer}.{_in_resnet(rest)}"
    return f"{way}_blocks.{block}.attentions.{layer}.{rest}" if module == "1" else None


def _in_resnet(rest: str) -> str:
    module, dot, leaf = rest.rpartition(".")
    return _RESNET.get(module, module) + dot + leaf


def _in_vae(what: str, rest: str) -> str:
    module, dot, leaf = rest.partition(".")
    if what == "block":
        return ("conv_shortcut" if module == "nin_shortcut" else module) + dot + leaf
    return _VAE_ATTENTION.get(module, module) + dot + leaf

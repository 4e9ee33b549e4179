"""The layers that a delta changes, read from its tensors' names: kohya, PEFT, diffusers, LyCORIS.

Layouts: kohya-ss/sd-scripts (``lora_down``), huggingface/peft (``lora_A``), KohakuBlueleaf/LyCORIS
(``hada_*``, ``lokr_*``, ``diff``, ``on_input``), cloneofsimo/lora (``unet:0:down``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modelaudit.resolve.architecture.names import Shape, shown

_DOWN: Final = ("lora_down", "lora_A", "down", "lora_a", "diff", "hada_w1_b", "hada_w2_b")
_UP: Final = ("lora_up", "lora_B", "up", "lora_b", "diff", "hada_w1_a", "hada_w2_a")


@dataclass(slots=True)
class Module:
    """One changed layer: its matrices by role, and one of them to show."""

    key: str
    shape: Shape
    roles: dict[str, Shape]

    def __str__(self) -> str:
        return shown(self.key, self.shape)

    @property
    def inputs(self) -> int | None:
        """Width of what goes into the layer, where the delta tells."""
        if (kron := self._kronecker(("lokr_w1_b", "lokr_w2_b"), 1)) is not None:
            return kron
        return next((s[1] for s in self._any(_DOWN) if len(s) > 1), None)

    @property
    def outputs(self) -> int | None:
        """Width of what comes out of the layer, where the delta tells."""
        if (kron := self._kronecker(("lokr_w1_a", "lokr_w2_a"), 0)) is not None:
            return kron
        if "on_input" in self.roles:
            return next(iter(self.roles.get("weight", ())), None)
        return next((s[0] for s in self._any(_UP) if len(s) > 1), None)

    @property
    def rank(self) -> int:
        """Dimensions of the matrix that meets the layer's input: 4 for a convolution; 0 if unknown.

        LyCORIS flattens convolutions, so that its other factors do not tell.
        """
        return max((len(shape) for shape in self._any(_DOWN[:5])), default=0)

    def _any(self, roles: tuple[str, ...]) -> Iterator[Shape]:
        return (self.roles[role] for role in roles if role in self.roles)

    def _kronecker(self, factors: tuple[str, str], axis: int) -> int | None:
        """Size of a Kronecker product, whose factors LoKr stores whole or decomposed."""
        sizes = []
        for whole, part in zip(("lokr_w1", "lokr_w2"), factors, strict=True):
            shape = self.roles.get(whole) or self.roles.get(part) or ()
            if len(shape) < 2:
                return None
            sizes.append(shape[axis])
        return sizes[0] * sizes[1]


class Layers:
    """All changed layers by name, with underscores for dots, as kohya spells all of them."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        by_stem: dict[str, Module] = {}
        for name, shape in shapes.items():
            stem, role = _cut(name)
            module = by_stem.get(stem)
            if module is None:
                by_stem[stem] = Module(name, shape, {role: shape})
                continue
            module.roles.setdefault(role, shape)
            if role in _DOWN or role == "lokr_w1":
                module.key, module.shape = name, shape
        self.modules = {
            stem.replace(".", "_").replace("_processor_", "_"): module
            for stem, module in by_stem.items()
        }
        self.text = "\n".join(self.modules)
        """All names, one a line."""
        self._widths: dict[tuple[str, bool], dict[int | None, Module]] = {}

    def named(self, part: str) -> Iterator[Module]:
        """The layers whose name contains ``part``."""
        return (module for name, module in self.modules.items() if part in name)

    def inputs(self, part: str) -> Mapping[int | None, Module]:
        """The first layer of each input width among those named ``…part…``."""
        if (part, True) not in self._widths:
            found = self._widths[part, True] = {}
            for module in self.named(part):
                found.setdefault(module.inputs, module)
        return self._widths[part, True]

    def outputs(self, part: str) -> Mapping[int | None, Module]:
        """The same by output width."""
        if (part, False) not in self._widths:
            found = self._widths[part, False] = {}
            for module in self.named(part):
                found.setdefault(module.outputs, module)
        return self._widths[part, False]


def _cut(name: str) -> tuple[str, str]:
    """The layer's name and what the tensor is to it."""
    stem, dot, role = name.removesuffix(".weight").removesuffix(".default").rpartition(".")
    if not dot and ":" in name:
        stem, _, role = name.rpartition(":")
        return stem, role
    if role in _ROLES:
        if role in ("down", "up"):
            # diffusers once wrote to_k_lora.down and to_k.lora_linear_layer.down
            for inner in ("_lora", ".lora_linear_layer", ".lora"):
                stem = stem.removesuffix(inner)
        return stem, role
    return name.removesuffix(".weight"), "weight"


_ROLES: Final = frozenset({
    *_DOWN, *_UP, "alpha", "dora_scale", "on_input", "diff_b", "lora_mid", "lora_magnitude_vector",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
    "hada_t1", "hada_t2", "oft_blocks", "oft_diag", "oft_R", "ia3_l",
})  # fmt: skip

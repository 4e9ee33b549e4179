"""Image and video generators: a UNet or a diffusion transformer, alone or with its other parts."""

from __future__ import annotations

from typing import Final

from modelaudit.domain.weights import UNKNOWN, Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.architecture.names import Listing, Zone
from modelaudit.resolve.architecture.rules import Rule, first
from modelaudit.resolve.architecture.transformers import TRANSFORMER_VARIANTS, TRANSFORMERS
from modelaudit.resolve.architecture.unets import OTHER_UNETS, UNET_VARIANTS, UNETS

_TABLES: Final = (
    (Component.UNET, UNETS),
    (Component.TRANSFORMER, TRANSFORMERS),
    (Component.UNET, OTHER_UNETS),
)
_COMPANIONS: Final = (
    (Zone.VAE, Component.VAE),
    (Zone.TEXT, Component.TEXT_ENCODER),
    (Zone.IMAGE, Component.IMAGE_ENCODER),
    (Zone.ADAPTER, Component.ADAPTER),
    (Zone.OTHER, Component.OTHER),
)
_WRAPPER: Final = "diffusion_model"
"""What LitEma leaves of ``model.diffusion_model.`` in the names of its copies."""
_UNDOTTED: Final = tuple(rule._replace(key=rule.key.replace(".", "")) for rule in UNETS)


def checkpoint(listing: Listing) -> Architecture | None:
    """A file with a denoiser in it."""
    shapes = listing.main
    for component, rules in _TABLES:
        rule = first(rules, shapes)
        if rule is not None:
            return Architecture(
                family=rule.family,
                reason=rule.reason(listing, shapes),
                kind="checkpoint",
                variant=_variant(rule.family, listing),
                components=(component, *_companions(listing)),
                measured=rule.family != UNKNOWN,
            )
    return None


def averaged(listing: Listing) -> Architecture | None:
    """A UNet of which only the EMA copy is there, whose names have lost their dots."""
    copies = listing.zones[Zone.EMA]
    bare = {name.removeprefix(_WRAPPER): shape for name, shape in copies.items()}
    for shapes in (bare, listing.main):
        rule = first(_UNDOTTED, shapes)
        if rule is not None:
            return Architecture(
                family=rule.family,
                reason=rule.reason(listing, shapes),
                kind="checkpoint",
                variant="ema",
                components=(Component.UNET, *_companions(listing)),
                measured=True,
            )
    return None


def _variant(family: str, listing: Listing) -> str | None:
    rules: tuple[Rule, ...] = (*UNET_VARIANTS, *TRANSFORMER_VARIANTS)
    rule = first((rule for rule in rules if rule.family == family), listing.main)
    return rule.variant if rule else None


def _companions(listing: Listing) -> tuple[Component, ...]:
    """Other parts in the file; tables of the noise schedule are none."""
    return tuple(
        component
        for zone, component in _COMPANIONS
        if any(zone is not Zone.OTHER or len(shape) > 1 for shape in listing.zones[zone].values())
    )

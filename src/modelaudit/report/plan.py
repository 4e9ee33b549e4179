"""An estimate as text: what is asked, and how long that takes under which token."""

from __future__ import annotations

from collections.abc import Iterator

from modelaudit.domain.plan import PLANS, Estimate
from modelaudit.report.clean import for_terminal
from modelaudit.report.words import amount


def render(estimate: Estimate) -> Iterator[str]:
    """Lines for people; what nobody has counted is said to be unknown, not nothing."""
    for one in estimate.listings:
        source = for_terminal(one.source)
        if one.models is None:
            yield f"{source}  {one.told}\n"
        elif one.requests == 0:
            yield f"{source}  {amount(one.models, 'model')}, {one.told}: no request\n"
        else:
            asked = amount(one.requests or 0, "request")
            yield f"{source}  {amount(one.models, 'model')}, {one.told}: {asked} to list\n"
    if not estimate.calls and not estimate.files:
        return
    yield (
        f"then, at most, {amount(estimate.calls, 'request')} about single models,"
        f" {estimate.files:,} for files"
    )
    yield f", {_bytes(estimate.bytes)} of weight files\n" if estimate.bytes else "\n"
    if estimate.listing("civitai"):
        yield f"Civitai, at one request a second: {_hours(estimate.civitai_hours)} to list\n"
    if any(one.platform == "hf" for one in estimate.listings):
        yield "\nHugging Face, by token    to list   in all, at most\n"
        for plan in PLANS:
            listed, everything = estimate.hours(plan)
            yield f"  {plan.name:<20}{_hours(listed):>11}{_hours(everything):>18}\n"
        yield "Pages come one after another: what each takes to arrive is added to that.\n"


def _hours(hours: float) -> str:
    if hours < 1 / 60:
        return "< 1 min"
    return f"{hours * 60:,.0f} min" if hours < 2 else f"{hours:,.1f} h"


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,} bytes"

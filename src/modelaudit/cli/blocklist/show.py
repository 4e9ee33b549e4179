"""``modelaudit blocklist show``: read a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    from modelaudit.domain.entry import Blocklist, Entry


def show(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A list.")],
    entry: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENTRY]", help="One entry: its id, or the end of it.", show_default=False
        ),
    ] = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show a list's entries: what is listed, why, what follows, and where that can be read.

    Example: modelaudit blocklist show laion-5b sd-1.5
    """
    from modelaudit.check import blocklist
    from modelaudit.check.verdict import entry_cap
    from modelaudit.cli.output import Output
    from modelaudit.report.layout import PIPE
    from modelaudit.report.listing import render

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    loaded = blocklist.load(blocklist.resolve(name))
    caps = {one.id: entry_cap(one) for one in loaded.entries}
    out.data(
        render(
            loaded,
            {ident: (cap.verdict, cap.reason) for ident, cap in caps.items()},
            entries=None if entry is None else [_found(loaded, entry)],
            width=out.width if out.on_terminal else PIPE,
            colour=out.colour,
        )
    )


def _found(loaded: Blocklist, name: str) -> Entry:
    """The entry with this id, or with this after the list's id."""
    from difflib import get_close_matches

    from modelaudit.domain.errors import UsageError

    by_name = {entry.id.removeprefix(f"{loaded.id}/"): entry for entry in loaded.entries}
    by_name |= {entry.id: entry for entry in loaded.entries}
    if name in by_name:
        return by_name[name]
    short = name.removeprefix(f"{loaded.id}/")
    near = get_close_matches(short[:80], [*by_name], n=5, cutoff=0.4)
    ids = list(dict.fromkeys(by_name[one].id for one in near))
    raise UsageError(
        f"{loaded.id} has no entry {name[:80]!r}",
        hint=f"near it: {', '.join(ids)}" if ids else f"modelaudit blocklist show {loaded.id}",
    )

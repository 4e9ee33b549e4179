"""``modelaudit blocklist``: read lists, write them, and keep them right. A file each."""

from __future__ import annotations

import typer

from modelaudit.cli.blocklist import (
    add,
    diff,
    lint,
    list,
    new,
    recheck,
    schema,
    show,
    sums,
    test,
    verify,
)

app = typer.Typer(help="Read blocklists, write them, and keep them right.", no_args_is_help=True)
app.command("list")(list.list_)
app.command("show")(show.show)
app.command("lint")(lint.lint)
app.command("test")(test.test)
app.command("add")(add.add)
app.command("diff")(diff.diff)
app.command("recheck")(recheck.recheck)
app.command("new")(new.new)
app.command("schema")(schema.schema)
app.command("sums")(sums.sums)
app.command("verify")(verify.verify)

"""`amazon-vendor coverage`: a picture of what is loaded, stream × day, from `report_ledger`."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta
from pathlib import Path

import click

from tap_amazon_vendor.cli.screen import console, printable, say

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rich.text import Text

    from tap_amazon_vendor.coverage.days import StreamDays

#: A letter and a style for each state, by its name.
MARKS = {
    "LOADED": ("█", "green"),
    "RESTATED": ("▓", "green"),
    "REJECTED": ("!", "yellow"),
    "EMPTY": ("·", "green"),
    "FAILED": ("X", "bold red"),
    "LATER": ("~", "blue"),
    "SKIPPED": ("-", "dim"),
    "MISSING": ("?", "bold red"),
}


@click.command("coverage")
@click.argument("source")
@click.option("--schema", help="Schema of the database that holds `report_ledger`.")
@click.option("--account", "label", help="Only the account with this label.")
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1), help="Number of days to draw, the newest."
)
@click.option("--html", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write a page instead.")
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    context: click.Context, *, source: str, schema: str | None, label: str | None, days: int, html: Path | None
) -> None:
    """Draw what became of every day of every stream.

    SOURCE is a database (a URL of SQLAlchemy, such as postgresql+psycopg://user@host/database) or a file of JSON Lines,
    as target-jsonl writes it. The exit code is 1 if days failed or are missing, 2 if SOURCE is not a ledger.
    """
    from tap_amazon_vendor.coverage.days import stream_days  # noqa: PLC0415 - commands start fast
    from tap_amazon_vendor.coverage.ledger import UnreadableLedgerError, read_ledger  # noqa: PLC0415
    from tap_amazon_vendor.coverage.page import html_page  # noqa: PLC0415

    try:
        windows = read_ledger(source, schema)
    except UnreadableLedgerError as error:
        raise click.UsageError(str(error)) from None
    streams = stream_days(each for each in windows if label in {None, each.account})
    if not streams:
        raise click.UsageError("the ledger has no window" + (f" of the account {label!r}" if label else ""))
    last = max(each.spans[-1].last for each in streams)
    first = max(last - timedelta(days=days - 1), min(each.spans[0].first for each in streams))
    if html:
        html.write_text(html_page(streams, first, last), encoding="utf-8")
        click.echo(f"wrote {html}: {len(streams)} streams, {first} to {last}")
    else:
        _draw(streams, first, last)
    context.exit(1 if any(each.gaps for each in streams) else 0)


def _draw(streams: Sequence[StreamDays], first: date, last: date) -> None:
    """Draw one line for each stream, a letter for each day."""
    from rich.text import Text  # noqa: PLC0415 - commands start fast

    from tap_amazon_vendor.coverage.days import DayState  # noqa: PLC0415

    screen = console()
    names = [printable(" ".join((each.account, each.country, each.stream, _short(each.options)))) for each in streams]
    width = max(map(len, names))
    if screen.is_terminal:
        first = max(first, last - timedelta(days=max(14, screen.width - width - 7)))
    say(screen, f"{'':{width}}  {first} to {last}")
    for name, stream in zip(names, streams, strict=True):
        line = Text(f"{name:{width}}  ")
        _mark(line, stream, first, last)
        line.append(f"  {stream.gaps}" if stream.gaps else "", style="bold red")
        say(screen, line)
    say(screen, "  ".join(f"{MARKS[state.name][0]} {state.value}" for state in DayState))


def _mark(line: Text, stream: StreamDays, first: date, last: date) -> None:
    day = first
    for span in stream.within(first, last):
        line.append(" " * (span.first - day).days)
        mark, style = MARKS[span.state.name]
        line.append(mark * span.days, style=style)
        day = span.last + timedelta(days=1)
    line.append(" " * ((last - day).days + 1))


def _short(options: str) -> str:
    """Return the values of report options, without their names: of several values, the first and how many follow."""
    values = (each.partition("=")[2].split(",") for each in re.split(r",(?=\w+=)", options))
    return " ".join(f"{first}+{len(others)}" if others else first for first, *others in values)

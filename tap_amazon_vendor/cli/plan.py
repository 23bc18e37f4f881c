"""`amazon-vendor plan`: show what the next run would request, how long that takes and when the history is complete."""

from __future__ import annotations

import itertools
import json
import random
import time
import typing as t
from pathlib import Path

import click

from tap_amazon_vendor.cli import config
from tap_amazon_vendor.cli.doctor import show_settings
from tap_amazon_vendor.cli.screen import GAP, console, plain_table, printable, say

if t.TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tap_amazon_vendor.engine.model import Source
    from tap_amazon_vendor.forecast import Outlook, Windows
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.tap import TapAmazonVendor

#: Tries of a call: somebody waits, and can do without the answer.
TRIES = 3

#: Why windows are read, by the name of the turn.
TURNS = {"NEW": "new", "BACKFILL": "backfill", "RESTATEMENT": "read again"}

#: What is said of windows, and the columns that it takes on a terminal: a date is always whole.
COUNTS = ("Windows", "Requests")
COLUMNS = ("First", "Last", *COUNTS)
WIDTHS = (10, 10, 7, 8)


def _json(_context: click.Context, _param: click.Parameter, path: Path | None) -> dict[str, t.Any] | None:
    """Read a JSON file that an option names."""
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = f"{path}: {error}"
        raise click.BadParameter(problem) from None
    if not isinstance(content, dict):
        problem = f"{path} is not a JSON object"
        raise click.BadParameter(problem)
    return content


def _file(name: str, words: str) -> t.Callable[[t.Any], t.Any]:
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(name, metavar="FILE", type=kind, callback=_json, help=words)


@click.command("plan")
@config.option
@_file("--state", "The state that the run would start with, as Singer has it or as `meltano state get` prints it.")
@_file("--catalog", "The catalog of the run, with its selection. Default: all streams except the very large ones.")
@click.option("--account", "label", help="Only the account with this label.")
@click.option("--offline", is_flag=True, help="Do not ask Amazon which reports and queries exist already.")
@click.option(
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json"]),
    help="For people, or for scripts.",
)
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    *,
    files: tuple[str, ...],
    state: dict[str, t.Any] | None,
    catalog: dict[str, t.Any] | None,
    label: str | None,
    offline: bool,
    form: str,
) -> None:
    """Show what the next run would request, and how long it would take.

    Asks for no report and no query: at most it lets Amazon list those that it has. The exit code is 1
    if the configuration is refused.
    """
    from singer_sdk.exceptions import ConfigValidationError  # noqa: PLC0415 - commands start fast

    from tap_amazon_vendor.forecast import look_ahead  # noqa: PLC0415

    settings, problems = config.read(files)
    if not problems:
        try:
            tap = _tap(settings, _singer_state(state or {}), catalog)
        except ConfigValidationError as error:
            problems = list(error.errors)
    if problems:
        if form == "json":
            click.echo(json.dumps({"ok": False, "problems": problems}, indent=2))
        else:
            show_settings(console(), (), problems)
        context.exit(1)
    labels = [each for each in tap.settings.asked if label in {None, each}]
    if not labels:
        message = "no account in the configuration has that label"
        raise click.BadParameter(message, param_hint="--account")
    outlook = look_ahead(tap.run, labels, ask_amazon=not offline)
    if form == "json":
        click.echo(json.dumps({"ok": True, "problems": [], **_as_json(outlook)}, indent=2))
    else:
        _show(console(), outlook, tap.settings.max_reports)


def _singer_state(content: dict[str, t.Any]) -> dict[str, t.Any]:
    """Take the state out of what a tap wrote (a STATE message) or Meltano keeps around it.

    Raises:
        click.BadParameter: There is none, or it is damaged.
    """
    from tap_amazon_vendor.command import check_shape  # noqa: PLC0415 - commands start fast

    for name in ("completed", "singer_state", "value"):
        if "bookmarks" not in content and isinstance(content.get(name), dict):
            content = content[name]
    try:
        if content and "bookmarks" not in content:
            message = "it has no `bookmarks`"
            raise ValueError(message)  # noqa: TRY301 - as what is found below
        check_shape(content)
    except ValueError as error:
        message = f"not a state: {error}"
        raise click.BadParameter(message, param_hint="--state") from None
    return content


def _tap(settings: dict[str, t.Any], state: dict[str, t.Any], catalog: dict[str, t.Any] | None) -> TapAmazonVendor:
    from tap_amazon_vendor.amazon.transport import Transport  # noqa: PLC0415
    from tap_amazon_vendor.tap import TapAmazonVendor  # noqa: PLC0415

    if catalog is not None and not isinstance(catalog.get("streams"), list):
        message = "not a catalog: it has no list `streams`"
        raise click.BadParameter(message, param_hint="--catalog")
    try:
        tap = TapAmazonVendor(config=settings, state=state, catalog=catalog)
        _ = tap.streams
    except (KeyError, TypeError, AttributeError) as error:
        message = f"not a catalog: {error!r}"
        raise click.BadParameter(message, param_hint="--catalog") from None
    # The tap's own is as patient as a pipeline.
    rng = random.Random()  # noqa: S311 - jitter is no secret
    tap.run.transport = Transport(clock=tap.run.clock, sleep=time.sleep, rng=rng, tries=TRIES)
    return tap


def _as_json(outlook: Outlook) -> dict[str, t.Any]:
    from tap_amazon_vendor.engine.model import Source  # noqa: PLC0415 - commands start fast

    return {
        "begins_at": outlook.now.isoformat(timespec="seconds"),
        "reports": {source.name.lower(): outlook.count(source) for source in Source},
        "only_if_the_account_has_them": outlook.unproven,
        "get_calls": outlook.get_calls,
        "seconds": outlook.duration.total_seconds(),
        "accounts": {label: round(seconds) for label, seconds in outlook.seconds.items()},
        "backfill": {
            "daily_runs": outlook.runs,
            "complete_on": outlook.complete_on.isoformat() if outlook.complete_on else None,
        },
        "windows": [
            {
                **_partition(windows.partition, windows.country),
                "streams": windows.streams,
                "turn": TURNS[windows.priority.name],
                "windows": [str(window) for window in windows.ranges],
                "first": str(windows.span).partition("/")[0],
                "last": str(windows.span).partition("/")[2],
                "reports": {source.name.lower(): windows.sources.get(source, 0) for source in Source},
            }
            for windows in outlook.windows
        ],
        "skipped": [
            {
                **_partition(skipped.partition, skipped.country),
                "streams": skipped.streams,
                "until": skipped.until.isoformat(),
            }
            for skipped in outlook.skipped
        ],
        "notes": outlook.notes,
    }


def _partition(partition: ReportPartition, country: str) -> dict[str, t.Any]:
    return {
        "account": partition.account,
        "marketplace": country,
        "marketplace_id": partition.marketplace_id,
        "report_type": partition.report_type,
        "options": dict(partition.options),
    }


def _show(screen: Console, outlook: Outlook, most: int | None) -> None:
    """Print what a run would do."""
    from tap_amazon_vendor.engine.model import Source  # noqa: PLC0415 - commands start fast
    from tap_amazon_vendor.engine.progress import duration  # noqa: PLC0415

    lines = []
    if outlook.windows:
        shown = _tables(outlook.windows, screen.width) if screen.is_terminal else _plain(outlook.windows)
        for each in shown:
            screen.print(each, soft_wrap=isinstance(each, str))
        lines.append("")
        most_words = f" (`max_reports` is {most})" if most else ""
        lines.append(f"{_jobs(outlook, Source.CREATED)} to request{most_words}")
    else:
        lines.append("Nothing to do: you have everything that Amazon has published.")
    if outlook.unproven:
        lines.append(f"  {outlook.unproven} of them only if the account has such data: the run tries one window first")
    lines += [
        f"{number} {words}"
        for source, words in (
            (Source.RESUMED, "requested by an earlier run"),
            (Source.ADOPTED, "listed by Amazon, probably with the same options: if so, not requested again"),
            (Source.AMAZON_GENERATED, "that Amazon makes by itself: the run looks for them"),
            (Source.DEFERRED, "left for later runs, because of `max_reports` or the quota of their type"),
        )
        if (number := outlook.count(source))
    ]
    if outlook.windows:
        lines.append(f"About {outlook.get_calls} GET calls, most of them to ask whether a report is ready")
    if outlook.seconds:
        lines.append(f"Estimated time: {duration(outlook.duration.total_seconds())}")
    if outlook.runs is None:
        lines.append("The backfill will not finish at this rate: raise `max_reports`.")
    elif outlook.runs:
        runs = "this run" if outlook.runs == 1 else f"{outlook.runs} daily runs, on {outlook.complete_on}"
        lines.append(f"The history is complete after {runs}.")
    for skipped in outlook.skipped:
        lines.append(f"Skipped until {skipped.until}, because the account lacked it: {skipped.partition}")
    lines += [f"Note: {note}" for note in outlook.notes]
    for line in lines:
        say(screen, line)


def _jobs(outlook: Outlook, source: Source) -> str:
    """Return how many reports, and how many queries if there are any, come from a source."""
    from tap_amazon_vendor.data_kiosk.request import DATA_KIOSK  # noqa: PLC0415 - commands start fast

    queries = outlook.count(source, DATA_KIOSK)
    reports = outlook.count(source) - queries
    words = [f"{queries} {'query' if queries == 1 else 'queries'}"] if queries else []
    if reports or not queries:
        words.insert(0, f"{reports} {'report' if reports == 1 else 'reports'}")
    return " and ".join(words)


def _by_account(windows: t.Iterable[Windows]) -> dict[tuple[str, str], dict[str, list[Windows]]]:
    """Sort windows by account and marketplace, then by turn, then by streams; else they stay in their order."""
    found: dict[tuple[str, str], dict[str, dict[tuple[str, ...], list[Windows]]]] = {}
    for each in windows:
        place = printable(each.partition.account), each.country
        turns = found.setdefault(place, {turn: {} for turn in TURNS.values()})
        turns[TURNS[each.priority.name]].setdefault(each.streams, []).append(each)
    return {
        place: {turn: [*itertools.chain.from_iterable(some.values())] for turn, some in turns.items() if some}
        for place, turns in found.items()
    }


def _facts(windows: Windows) -> tuple[str, str, str, str]:
    """Return the first day, the last day, the number of windows, and how many of them are to be asked for."""
    from tap_amazon_vendor.engine.model import Source  # noqa: PLC0415 - commands start fast

    asked = windows.sources.get(Source.CREATED, 0)
    first, last = (text[:10] for text in str(windows.span).split("/"))
    return first, last, str(len(windows.ranges)), str(asked) if windows.sources else ""


def _options(windows: Windows) -> str:
    return " ".join(value for _, value in windows.partition.options)


def _plain(rows: t.Sequence[Windows]) -> t.Iterator[str]:
    """Write windows for a file or a pipe."""
    return plain_table(
        ("Account", "Marketplace", "What", *COLUMNS, "Options", "Streams"),
        (
            (*place, turn, *_facts(windows), _options(windows), ", ".join(windows.streams))
            for place, turns in _by_account(rows).items()
            for turn, some in turns.items()
            for windows in some
        ),
    )


def _tables(rows: t.Sequence[Windows], width: int) -> t.Iterator[Table | Text]:
    """Show windows on a terminal, in tables of the same columns, one for each turn of an account.

    Dates and numbers are always whole. Where there is room the options have a column, else lines below the streams.
    """
    from rich.console import Group  # noqa: PLC0415 - commands start fast
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    names = max(len(name) for windows in rows for name in windows.streams)
    options = max(len(_options(windows)) for windows in rows)
    wide = names + options + sum(WIDTHS) + (len(WIDTHS) + 1) * GAP <= width
    vertical: t.Literal["top", "bottom"] = "top" if wide else "bottom"
    left = names if wide else min(max(names, options + GAP), width - sum(WIDTHS) - len(WIDTHS) * GAP)
    for place, turns in _by_account(rows).items():
        yield Text(f"\n{', '.join(place)}", "bold underline")
        for turn, some in turns.items():
            table = Table(
                Column(turn.capitalize(), width=left, overflow="fold"),
                *([Column("", width=options)] if wide else []),
                *(
                    Column(name, width=size, vertical=vertical, justify="right" if name in COUNTS else "left")
                    for name, size in zip(COLUMNS, WIDTHS, strict=True)
                ),
                box=None,
                padding=(0, GAP, 0, 0),
                pad_edge=False,
            )
            above: tuple[str, ...] = ()
            for windows in some:
                streams = "" if windows.streams == above else "\n".join(windows.streams)
                chosen = Text(_options(windows), "dim")
                below = [Padding(chosen, (0, 0, 0, GAP))] if chosen else []
                what = (streams, chosen) if wide else (Group(*([streams] if streams else []), *below),)
                table.add_row(*what, *_facts(windows))
                above = windows.streams
            yield table

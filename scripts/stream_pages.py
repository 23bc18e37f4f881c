"""Writes a page for each stream into the documentation site, from its declaration and schema: a hook of MkDocs.

The pages are made while the site is built, so that a new stream needs none.
"""

from __future__ import annotations

import re
import textwrap
import typing as t
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache

from mkdocs.structure.files import File

from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.reports.calendars import (
    HOURS_OF_DAY,
    AmazonGenerated,
    Calendar,
    Campaigns,
    Horizon,
    Hours,
    Period,
    Snapshot,
)
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.streams import GROUPS, STREAMS
from tap_amazon_vendor.streams.ads_rows import AdsRows
from tap_amazon_vendor.streams.paged import SEEN_AT, PagedRows
from tap_amazon_vendor.streams.query_rows import QueryRows
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.streams import AnyRows

FOLDER = "streams"

#: The day on which the pages are written as if: only differences of days are shown.
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def default(setting: str) -> int:
    """Return the default of a setting."""
    return int(SCHEMA["properties"][setting]["default"])


#: The time as a first run sees it that wants everything, with the default settings.
HORIZON = Horizon(NOW, date(1990, 1, 1), None, *(default(each) for each in ("availability_days", "restatement_days")))

#: What the page of a stream says of each length of period.
FIGURES = (
    "Amazon keeps",
    "newest available",
    "each run reads again",
    "one request holds",
    "a daily run takes",
    "the whole history takes",
)

#: Columns that a first query rather shows than others, the best first.
TELLING = (
    "shipped_units",
    "ordered_units",
    "glance_views",
    "sellable_on_hand_inventory_units",
    "net_pure_product_margin",
    "impressions",
    "clicks",
    "cost",
)

#: What Amazon calls the source of a kind of stream.
KINDS = {ReportRows: "Report type", QueryRows: "Data Kiosk view", PagedRows: "Operation", AdsRows: "Amazon Ads"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each stream."""
    for name, text in stream_pages().items():
        files.append(File.generated(config, f"{FOLDER}/{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Link the streams in the tables of `streams.md` to their pages."""
    del config
    if page.file.src_uri != "streams.md":
        return markdown
    return re.sub(
        r"^\| `(\w+)`",
        lambda match: (
            f"| [`{match[1]}`]({FOLDER}/{match[1]}.md)"
            if files.get_file_from_path(f"{FOLDER}/{match[1]}.md")
            else match[0]
        ),
        markdown,
        flags=re.MULTILINE,
    )


def stream_pages() -> dict[str, str]:
    """Return the text of each stream's page, by the stream's name."""
    tap = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False)
    pages = {
        own.name: "\n".join(page(group, own, tap.streams[own.name], sharing(own)))
        for group, members in GROUPS.items()
        for own in members
    }
    audit = [stream for name, stream in tap.streams.items() if name not in pages]
    return pages | {stream.name: "\n".join(audit_page(stream)) for stream in audit}


def audit_page(stream: Stream) -> Iterator[str]:
    """Write the page of a stream that tells of the reading itself, line by line."""
    keys = ", ".join(f"`{column}`" for column in stream.primary_keys)
    yield from lead(stream)
    yield from vertical([("Source", "the tap, see [what was read](../audit.md)"), ("Primary key", keys)])
    select = f"select *\nfrom amazon.{stream.name}\norder by {stream.replication_key} desc\nlimit 20;"
    yield from ("", "## Query", "", "```sql", select, "```", "", "## Columns", "")
    yield from table(("column", "type", "meaning"), columns(stream))


def lead(stream: Stream) -> Iterator[str]:
    """Write what a stream is, and what one row is."""
    about, row, key = str(stream.schema["description"]).partition("One row is ")
    yield from (f"# {stream.name}", "", about.strip(), "")
    yield from (f"**{row}{key.partition(' Source: ')[0].strip()}**" if row else "", "")


def sharing(own: AnyRows) -> list[str]:
    """Return the other streams that read the same requests."""
    return [other.name for other in STREAMS if other is not own and read_by(other) is read_by(own)]


def read_by(own: AnyRows) -> object:
    """Return what a stream asks Amazon for."""
    if isinstance(own, PagedRows):
        return own.listing
    if isinstance(own, AdsRows):
        return own
    return own.view if isinstance(own, QueryRows) else own.report


def page(group: str, own: AnyRows, stream: Stream, shared: Sequence[str]) -> Iterator[str]:
    """Write the page of a stream, line by line."""
    yield from lead(stream)
    yield from vertical(facts(group, own, stream))
    yield from ("", "## History, freshness and cost", "")
    yield from cost(own, shared)
    yield from ("", "## Query", "", "```sql", query(own, stream), "```", "", "## Columns", "")
    yield from table(("column", "type", "meaning"), columns(stream))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table in Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def vertical(facts: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table of names and values: the first is its head, because Markdown has no table without one."""
    return table(facts[0], facts[1:])


def facts(group: str, own: AnyRows, stream: Stream) -> list[tuple[str, str]]:
    """Return what a reader wants to know before the columns."""
    return [
        (next(name for kind, name in KINDS.items() if isinstance(own, kind)), f"`{own.source}`"),
        ("Account type", own.account_type),
        ("Permission group" if own.account_type == "vendor" else "Topic", group),
        ("Role", role(own)),
        (
            "Countries",
            "all" if own.countries is None else ", ".join(sorted(own.countries)) or "none: from the inbox only",
        ),
        ("Primary key", ", ".join(f"`{column}`" for column in stream.primary_keys)),
        ("Bookmark", f"`{own.replication_key}`"),
        ("Selected by default", "no" if own.opt_in else "yes"),
    ]


def role(own: AnyRows) -> str:
    """Return what Amazon must have granted."""
    if isinstance(own, AdsRows):
        return "none, but a [consent to Amazon Ads](../connect.md)"
    return " or ".join(own.roles) or "not documented by Amazon"


def cost(own: AnyRows, shared: Sequence[str]) -> Iterator[str]:
    """Say how far back a stream goes, how fresh it is, what is read again, and how many requests that takes."""
    calendars = times(own)
    if own.countries == frozenset():
        yield "Amazon no longer gives this report to applications. Files in the [inbox](../inbox.md) are read."
        return
    plain = next(iter(calendars.values()))
    if isinstance(plain, Snapshot):
        yield "A snapshot of the current state. Amazon keeps no history: each run adds a snapshot and costs one report."
    elif isinstance(plain, AmazonGenerated):
        yield f"Amazon makes these reports by itself and keeps them for {plain.kept} days. Each is read once"
        yield "and costs no request."
    elif isinstance(plain, Campaigns):
        yield (
            f"Everything that started since `start_date`, at most {age(plain.oldest(HORIZON))} days back. Each run "
            "reads all of it again, because the figures of a running campaign grow, and costs one report."
        )
    else:
        head = ("period", *FIGURES)
        rows = [(period, *timing(calendar)) for period, calendar in calendars.items()]
        yield from table(head, rows) if len(rows) > 1 else vertical([*zip(FIGURES, rows[0][1:], strict=True)])
    yield ""
    if isinstance(own, PagedRows):
        yield "A request is a listing of as many pages as there are, one call a page. It costs no report."
    elif (ways := combinations(own)) and not isinstance(plain, AmazonGenerated):
        yield ways
    if shared:
        others = ", ".join(f"[`{name}`]({name}.md)" for name in shared)
        yield f"The same requests also bring {others}: reading them too costs nothing more."


def timing(calendar: Calendar) -> tuple[str, ...]:
    """Return the figures of a calendar, with the default settings."""
    own = words(calendar) if isinstance(calendar, Period) else words_of_hours(t.cast("Hours", calendar))
    return (*own, a_run(calendar), counted(len(plan(None, HORIZON, calendar)), "request"))


@cache
def a_run(calendar: Calendar) -> str:
    """Return what a daily run requests that follows one which read everything."""
    is_daily = not isinstance(calendar, Period) or calendar.name == "DAY"
    numbers = set()
    # A longer period needs a request on some days, and none on others.
    for days in (0,) if is_daily else range(0, 365, 3):
        before = replace(HORIZON, now=NOW + timedelta(days=days))
        after = replace(HORIZON, now=NOW + timedelta(days=days + 1))
        numbers.add(len(plan(calendar.wanted(before), after, calendar)))
    return f"{'up to ' if len(numbers) > 1 else ''}{counted(max(numbers), 'request')}"


def words(calendar: Period) -> tuple[str, str, str, str]:
    """Return how far back a calendar of days, weeks or months goes, how fresh it is, what is read again, its span."""
    unit, back = calendar.name.lower(), calendar.look_back
    months = back.years * 12 + back.months or back.in_days() // 30
    kept = {"DAY": back.in_days(), "WEEK": back.in_days() // 7, "MONTH": months, "QUARTER": months // 3}
    again = getattr(calendar, "restated_days", None)
    days = HORIZON.restatement_days if again is None else min(again, HORIZON.restatement_days)
    late = counted(age(calendar.newest(HORIZON)), "day")
    is_day = unit == "day"
    touched = f"the last {counted(days, 'day')}" if is_day else f"any in the last {days} days"
    return (
        counted(kept.get(calendar.name, months // 12), unit),
        f"{late} old" if is_day else f"ended {late} ago",
        touched if days else "nothing",
        counted(calendar.span, unit),
    )


def words_of_hours(calendar: Hours) -> tuple[str, str, str, str]:
    """Return the same of a calendar of hours."""
    return (
        counted(calendar.look_back // HOURS_OF_DAY, "day"),
        f"the last full hour, {counted(calendar.late, 'hour')} late" if calendar.late else "the last full hour",
        "the last day" if (days := age(calendar.restated(HORIZON))) == 1 else f"the last {days} days",
        counted(calendar.span, "hour"),
    )


def counted(number: int, unit: str) -> str:
    """Write a number of things."""
    return f"{number:,} {unit}{'s' * (number != 1)}"


def combinations(own: ReportRows | QueryRows | AdsRows) -> str:
    """Say which settings multiply the requests."""
    if isinstance(own, AdsRows):
        return "These figures are for each advertising profile."
    options = [own.view.period] if isinstance(own, QueryRows) else list(own.report.options)
    names = [f"`{option.setting}`" for option in options]
    per = "each marketplace of an account"
    return f"These figures are for {per}{' and each combination of ' + ', '.join(names) if names else ''}."


def times(own: AnyRows) -> t.Mapping[str, Calendar]:
    """Return how a stream's time is cut, by the period's name where there are several."""
    if isinstance(own, QueryRows):
        return own.view.calendars
    if isinstance(own, AdsRows):
        # Of any marketplace: only the time zone differs.
        return {"": own.calendar({"marketplace_id": ""})}
    time = own.listing.time if isinstance(own, PagedRows) else own.time
    return {"": time} if isinstance(time, Calendar) else time


def age(moment: date) -> int:
    """Return how many days ago a day or hour was."""
    return (NOW.date() - (moment.date() if isinstance(moment, datetime) else moment)).days


def columns(stream: Stream) -> list[tuple[str, str, str]]:
    """Return name, type and description of each column."""
    return [
        (f"`{name}`", type_of(schema), str(schema.get("description", "")))
        for name, schema in stream.schema["properties"].items()
    ]


def type_of(schema: Mapping[str, t.Any]) -> str:
    """Name a column's type as SQL people do."""
    kinds = schema.get("type", "string")
    (kind, *_) = [each for each in ([kinds] if isinstance(kinds, str) else kinds) if each != "null"] or ["string"]
    return {"date": "date", "date-time": "timestamp"}.get(schema.get("format", ""), kind.replace("string", "text"))


def query(own: AnyRows, stream: Stream) -> str:
    """Return a query of the newest rows, largest first, with one of each option: they must not be added up."""
    choices = {"report_period": "DAY", "distributor_view": "MANUFACTURING", "selling_program": "RETAIL"}
    where = [f"{name} = '{value}'" for name, value in choices.items() if name in stream.primary_keys]
    keys = [name for name in stream.primary_keys if name not in {*choices, "account", "marketplace_id"}]
    properties = stream.schema["properties"]
    rest = {*stream.primary_keys, own.replication_key, "country_code", "_extra"}
    figures = [name for name in properties if name not in rest and type_of(properties[name]) in {"integer", "number"}]
    figures.sort(key=lambda name: TELLING.index(name) if name in TELLING else len(TELLING))
    texts = [name for name in properties if name not in {*rest, *figures, *getattr(own, "contents", ())}]
    shown = ["country_code", *dict.fromkeys([own.replication_key, *keys]), *(figures or texts)[:4]]
    largest = f", {figures[0]} desc nulls last" if figures and own.replication_key != SEEN_AT else ""
    return "\n".join(
        [
            *textwrap.wrap(f"select {', '.join(shown)}", 100, subsequent_indent="  "),
            f"from amazon.{own.name}",
            *([f"where {' and '.join(where)}"] if where else []),
            f"order by {own.replication_key} desc{largest}",
            "limit 20;",
        ]
    )

"""Writes a page for each stream into the documentation site, from its declaration and schema: a hook of MkDocs.

The pages are made while the site is built, so that a new stream needs none.
"""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime, timezone

from mkdocs.structure.files import File

from tap_amazon_vendor.config.settings import SCHEMA
from tap_amazon_vendor.reports.calendars import AmazonGenerated, Calendar, Campaigns, Horizon, Period, Snapshot
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.ads_rows import AdsRows
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.streams.query_rows import QueryRows
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams import AnyRows

FOLDER = "streams"

#: The day on which the pages are written as if: only differences of days are shown.
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


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
    return {
        own.name: "\n".join(page(group, own, tap.streams[own.name]))
        for group, members in GROUPS.items()
        for own in members
    }


def page(group: str, own: AnyRows, stream: Stream) -> Iterator[str]:
    """Write the page of a stream, line by line."""
    yield from (f"# {own.name}", "", str(stream.schema["description"]), "")
    yield from table(("", ""), facts(group, own, stream))
    yield from ("", "## Query", "", "```sql", query(own, stream), "```", "", "## Columns", "")
    yield from table(("column", "type", "meaning"), columns(stream))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table in Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def facts(group: str, own: AnyRows, stream: Stream) -> list[tuple[str, str]]:
    """Return what a reader wants to know before the columns."""
    by_period = times(own)
    return [
        ("Permission group", group),
        ("Amazon's source", f"`{own.source}`"),
        ("Account", own.account_type),
        ("Role", " or ".join(own.roles) or "not documented by Amazon"),
        (
            "Countries",
            "all" if own.countries is None else ", ".join(sorted(own.countries)) or "none: from the inbox only",
        ),
        ("Primary key", ", ".join(f"`{column}`" for column in stream.primary_keys)),
        ("Bookmark", f"`{own.replication_key}`"),
        ("Read by default", "no: select it" if own.opt_in else "yes"),
        *((f"Time {period}".strip(), told(calendar)) for period, calendar in by_period.items()),
    ]


def times(own: AnyRows) -> t.Mapping[str, Calendar]:
    """Return how a stream's time is cut, by the period's name where there are several."""
    if isinstance(own, QueryRows):
        return own.view.calendars
    if isinstance(own, AdsRows):
        # Of any marketplace: only the time zone differs.
        return {"": own.calendar({"marketplace_id": ""})}
    time = own.listing.time if isinstance(own, PagedRows) else own.time
    return {"": time} if isinstance(time, Calendar) else time


def told(calendar: Calendar) -> str:
    """Say in words how far back a calendar goes, how fresh it is, what is read again and what a request holds."""
    if isinstance(calendar, Snapshot):
        return "The state of now. Each run adds a snapshot, which costs one report."
    if isinstance(calendar, AmazonGenerated):
        return f"Made by Amazon and kept {calendar.kept} days. Each is read once and costs no report."
    horizon = Horizon(
        NOW, date(1990, 1, 1), None, *(default(each) for each in ("availability_days", "restatement_days"))
    )
    history = age(calendar.oldest(horizon))
    if isinstance(calendar, Campaigns):
        return (
            f"All that started since `start_date`, at most {history} days back. Each run reads all of it, one report."
        )
    newest = t.cast("Window", calendar.wanted(horizon)).end
    unit = f"{calendar.name.lower()}s" if isinstance(calendar, Period) else "hours"
    return (
        f"{history} days of history. The newest is {age(newest)} days old. "
        f"The last {age(calendar.restated(horizon))} days are read again. A report holds up to {calendar.span} {unit}."
    )


def age(moment: date) -> int:
    """Return how many days ago a day or hour was."""
    return (NOW.date() - (moment.date() if isinstance(moment, datetime) else moment)).days


def default(setting: str) -> int:
    """Return the default of a setting."""
    return int(SCHEMA["properties"][setting]["default"])


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
    """Return a query of the newest rows, with one of each option: they must not be added up."""
    choices = {"report_period": "DAY", "distributor_view": "MANUFACTURING", "selling_program": "RETAIL"}
    where = " and ".join(f"{name} = '{value}'" for name, value in choices.items() if name in stream.primary_keys)
    return (
        f"select *\nfrom amazon.{own.name}\n"
        + (f"where {where}\n" if where else "")
        + (f"order by {own.replication_key} desc\nlimit 100;")
    )

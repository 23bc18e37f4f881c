"""A tap and a local Amazon on one made-up clock: real HTTP, no waiting."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from amazon_sandbox.flatfiles import text_of
from amazon_sandbox.reports import RULES
from amazon_sandbox.rules.verdicts import ReportRequest as Asked
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.documents.flat_files import LINE_NUMBER, OCCURRENCE, FlatFileReader
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.singer.writer import MessageWriter
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from clocks import FakeClock
    from singer_sdk.singerlib import Message

    from amazon_sandbox import Call, Sandbox, Server
    from amazon_sandbox.data.tables import Table
    from tap_amazon_vendor.streams.report_rows import ReportRows

Row = dict[str, Any]
Key = tuple[Any, ...]

US = "ATVPDKIKX0DER"
COUNTRIES = {US: "US", "A2EUQ1WTGCTBG2": "CA", "A1PA6795UKMFR9": "DE", "A1VC38T7YXB528": "JP", "A1F83G8C2ARO7P": "GB"}
SALES, TRAFFIC = "GET_VENDOR_SALES_REPORT", "GET_VENDOR_TRAFFIC_REPORT"
MONEY = ("orderedRevenue", "shippedCogs", "shippedRevenue")

#: The report streams of vendor accounts.
VENDOR_STREAMS = [stream for stream in REPORT_STREAMS if stream.account_type == "vendor"]

#: Of each stream: report type, array of the document, whether there is a view and a program.
STREAMS = {
    "vendor_sales": (SALES, "salesByAsin", True),
    "vendor_sales_totals": (SALES, "salesAggregate", True),
    "vendor_traffic": (TRAFFIC, "trafficByAsin", False),
    "vendor_traffic_totals": (TRAFFIC, "trafficAggregate", False),
}


class Killed(BaseException):
    """The process is gone."""


class Recorder(MessageWriter):
    """Writes messages into a list, as the bytes that they would be on standard output."""

    #: Raised when nothing more is accepted.
    gone: type[BaseException] = Killed

    def __init__(self, kill_after: int | None = None) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self._kill_after = kill_after

    def write_message(self, message: Message) -> None:
        self.write_lines(bytes(self.format_message(message)))

    def write_lines(self, lines: bytes) -> None:
        for line in lines.splitlines(keepends=True):
            if len(self.lines) == self._kill_after:
                raise self.gone
            self.lines.append(line)

    def flush(self) -> None:
        pass


@dataclass
class Run:
    """What a run of the tap wrote."""

    lines: list[bytes]
    error: RunFailedError | None = None
    messages: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        decode = json.JSONDecoder(parse_float=Decimal).decode
        self.messages = [decode(line.decode()) for line in self.lines]

    @property
    def state(self) -> Row:
        """The last state written."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}

    def records(self, stream: str) -> list[Row]:
        """The rows of a stream, in order."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def keys(self, stream: str) -> list[str]:
        """The primary key that the stream announced."""
        return next(
            message["key_properties"]
            for message in self.messages
            if message["type"] == "SCHEMA" and message["stream"] == stream
        )

    def upserted(self, stream: str, rows: dict[Key, Row] | None = None) -> dict[Key, Row]:
        """The rows as a target's table holds them, on top of what it held."""
        rows = dict(rows or {})
        for row in self.records(stream):
            rows[tuple(row[key] for key in self.keys(stream))] = row
        return rows

    @property
    def windows(self) -> list[tuple[str, str, str, str]]:
        """Stream, first day, last day and outcome of each ledger row."""
        return [
            (row["stream_name"], row["window_start"][:10], row["window_end"][:10], row["outcome"])
            for row in self.records("report_ledger")
        ]


@cache
def catalog(account_types: frozenset[str], streams: frozenset[str]) -> Catalog:
    """The catalog of a user who wants these streams: with those of all streams the start takes longer than the run."""
    accounts = [{"account_type": each, "client_id": "none"} for each in account_types if each != "ads"]
    config = {"accounts": accounts, **({"ads": {"region": "na"}} if "ads" in account_types else {})}
    tap = TapAmazonVendor(config=config, validate_config=False)
    chosen = Catalog({name: entry for name, entry in tap.catalog.items() if name in streams})
    for entry in chosen.values():
        entry.metadata.root.selected = True
    return chosen


@dataclass
class World:
    """A local Amazon, a clock, and a tap that reads the former by the latter."""

    sandbox: Sandbox
    server: Server
    clock: FakeClock

    def config(self, label: str = "vendor-us", **changes: Any) -> dict[str, Any]:
        """The settings for an account of the sandbox."""
        account = next(account for account in self.sandbox.accounts if account.label == label)
        return {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "marketplaces": [account.marketplaces[0]],
            "api_url": self.server.url,
            "auth_url": self.server.auth_url,
        } | changes

    def tap(self, config: Mapping[str, Any], state: Row | None = None, **options: Any) -> TapAmazonVendor:
        """A tap that is not yet run."""
        return TapAmazonVendor(
            config=dict(config),
            state=json.loads(json.dumps(state, default=float)) if state else None,
            clock=self.clock,
            rng=Random(1),
            in_background=False,
            **options,
        )

    def run(
        self,
        config: Mapping[str, Any] | None = None,
        state: Row | None = None,
        *,
        streams: Iterable[str] | None = None,
        kill_after: int | None = None,
        recorder: Recorder | None = None,
    ) -> Run:
        """Run the tap once: with the sales and traffic streams, or with those that are named."""
        recorder = recorder or Recorder(kill_after)
        config = config or self.config()
        entries = config.get("accounts") or [config]
        types = {entry.get("account_type", config.get("account_type", "vendor")) for entry in entries}
        if any(entry.get("ads") for entry in (config, *entries)):
            types.add("ads")
        if "inbox" in config and "client_id" not in config:
            types.add("seller")
        wanted = catalog(frozenset(types), frozenset(streams or (*STREAMS, "report_ledger")))
        tap = self.tap(config, state, message_writer=recorder, catalog=wanted)
        error = None
        with suppress(recorder.gone):
            try:
                tap.sync_all()
            except RunFailedError as failed:
                error = failed
        return Run(recorder.lines, error)

    @property
    def today(self) -> date:
        """The current UTC day."""
        return self.clock().date()

    def day(self, ago: int) -> str:
        """The ISO date of some days ago."""
        return (self.today - timedelta(days=ago)).isoformat()

    def asked(self, since: int = 0) -> list[tuple[str, str, str]]:
        """Report type, first and last day of each createReport call that was accepted."""
        return [
            (
                call.request["reportType"],
                call.request["dataStartTime"][:10],
                call.request["dataEndTime"][:10],
            )
            for call in self.sandbox.calls[since:]
            if call.operation == "createReport" and call.status in {0, 202}
        ]

    def asked_bodies(self) -> list[Row]:
        """The bodies of the createReport calls that were accepted."""
        return [
            dict(call.request)
            for call in self.sandbox.calls
            if call.operation == "createReport" and call.status in {0, 202}
        ]

    def expected(
        self,
        stream: str,
        context: Mapping[str, str],
        start: str,
        end: str,
        *,
        label: str = "vendor-us",
        as_of: date | None = None,
    ) -> list[Row]:
        """The rows that the seed says, without `report_id`."""
        report_type, array, has_view = STREAMS[stream]
        options = {"reportPeriod": context["report_period"]}
        if has_view:
            options["distributorView"] = context["distributor_view"]
            options["sellingProgram"] = context["selling_program"]
        document = self.sandbox.data.document(
            report_type,
            account=label,
            marketplace_id=context["marketplace_id"],
            options=options,
            start=date.fromisoformat(start),
            end=date.fromisoformat(end),
            as_of=as_of or self.today,
        )
        whose = {**context, "country_code": COUNTRIES[context["marketplace_id"]]}
        return [{**whose, **self._flat(row, sales=has_view), "_extra": None} for row in document[array]]

    @staticmethod
    def _flat(row: Mapping[str, Any], *, sales: bool) -> Row:
        names = {"startDate": "start_date", "endDate": "end_date", "asin": "asin"}
        if not sales:
            names["glanceViews"] = "glance_views"
            return {column: row[name] for name, column in names.items() if name in row}
        flat: Row = {column: row[name] for name, column in names.items() if name in row}
        for name, column in (
            ("customerReturns", "customer_returns"),
            ("orderedUnits", "ordered_units"),
            ("shippedUnits", "shipped_units"),
        ):
            flat[column] = row.get(name)
        for name, column in zip(MONEY, ("ordered_revenue", "shipped_cogs", "shipped_revenue"), strict=True):
            flat[f"{column}_amount"] = row[name]["amount"] if name in row else None
            flat[f"{column}_currency_code"] = row[name]["currencyCode"] if name in row else None
        return flat


def without_report(rows: Iterable[Row]) -> list[Row]:
    """Rows without the id of the report that they came in."""
    return [{name: value for name, value in row.items() if name != "report_id"} for row in rows]


def partitions(state: Row, stream: str) -> list[Row]:
    """The partitions of a stream in a state."""
    found: list[Row] = state["bookmarks"].get(stream, {}).get("partitions", [])
    return found


def by(*names: str) -> Callable[[Row], Key]:
    """A sort key of columns."""
    return lambda row: tuple(str(row.get(name)) for name in names)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def flat(value: object, name: str = "") -> Row:
    """The columns of one of Amazon's fields; what is null or an array of rows has none."""
    if isinstance(value, dict):
        columns: Row = {}
        for inner, content in value.items():
            columns |= flat(content, f"{name}_{snake(inner)}" if name else snake(inner))
        return columns
    return {} if value is None or (isinstance(value, list) and value and isinstance(value[0], dict)) else {name: value}


def elements(rows: list[Row], path: list[str], inherits: tuple[str, ...]) -> Iterator[Row]:
    """The rows of an array in an array, with what they inherit."""
    for row in rows:
        if not path:
            yield row
            continue
        inherited = {name: row[name] for name in inherits if name in row}
        yield from elements([inherited | inner for inner in row.get(path[0], [])], path[1:], inherits)


def moment(text: str) -> datetime:
    """A day for day reports, an hour for hourly ones."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seed_rows(sandbox: Sandbox, stream: ReportRows, calls: Iterable[Call], account: str = "vendor-us") -> list[Row]:
    """What the documents of all reports asked for say, in the stream's columns."""
    rows = []
    for call in calls:
        request = call.request
        if call.operation != "createReport" or request["reportType"] != stream.report.name:
            continue
        hourly = "REAL_TIME" in stream.report.name
        bounds = [moment(request[name]) for name in ("dataStartTime", "dataEndTime") if name in request]
        start, end = (bound if hourly else bound.date() for bound in bounds) if bounds else (None, None)
        document = sandbox.data.document(
            stream.report.name,
            account=account,
            marketplace_id=request["marketplaceIds"][0],
            options=request["reportOptions"],
            start=start,
            end=end,
            as_of=call.at if hourly else call.at.date(),
        )
        marketplace = request["marketplaceIds"][0]
        base = {"account": "default", "marketplace_id": marketplace, "country_code": COUNTRIES[marketplace]}
        options = {snake(name): value for name, value in request["reportOptions"].items() if "Date" not in name}
        specification = document["reportSpecification"]
        said = {**specification, **specification.get("reportOptions", {})}
        once = {column: str(said[field])[:10] for column, field in stream.from_specification.items()}
        array, *path = stream.records_path.split(".")
        for row in elements(document[array], path, stream.parent_fields):
            own = {name: value for name, value in row.items() if name not in stream.ignored_fields}
            rows.append({**base, **options, **once, **flat(own)})
    return rows


#: What Amazon writes for a boolean.
TRUTH = {"Yes": True, "YES": True, "Y": True, "true": True, "No": False, "NO": False, "N": False, "false": False}


def as_read(value: Any, kind: str, got: Any) -> Any:
    """What must arrive of a cell of the seed."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text[:19] if got == text[:19] else text  # Some reports write no zone.
    if isinstance(value, date):
        return value.isoformat()
    if kind == "boolean" and isinstance(value, str):
        return TRUTH[value]
    if kind == "string":
        return None if value is None else str(value)
    return None if value in {"--", "N/A"} else value


def seller_rows(sandbox: Sandbox, stream: ReportRows, label: str, calls: Iterable[Call]) -> dict[Key, Row]:
    """What the flat files of all reports asked for say, as a target's table holds it: by the stream's own key."""
    account = next(each for each in sandbox.accounts if each.label == label)
    rows: dict[Key, Row] = {}
    for call in calls:
        if call.operation != "createReport" or call.status != 202 or call.account != label:
            continue
        asked = call.request
        if asked["reportType"] != stream.report.name:
            continue
        since, until = (moment(asked[name]) if name in asked else None for name in ("dataStartTime", "dataEndTime"))
        request = Asked(stream.report.name, tuple(asked["marketplaceIds"]), asked["reportOptions"], since, until)
        start, end = RULES[stream.report.name].dates.window(request, call.at)
        table = sandbox.data.table(
            stream.report.name, account=account, marketplace_id=request.marketplace_ids[0],
            options=request.options, start=start, end=end, as_of=call.at,
        )  # fmt: skip
        rows |= table_rows(stream, table, request.marketplace_ids[0])
    return rows


def table_rows(stream: ReportRows, table: Table, asked: str, own: Collection[str] = ()) -> dict[Key, Row]:
    """The lines of a flat file by the stream's key, which begins with the marketplace that each tells.

    Of several that it may be of, that is the first of the account's own. `snapshot_time` is left out.
    """
    assert stream.report.layout
    told_by, region = stream.report.told_by, BY_ID[asked].region
    says = told_by.reader() if told_by else None
    reader = FlatFileReader(stream.report.layout, load_schema(stream.name)["properties"], (), _never, _never)
    columns = {name: str(reader.column(name)) for name in table.columns}
    seen: Counter[Key] = Counter()
    rows: dict[Key, Row] = {}
    for number, line in enumerate(table.rows, 1):
        row = {columns[name]: cell for name, cell in line.items()}
        for name, each in stream.report.layout.derived.items():
            texts = (text_of(row[source], table.style) for source in each.sources)
            row.setdefault(name, each.make(*texts))
        natural = tuple(plain(row[key]) for key in stream.key_columns if key in row)
        seen[natural] += 1
        own = {LINE_NUMBER: number, OCCURRENCE: seen[natural]}
        told = told_by.told(says(defaultdict(lambda: None, row)), region) if told_by and says else ()
        key = (
            told[0] if len(told) == 1 else min({*told} & {*own}, default=asked),
            *(plain(row[key]) if key in row else plain(own[key]) if key in own else None for key in stream.key_columns),
        )
        rows[key] = row
    return rows


def plain(value: Any) -> Any:
    """A value of a key as both sides write it."""
    if isinstance(value, datetime):
        return value.isoformat()[:19]
    if value is None:
        return "(none)"
    return str(value)


def _never(words: str) -> None:
    raise AssertionError(words)

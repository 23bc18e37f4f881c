"""The inbox: files recognised by what is in them, read once and whole, into the rows that the API would give."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import zipfile
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from clocks import NOW, FakeClock
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError
from world import Recorder, Run, catalog

from amazon_sandbox import flatfiles
from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import Data
from amazon_sandbox.documents import encode
from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES
from tap_amazon_vendor.errors import REPORT_IT, RunFailedError
from tap_amazon_vendor.streams import REPORT_STREAMS, STREAMS
from tap_amazon_vendor.streams.ads_rows import ADVERTISER
from tap_amazon_vendor.streams.report_stream import ReportStream
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from world import Row, World

    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.streams.report_rows import ReportRows

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
DATA = Data(7, DEFAULT_ACCOUNTS, 12, 3)
START, END = datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 31, 23, 59, 59, tzinfo=timezone.utc)

SHIPMENTS = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
STOCK = "GET_RESERVED_INVENTORY_DATA"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
#: Those that the files of most tests are for: a run of all takes three times as long.
MOST = {
    "report_ledger",
    "report_rejects",
    "report_rejects_restricted",
    "brand_search_terms",
    "seller_customer_returns",
    "seller_fulfilled_shipments",
    "seller_fulfilled_shipments_tax",
    "seller_gst_b2c",
    "seller_orders_by_last_update",
    "seller_orders_by_order_date",
    "seller_reserved_inventory",
    "vendor_real_time_inventory",
    "vendor_real_time_traffic",
    "vendor_sales",
    "vendor_sales_totals",
    "vendor_traffic",
    "vendor_traffic_totals",
}
FLAT = [stream for stream in REPORT_STREAMS if stream.report.layout]
DAILY = {"reportPeriod": "DAY", "distributorView": "SOURCING", "sellingProgram": "RETAIL"}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def flat(report_type: str, label: str = "seller-us", fault: str | None = None) -> bytes:
    """The bytes of a flat file."""
    account = next(account for account in DEFAULT_ACCOUNTS if account.label == label)
    options = next(dict(stream.report.fixed_options) for stream in REPORT_STREAMS if stream.report.name == report_type)
    table = DATA.table(
        report_type, account=account, marketplace_id=account.marketplaces[0], options=options,
        start=START, end=END, as_of=NOW,
    )  # fmt: skip
    return b"".join(flatfiles.write(table, fault))


def document(report_type: str = "GET_VENDOR_SALES_REPORT", **options: str) -> dict[str, Any]:
    """A JSON document."""
    return DATA.document(
        report_type, account="vendor-us", marketplace_id=US, options=options or DAILY,
        start=START.date(), end=START.date(), as_of=NOW.date(),
    )  # fmt: skip


def read(folder: Path, state: Row | None = None, streams: set[str] | None = None, **settings: Any) -> Run:
    """Run the tap on an inbox: with most streams, or with those that are named."""
    recorder = Recorder()
    wanted = MOST if streams is None else {*streams, "report_ledger"}
    tap = TapAmazonVendor(
        config={"inbox": str(folder), "marketplaces": ["US"], **settings},
        catalog=catalog(frozenset(ACCOUNT_TYPES), frozenset(wanted)),
        state=json.loads(json.dumps(state or {})),
        clock=FakeClock(NOW),
        in_background=False,
        message_writer=recorder,
    )
    error = None
    try:
        tap.sync_all()
    except RunFailedError as failed:
        error = failed
    return Run(recorder.lines, error)


def country_of_files(stream: ReportRows) -> str:
    """The country whose account has the report in the local Amazon."""
    return "IN" if "gst" in stream.name else "DE" if "vat" in stream.name else "US"


SAMPLES = [
    flat(RETURNS),
    flat("GET_LEDGER_DETAIL_VIEW_DATA")[:4000],
    encode(document("GET_VENDOR_TRAFFIC_REPORT", reportPeriod="DAY")),
    b"<html>",
]


def ledger(run: Run) -> list[tuple[str, str, str | None]]:
    """Stream, outcome and reason of each row of the ledger."""
    return [(row["stream_name"], row["outcome"], row["reason"]) for row in run.records("report_ledger")]


def only(run: Run) -> tuple[str, str, str | None]:
    """The one row of the ledger."""
    (row,) = ledger(run)
    return row


def rows(run: Run, stream: str) -> list[Row]:
    """The rows of a stream, in an order of their own, but for what tells where they come from."""
    found = [
        {name: value for name, value in row.items() if name not in {"report_id", "snapshot_time"}}
        for row in run.records(stream)
    ]
    return sorted(found, key=repr)


def keep_documents(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Keep the bytes of every document that is read, under the name of its report."""
    chunks = ReportStream.chunks

    def kept(self: ReportStream, context: Row, result: JobResult, *args: Any, **kwargs: Any) -> Any:
        if result.document:
            shutil.copyfile(result.document.path, folder / f"{self.declaration.source}-{result.job_id}")
        return chunks(self, context, result, *args, **kwargs)

    monkeypatch.setattr(ReportStream, "chunks", kept)


GST = ("gst_b2b", "gst_b2c")


class TestTheSameFiles:
    @pytest.mark.parametrize(
        ("label", "without_rows"),
        [
            ("vendor-us", set()),
            pytest.param(
                "seller-us",
                {"afn_inventory_by_country", "fulfilled_shipments_invoicing", "vat_transactions", "gst_b2b", "gst_b2c"},
                marks=pytest.mark.exhaustive,
            ),
            ("seller-de", {"replacements", "shipment_promotions", "fulfilled_shipments_tax", *GST}),
        ],
    )
    def test_give_the_same_rows(
        self, world: World, label: str, without_rows: set[str], inbox: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every report that the local Amazon serves, as the API's run downloaded it. Without any credentials."""
        keep_documents(monkeypatch, inbox)
        kind = label.partition("-")[0]
        # One of them needs to be told products.
        names = {
            stream.name
            for stream in REPORT_STREAMS
            if stream.account_type == kind and not stream.follows and not stream.report.inbox_only
        }
        config = world.config(label, account=label, account_type=kind, report_periods=["DAY", "WEEK"])
        by_api = world.run(config, streams=names)
        monkeypatch.undo()
        by_hand = read(inbox, streams=names, account=label, marketplaces=config["marketplaces"])
        assert by_hand.error is None
        for name in names:
            assert rows(by_hand, name) == rows(by_api, name), name
            assert bool(rows(by_hand, name)) == (name.removeprefix("seller_") not in without_rows), name

    @pytest.mark.parametrize("label", ["seller-us", "seller-jp", "seller-in"])
    @pytest.mark.parametrize(
        "fault", ["columns_added", "columns_missing", "columns_reordered", "byte_order_mark", "equal_lines"]
    )
    def test_are_read_with_their_faults(self, label: str, fault: str, inbox: Path) -> None:
        """In cp1252, cp932 and UTF-8."""
        (inbox / "good.txt").write_bytes(flat(RETURNS, label))
        country = {"seller-us": "US", "seller-jp": "JP", "seller-in": "IN"}[label]
        name = "seller_customer_returns"
        good = read(inbox, streams={name}, marketplaces=[country])
        (inbox / "good.txt").write_bytes(flat(RETURNS, label, fault))
        bad = read(inbox, streams={name}, marketplaces=[country])
        assert bad.error is None
        assert only(bad)[:2] == (name, "loaded")
        lacks = {"_extra"} if fault == "columns_added" else {"customer_comments"}
        left = lacks if fault in {"columns_added", "columns_missing"} else set()

        def without(found: list[Row]) -> list[Row]:
            return [{column: value for column, value in row.items() if column not in left} for row in found]

        expected, got = without(rows(good, name)), without(rows(bad, name))
        if fault == "equal_lines":
            got = [row for row in got if row["occurrence"] == 1]
        assert got == expected

    def test_in_commas_and_quotes_as_seller_central_saves_them(self, inbox: Path) -> None:
        tabs = flat(RETURNS).decode("cp1252")
        (inbox / "returns.txt").write_bytes(tabs.encode("cp1252"))
        expected = rows(read(inbox), "seller_customer_returns")
        lines = ['"' + '","'.join(line.replace('"', '""').split("\t")) + '"' for line in tabs.splitlines()]
        (inbox / "returns.txt").write_text("\n".join(lines), encoding="cp1252")
        assert rows(read(inbox), "seller_customer_returns") == expected != []

    def test_in_gzip(self, inbox: Path) -> None:
        (inbox / "a.txt.gz").write_bytes(gzip.compress(flat(RETURNS)))
        assert only(read(inbox))[:2] == ("seller_customer_returns", "loaded")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, str, str | None]]:
    """By stream, what the ledger says of its file, which has no name that tells anything. One run per country."""
    found: dict[str, tuple[str, str, str | None]] = {}
    for country in ("US", "DE", "IN"):
        folder = tmp_path_factory.mktemp(country)
        own = [each for each in FLAT if country_of_files(each) == country]
        for number, stream in enumerate(own):
            (folder / str(number)).write_bytes(flat(stream.report.name, f"seller-{country.lower()}"))
        run = read(folder, streams={each.name for each in own}, marketplaces=[country])
        for said, row in zip(ledger(run), run.records("report_ledger"), strict=True):
            number = int(dict(each.split("=") for each in row["report_options"].split(","))["inbox"])
            assert own[number].name not in found
            found[own[number].name] = said
    return found


class TestRecognising:
    @pytest.mark.parametrize("stream", FLAT, ids=lambda each: each.name)
    def test_a_flat_file_by_its_header_alone_or_not_at_all(
        self, stream: ReportRows, told: Mapping[str, tuple[str, str, str | None]]
    ) -> None:
        """Streams whose columns are the same need a name; no other file is taken for another report."""
        twins = {"fba_inventory", "fba_inventory_archived", "orders_by_order_date", "orders_by_last_update"}
        twins |= {"fulfilled_shipments", "fulfilled_shipments_tax", "fulfilled_shipments_invoicing"}
        name, outcome, reason = told[stream.name]
        if stream.name.removeprefix("seller_") in twins:
            assert (name, outcome) == ("inbox", "failed")
            assert stream.name in str(reason)
            assert stream.report.name in str(reason)
        else:
            assert (name, outcome) in {(stream.name, "loaded"), (stream.name, "empty")}

    @pytest.mark.parametrize(
        ("path", "stream"),
        [
            (f"{ORDERS}.txt", "seller_orders_by_order_date"),
            ("2026 Seller-Orders-By-Last-Update (1).txt", "seller_orders_by_last_update"),
            ("seller_orders_by_order_date/october.txt", "seller_orders_by_order_date"),
        ],
    )
    def test_the_name_decides_between_reports_of_equal_columns(self, path: str, stream: str, inbox: Path) -> None:
        (inbox / path).parent.mkdir(exist_ok=True)
        (inbox / path).write_bytes(flat(ORDERS))
        assert only(read(inbox))[:2] == (stream, "loaded")

    def test_the_longest_name_decides(self, inbox: Path) -> None:
        (inbox / "seller_fulfilled_shipments_tax.txt").write_bytes(flat(SHIPMENTS))
        assert only(read(inbox))[0] == "seller_fulfilled_shipments_tax"

    def test_the_header_goes_before_the_name(self, inbox: Path) -> None:
        (inbox / f"{ORDERS}.txt").write_bytes(flat(RETURNS))
        assert only(read(inbox))[0] == "seller_customer_returns"

    def test_one_file_feeds_all_streams_of_its_report(self, inbox: Path) -> None:
        (inbox / "sales.json").write_bytes(encode(document()))
        run = read(inbox)
        assert [row[:2] for row in ledger(run)] == [("vendor_sales", "loaded"), ("vendor_sales_totals", "loaded")]
        (row,) = run.records("vendor_sales_totals")
        assert (row["distributor_view"], row["report_period"], row["marketplace_id"]) == ("SOURCING", "DAY", US)
        assert row["report_id"].startswith("sales.json-")

    def test_json_without_a_specification_by_its_arrays_and_its_name(self, inbox: Path) -> None:
        content = document()
        del content["reportSpecification"]
        (inbox / "retail SOURCING.json").write_bytes(encode(content))
        run = read(inbox)
        assert [row[:2] for row in ledger(run)] == [("vendor_sales", "loaded"), ("vendor_sales_totals", "loaded")]
        assert run.records("vendor_sales")[0]["report_period"] == "DAY"
        assert run.records("report_ledger")[0]["window_start"] == "2026-10-01T00:00:00Z"

    def test_json_that_does_not_say_its_options_is_refused_in_one_message(self, inbox: Path) -> None:
        content = document()
        del content["reportSpecification"]
        (inbox / "sales.json").write_bytes(encode(content))
        assert only(read(inbox)) == (
            "inbox",
            "failed",
            "the file does not say its distributorView: put MANUFACTURING, SOURCING into its name or its folder's",
        )

    def test_a_period_that_only_some_rows_have_is_refused(self, inbox: Path) -> None:
        content = document("GET_VENDOR_TRAFFIC_REPORT", reportPeriod="DAY")
        del content["reportSpecification"]
        content["trafficByAsin"][-1]["endDate"] = "2026-10-09"
        (inbox / "traffic.json").write_bytes(encode(content))
        run = read(inbox)
        assert {row[1] for row in ledger(run)} == {"failed"}
        assert "is not a period of DAY" in str(run.error)

    @pytest.mark.parametrize(
        "report_type", ["GET_VENDOR_REAL_TIME_INVENTORY_REPORT", "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT"]
    )
    def test_arrays_of_one_name_are_told_by_their_fields(self, report_type: str, inbox: Path) -> None:
        content = DATA.document(
            report_type, account="vendor-us", marketplace_id=US, options={},
            start=datetime(2026, 11, 20, 3, tzinfo=timezone.utc), end=datetime(2026, 11, 20, 5, tzinfo=timezone.utc),
            as_of=NOW,
        )  # fmt: skip
        content.pop("reportSpecification")
        (inbox / "report.json").write_bytes(encode(content))
        name = next(stream.name for stream in REPORT_STREAMS if stream.report.name == report_type)
        assert only(read(inbox))[:2] == (name, "loaded")

    def test_options_that_a_stream_does_not_read_are_left_alone(self, inbox: Path) -> None:
        content = {
            "reportSpecification": {
                "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
                "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "PARENT"},
            },
            "salesAndTrafficByDate": [],
            "salesAndTrafficByAsin": [],
        }
        (inbox / "sales.json").write_text(json.dumps(content))
        name, outcome, reason = only(read(inbox))
        assert (name, outcome) == ("inbox", "skipped")
        assert "made with asinGranularity=PARENT" in str(reason)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"name\tcolour\tshade\n4711\tred\tsecret\n", "Its header is name, colour, shade"),
            (b"sku,price\nA,1\n", "Its header is sku, price"),
            (b"Jane Doe,jane@example.com,4711000\n", "Its header is missing, or has values instead of names"),
            (
                b"2026-11-01\tshoe, red\tsecret name\tBFI4\tDEFECTIVE\tsecret comment\tSold\n",
                "has values instead of names",
            ),
            (b'{"orders": [{"buyer": "secret"}]}', "Its arrays are orders"),
            (b'{"reportSpecification": {"reportType": "GET_OTHER"}}', "no stream reads the report 'GET_OTHER'"),
            (b'{"errorDetails": "Some reason"}', "an error from Amazon instead of rows: Some reason"),
            (
                b"<?xml version='1.0'?><AmazonEnvelope><Header>secret</Header></AmazonEnvelope>",
                "AmazonEnvelope, Header",
            ),
            (b"<html><body>secret</body></html>", "html, body"),
            (b"\x00\x01\x02secret\x00", "Its header is empty, or no text"),
            (b"", "the file is empty"),
            (b"\xef\xbb\xbf\r\n", "the file is empty"),
        ],
        ids=range(12),
    )
    def test_what_nothing_recognises_is_told_with_its_header_and_no_value(
        self, content: bytes, told: str, inbox: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (inbox / "unknown.file").write_bytes(content)
        run = read(inbox)
        name, outcome, reason = only(run)
        assert (name, outcome) == ("inbox", "skipped")
        assert told in str(reason)
        assert run.error is None
        (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert told in warning
        assert "unknown.file" in warning
        assert "secret" not in caplog.text + str(run.lines)

    def test_a_header_that_lacks_a_key_is_damage_of_the_report_that_it_looks_like(self, inbox: Path) -> None:
        header, *lines = flat(RETURNS).decode("cp1252").splitlines()
        (inbox / "returns.txt").write_text("\n".join([header.replace("order-id", "order-no", 1), *lines]))
        run = read(inbox)
        assert only(run)[:2] == ("seller_customer_returns", "failed")
        assert "line 1: column order_id is missing" in str(run.error)

    @pytest.mark.parametrize("packed", [False, True])
    def test_an_archive_is_refused(self, inbox: Path, *, packed: bool) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("a.txt", flat(RETURNS))
        (inbox / "a.zip").write_bytes(gzip.compress(content.getvalue()) if packed else content.getvalue())
        run = read(inbox)
        assert only(run)[:2] == ("inbox", "failed")
        assert "unpack it" in str(run.error)


class TestOnce:
    def test_a_file_is_read_once_wherever_it_lies_and_again_when_it_changes(self, inbox: Path) -> None:
        path = inbox / "returns.txt"
        path.write_bytes(flat(RETURNS))
        first = read(inbox)
        assert len(ledger(first)) == 1
        assert path.read_bytes() == flat(RETURNS)
        second = read(inbox, first.state)
        assert ledger(second) == []
        assert not second.records("seller_customer_returns")
        path.rename(inbox / "other.txt")
        (inbox / "more").mkdir()
        shutil.copyfile(inbox / "other.txt", inbox / "more" / "copy.txt")
        third = read(inbox, second.state)
        assert ledger(third) == []
        (inbox / "other.txt").write_bytes(flat(RETURNS, fault="equal_lines"))
        fourth = read(inbox, third.state)
        assert len(ledger(fourth)) == 1
        assert fourth.records("seller_customer_returns")

    def test_two_copies_are_one_file(self, inbox: Path) -> None:
        for name in ("a", "b"):
            (inbox / name).write_bytes(flat(RETURNS))
        assert len(ledger(read(inbox))) == 1

    def test_a_stream_that_is_selected_later_reads_it_then(self, inbox: Path) -> None:
        (inbox / "sales.json").write_bytes(encode(document()))
        first = read(inbox, streams={"vendor_sales"})
        assert [row[0] for row in ledger(first)] == ["vendor_sales"]
        second = read(inbox, first.state)
        assert [row[0] for row in ledger(second)] == ["vendor_sales_totals"]

    def test_what_no_selected_stream_reads_is_said(self, inbox: Path, caplog: pytest.LogCaptureFixture) -> None:
        (inbox / "returns.txt").write_bytes(flat(RETURNS))
        run = read(inbox, streams={"vendor_sales"})
        assert ledger(run) == []
        assert "returns.txt in the inbox is not read: seller_customer_returns is not selected" in caplog.text

    def test_bookmarks_of_the_api_do_not_move(self, inbox: Path) -> None:
        (inbox / "sales.json").write_bytes(encode(document()))
        bookmark = {"partitions": [{"context": {"account": "a"}, "complete_from": "2026-10-01"}]}
        run = read(inbox, {"bookmarks": {"vendor_sales": bookmark}})
        changed = run.state["bookmarks"]["vendor_sales"]
        assert list(changed.pop("inbox").values()) == ["2026-11-21"]
        assert changed == bookmark

    def test_a_damaged_state_is_no_state(self, inbox: Path) -> None:
        (inbox / "returns.txt").write_bytes(flat(RETURNS))
        assert len(ledger(read(inbox, {"bookmarks": {"seller_customer_returns": {"inbox": ["x"]}}}))) == 1


class TestWholeOrNotAtAll:
    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("cut.txt", flat(RETURNS, fault="line_cut_off"), "the file ends in the middle of a line"),
            ("cut.txt.gz", gzip.compress(flat(SHIPMENTS), mtime=0)[:-40], "truncated or damaged"),
            ("cut.json", encode(document())[:-30], "the document"),
        ],
        ids=["line", "gzip", "json"],
    )
    def test_a_damaged_file_gives_no_row_and_is_tried_again(
        self, name: str, content: bytes, told: str, inbox: Path
    ) -> None:
        (inbox / name).write_bytes(content)
        run = read(inbox)
        assert {row[1] for row in ledger(run)} == {"failed"}
        assert told in str(run.error)
        assert not [message for message in run.messages if message["type"] == "RECORD"
                    and message["stream"] != "report_ledger"]  # fmt: skip
        assert ledger(read(inbox, run.state)) == ledger(run)

    def test_one_array_that_is_damaged_keeps_the_other_from_being_read(self, inbox: Path) -> None:
        content = document()
        content["salesAggregate"] = {"orderedUnits": 1}
        (inbox / "sales.json").write_bytes(encode(content))
        run = read(inbox)
        assert [row[:2] for row in ledger(run)] == [("vendor_sales", "failed"), ("vendor_sales_totals", "failed")]
        assert not run.records("vendor_sales")

    def test_the_other_files_are_read(self, inbox: Path) -> None:
        (inbox / "a.txt").write_bytes(flat(RETURNS, fault="line_cut_off"))
        (inbox / "b.txt").write_bytes(flat(RETURNS))
        run = read(inbox)
        assert [row[1] for row in ledger(run)] == ["failed", "loaded"]
        assert run.error

    def test_a_header_without_lines_is_empty(self, inbox: Path) -> None:
        (inbox / "a.txt").write_bytes(flat(RETURNS).splitlines(keepends=True)[0])
        run = read(inbox)
        assert only(run) == ("seller_customer_returns", "empty", "the file has no rows")
        assert ledger(read(inbox, run.state)) == []

    def test_what_cannot_be_opened_fails_alone(self, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("a.txt", "b.txt"):
            (inbox / name).write_bytes(flat(RETURNS))
        open_ = type(inbox).open

        def refused(self: Path, *args: Any, **kwargs: Any) -> Any:
            if self.name == "a.txt":
                raise PermissionError(13, "Permission denied")
            return open_(self, *args, **kwargs)

        monkeypatch.setattr(type(inbox), "open", refused)
        assert ledger(read(inbox))[0] == ("inbox", "failed", "the file can't be read: Permission denied")

    @pytest.mark.parametrize("name", [".hidden.txt", "a.txt.part", "b.CRDOWNLOAD", "~$c.txt", ".folder/d.txt"])
    def test_what_is_hidden_or_not_finished_is_left_alone(self, name: str, inbox: Path) -> None:
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_bytes(b"unfinished")
        run = read(inbox)
        assert ledger(run) == []
        assert run.error is None

    def test_special_files_and_names_that_are_no_text(self, inbox: Path) -> None:
        os.mkfifo(inbox / "pipe")
        (inbox / "nowhere").symlink_to(inbox / "gone")
        (inbox / "loop").symlink_to(inbox, target_is_directory=True)
        path = os.path.join(os.fsencode(inbox), b"re\xfftur\nns.txt")  # noqa: PTH118  # bytes
        with open(path, "wb") as file:  # noqa: PTH123  # bytes
            file.write(flat(RETURNS))
        (row,) = read(inbox).records("report_ledger")
        assert row["outcome"] == "loaded"
        assert row["report_options"] == "inbox=re\ufffdtur\ufffdns.txt"

    def test_a_link_that_points_outside_is_reported_and_never_opened(self, inbox: Path, tmp_path: Path) -> None:
        """Somebody who may put files there must not get other files into the log or the tables."""
        secret = tmp_path / "secret"
        secret.write_bytes(flat(RETURNS))
        (inbox / "a.txt").symlink_to(secret)
        (inbox / "b.txt").symlink_to("../secret")
        run = read(inbox)
        assert [row[:2] for row in ledger(run)] == [("inbox", "skipped")] * 2
        assert all("a link that points outside" in str(reason) for *_, reason in ledger(run))
        assert run.records("seller_customer_returns") == []
        assert run.error is None

    def test_a_link_within_the_inbox_is_read(self, inbox: Path) -> None:
        (inbox / ".data").mkdir()
        (inbox / ".data" / "returns.txt").write_bytes(flat(RETURNS))
        (inbox / "returns.txt").symlink_to(".data/returns.txt")
        assert only(read(inbox))[:2] == ("seller_customer_returns", "loaded")


class TestAnyFile:
    @hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_is_read_or_told_in_one_row_of_the_ledger(self, inbox: Path, data: st.DataObject) -> None:
        """Whatever is in it: never an exception, never rows without a ledger row that counts them."""
        good = data.draw(st.sampled_from(SAMPLES))
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(good))] * 2)))
        content = good[:start] + data.draw(st.binary(max_size=20)) + good[end:]
        (inbox / "file").write_bytes(gzip.compress(content) if data.draw(st.booleans()) else content)
        run = read(inbox, streams={"seller_customer_returns", "seller_ledger_detail", "vendor_traffic"})
        for row in run.records("report_ledger"):
            written = len(run.records(row["stream_name"])) if row["stream_name"] != "inbox" else 0
            assert (row["outcome"] == "loaded") == bool(written or row["rejected"])
            assert row["rows"] == written
            assert (row["reason"] is None) == (row["outcome"] == "loaded")

    @pytest.mark.parametrize(
        "specification",
        [
            {"reportOptions": []},
            {"reportOptions": {"reportPeriod": "DAY"}, "dataStartTime": 5},
            {"reportOptions": {"reportPeriod": "DAY"}, "dataStartTime": "today", "dataEndTime": "today"},
            {"reportOptions": {"reportPeriod": 5}},
            {"reportOptions": None},
            {"marketplaceIds": [None]},
        ],
    )
    def test_a_specification_that_says_nonsense_fails(self, specification: dict[str, Any], inbox: Path) -> None:
        content = document("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", reportPeriod="DAY")
        report_type = content["reportSpecification"]["reportType"]
        content["reportSpecification"] = {"reportType": report_type, **specification}
        (inbox / "terms.json").write_bytes(encode(content))
        run = read(inbox, streams={"brand_search_terms"})
        assert only(run)[1] == "failed"
        assert not run.records("brand_search_terms")

    @pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
    def test_is_read_as_a_spreadsheet_saves_text(self, charset: str, inbox: Path) -> None:
        (inbox / "returns.txt").write_bytes(flat(RETURNS).decode("cp1252").encode(charset))
        assert only(read(inbox))[:2] == ("seller_customer_returns", "loaded")


class TestSpecifications:
    """Whatever the spelling, a key has one: the one that the API's rows have."""

    @staticmethod
    def save(inbox: Path, *, encoding: str = "utf-8", options: object = None, **said: object) -> None:
        content = document()
        content["reportSpecification"] |= said | ({} if options is None else {"reportOptions": options})
        (inbox / "sales.json").write_bytes(encode(content).decode().encode(encoding))

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
    @pytest.mark.parametrize(
        ("options", "ids"),
        [
            (DAILY, [US]),
            ({"reportPeriod": "day", "distributorView": "sourcing", "sellingProgram": "retail"}, [f" {US} "]),
            ({"reportPeriod": " Day ", "distributorView": "Sourcing\n", "sellingProgram": "retail "}, US.lower()),
            (DAILY, None),
        ],
    )
    def test_of_any_spelling_give_the_same_rows(self, options: object, ids: object, encoding: str, inbox: Path) -> None:
        self.save(inbox)
        good = read(inbox, streams={"vendor_sales"})
        self.save(inbox, options=options, marketplaceIds=ids, encoding=encoding)
        run = read(inbox, streams={"vendor_sales"})
        assert run.error is None
        assert rows(run, "vendor_sales") == rows(good, "vendor_sales") != []
        assert {row["report_period"] for row in run.records("vendor_sales")} == {"DAY"}

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"options": {**DAILY, "reportPeriod": "fortnight"}}, "reportPeriod FORTNIGHT, which is none of DAY, WEEK"),
            ({"options": {**DAILY, "reportPeriod": 5}}, "reportPeriod 5, which is none of"),
            ({"options": {**DAILY, "reportPeriod": {}}}, "reportPeriod an object, which is none of"),
            ({"options": {**DAILY, "sellingProgram": "Jane's <b>"}}, "sellingProgram …, which is none of"),
            ({"options": {**DAILY, "reportPeriod": None}}, "the file does not say its reportPeriod"),
            ({"options": "DAY"}, "an invalid reportOptions: DAY"),
            ({"marketplaceIds": 5}, "an invalid marketplaceIds: 5"),
            ({"marketplaceIds": [US, CA]}, "the file covers several marketplaces"),
            ({"marketplaceIds": ["A0"]}, "an unknown marketplace: A0"),
            ({"dataStartTime": 5}, "an invalid dataStartTime: 5"),
            ({"dataStartTime": ["2026-10-01"]}, "an invalid dataStartTime: 2026-10-01"),
            ({"dataEndTime": "someday"}, "an invalid dataEndTime: someday"),
            ({"reportType": ["GET_VENDOR_SALES_REPORT"]}, "an invalid reportType: GET_VENDOR_SALES_REPORT"),
        ],
    )
    def test_that_say_nonsense_fail_with_the_field_and_what_it_says(
        self, said: dict[str, Any], told: str, inbox: Path
    ) -> None:
        self.save(inbox, **said)
        (inbox / "other.txt").write_bytes(flat(RETURNS))
        run = read(inbox, streams={"seller_customer_returns", "vendor_sales"})
        assert [row[:2] for row in ledger(run)] == [("seller_customer_returns", "loaded"), ("inbox", "failed")]
        assert told in str(ledger(run)[1][2])

    @pytest.mark.parametrize("name", ["dataStartTime", "dataEndTime"])
    def test_without_the_days_of_the_key_fail(self, name: str, inbox: Path) -> None:
        content = document("GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT", reportPeriod="DAY")
        del content["reportSpecification"][name]
        (inbox / "terms.json").write_bytes(encode(content))
        assert only(read(inbox))[1:] == (
            "failed",
            f"the file does not say its period: its reportSpecification has no {name}",
        )


class TestDirtyRows:
    def test_are_loaded_but_for_the_cell(self, inbox: Path) -> None:
        content = document()
        content["salesByAsin"][0]["orderedUnits"] = "N/A"
        content["salesByAsin"][1]["asin"] = None
        (inbox / "sales.json").write_bytes(encode(content))
        run = read(inbox)
        assert run.error is None
        entry = next(row for row in run.records("report_ledger") if row["stream_name"] == "vendor_sales")
        assert (entry["outcome"], entry["rows"]) == ("loaded", len(content["salesByAsin"]) - 1)
        assert (entry["rejected"], entry["unreadable_cells"]) == (1, 1)
        dirty = [row for row in run.records("vendor_sales") if row["_extra"]]
        assert [(row["ordered_units"], row["_extra"]) for row in dirty] == [(None, '{"ordered_units":"N/A"}')]

    def test_too_many_are_another_layout(self, inbox: Path) -> None:
        content = document()
        content["salesByAsin"] += [{"asin": "B1"}] * 20
        (inbox / "sales.json").write_bytes(encode(content))
        run = read(inbox)
        assert {row[1] for row in ledger(run)} == {"failed"}
        assert not run.records("vendor_sales")

    def test_no_error_of_one_file_ends_another(self, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (inbox / "a.json").write_bytes(encode(document()))
        (inbox / "b.txt").write_bytes(flat(RETURNS))

        def broken(*_: Any) -> Any:
            raise KeyError(US)

        monkeypatch.setattr("tap_amazon_vendor.inbox.reader.option_value", broken)
        assert ledger(read(inbox)) == [
            ("inbox", "failed", f"the file can't be read: an unexpected KeyError. {REPORT_IT}"),
            ("seller_customer_returns", "loaded", None),
        ]


CASES = Path(__file__).parents[2] / "shared" / "cases"


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
class TestCases:
    @pytest.mark.parametrize(
        ("name", "asins"),
        [
            ("05_sales_lowercase_options.json", ["B0TEST0001"]),
            ("10_sales_utf16_powershell.json", ["B0TEST0001"]),
            ("11_sales_nul.json", ["B0TEST0001", "B0\ufffdNUL001"]),
            ("12_sales_same_key_twice.json", ["B0TEST0001", "B0TEST0001"]),
        ],
    )
    def test_files_are_read(self, name: str, asins: list[str], inbox: Path) -> None:
        shutil.copy(CASES / name, inbox)
        run = read(inbox)
        assert run.error is None
        found = run.records("vendor_sales")
        assert [row["asin"] for row in found] == asins
        said = {(row["distributor_view"], row["report_period"], row["selling_program"]) for row in found}
        assert said == {("SOURCING", "DAY", "RETAIL")}

    @pytest.mark.parametrize(
        ("name", "count", "extra"),
        [
            ("money_as_a_number", 200, {'{"ordered_revenue_amount":12.5}': 1}),
            ("number=1e400", 200, {'{"ordered_units":"1e400"}': 1}),
            ("number=integer_of_400_digits", 200, {f'{{"ordered_units":"{"9" * 400}"}}': 1}),
            ("same_key_other_values", 201, {}),
            ("specification.marketplaceIds=None", 200, {}),
            ("unknown_column_ASIN_", 200, {'{"ASIN":"z"}': 200}),
        ],
    )
    def test_answers_are_read(self, name: str, count: int, extra: dict[str, int], inbox: Path) -> None:
        shutil.copy(CASES / "answers" / name / "document.txt", inbox)
        run = read(inbox)
        found = run.records("vendor_sales")
        assert len(found) == count
        assert len({row["asin"] for row in found}) > 10
        assert Counter(row["_extra"] for row in found if row["_extra"]) == extra

    def test_rows_that_contradict_the_specification_fail_the_file(self, inbox: Path) -> None:
        shutil.copy(CASES / "answers" / "rows_outside_the_window" / "document.txt", inbox)
        run = read(inbox)
        assert run.records("vendor_sales") == []
        entries = run.records("report_ledger")
        assert {row["outcome"] for row in entries} == {"failed"}
        assert all("not a period of the requested" in row["reason"] for row in entries)


class TestWhoseFile:
    ACCOUNTS = ({"account": "north", "marketplaces": ["US", "CA"]}, {"account": "europe", "marketplaces": ["DE"]})

    def test_a_folder_names_the_account_and_another_the_marketplace(self, inbox: Path) -> None:
        for folder in ("north/CA", "europe"):
            (inbox / folder).mkdir(parents=True)
        (inbox / "north/CA/stock.txt").write_bytes(flat(STOCK))
        (inbox / "europe/stock.txt").write_bytes(flat(STOCK, "seller-de"))
        run = read(inbox, accounts=list(self.ACCOUNTS), marketplaces=None)
        assert run.error is None
        said = {(row["account"], row["marketplace_id"]) for row in run.records("seller_reserved_inventory")}
        assert said == {("north", CA), ("europe", "A1PA6795UKMFR9")}

    def test_several_accounts_and_no_folder_is_refused(self, inbox: Path) -> None:
        (inbox / "stock.txt").write_bytes(flat(STOCK))
        reason = only(read(inbox, accounts=list(self.ACCOUNTS), marketplaces=None))[2]
        assert reason == "the file does not say its account: put it into a folder named 'north' or 'europe'"

    def test_several_marketplaces_and_no_folder_is_refused(self, inbox: Path) -> None:
        (inbox / "stock.txt").write_bytes(flat(STOCK))
        reason = only(read(inbox, marketplaces=["US", "CA"]))[2]
        assert reason == "the file does not say its marketplace: put it into a folder named US or CA"

    def test_no_marketplace_at_all_is_refused(self, inbox: Path) -> None:
        (inbox / "stock.txt").write_bytes(flat(STOCK))
        reason = only(read(inbox, marketplaces=None))[2]
        assert "set `marketplaces`, or put it into a folder named by country code, such as US" in str(reason)

    def test_a_report_of_one_country_needs_no_setting(self, inbox: Path) -> None:
        (inbox / "gst.txt").write_bytes(flat("GET_GST_MTR_B2C_CUSTOM", "seller-in"))
        run = read(inbox, marketplaces=None)
        assert {row["marketplace_id"] for row in run.records("seller_gst_b2c")} == {"A21TJRUUN4KGV"}

    def test_the_lines_say_their_marketplace(self, inbox: Path) -> None:
        (inbox / f"{SHIPMENTS}.txt").write_bytes(flat(SHIPMENTS))
        run = read(inbox, marketplaces=None)
        assert {row["marketplace_id"] for row in run.records("seller_fulfilled_shipments")} == {US}

    def test_a_report_of_the_other_kind_of_account_is_left_alone(self, inbox: Path, world: World) -> None:
        (inbox / "stock.txt").write_bytes(flat(STOCK))
        run = world.run(world.config(inbox=str(inbox)))
        name, outcome, reason = next(row for row in ledger(run) if row[0] == "inbox")
        assert (name, outcome) == ("inbox", "skipped")
        assert "belongs to seller accounts" in str(reason)


class TestWithCredentials:
    def test_files_come_first_and_reports_are_asked_for_as_ever(self, inbox: Path, world: World) -> None:
        (inbox / "sales.json").write_bytes(encode(document()))
        run = world.run(world.config(inbox=str(inbox)))
        assert run.error is None
        outcomes = run.records("report_ledger")
        assert [row["report_options"].count("inbox=") for row in outcomes[:3]] == [1, 1, 0]
        without = world.run(world.config())
        own = [row for row in run.records("vendor_sales") if not row["report_id"].startswith("sales.json")]
        assert {row["start_date"] for row in own} == {row["start_date"] for row in without.records("vendor_sales")}

    def test_every_stream_exists_without_credentials_and_asks_nothing(self, inbox: Path) -> None:
        tap = TapAmazonVendor(config={"inbox": str(inbox)})
        audit = {"report_ledger", "report_rejects", "report_rejects_restricted"}
        # Files of advertising are not read.
        assert set(tap.streams) == audit | {stream.name for stream in STREAMS if stream.account_type != ADVERTISER}
        assert tap.settings.accounts == ()
        assert ledger(read(inbox)) == []

    def test_the_connection_test_has_nothing_to_ask(self, inbox: Path) -> None:
        assert TapAmazonVendor(config={"inbox": str(inbox)}, message_writer=Recorder()).run_connection_test()


class TestLedger:
    def test_says_file_window_and_size(self, inbox: Path) -> None:
        path = inbox / "returns.txt"
        path.write_bytes(flat(RETURNS))
        os.utime(path, (0, 0))
        run = read(inbox)
        (row,) = run.records("report_ledger")
        days = sorted(each["return_date"][:10] for each in run.records("seller_customer_returns"))
        assert row["window_start"] == f"{days[0]}T00:00:00Z"
        assert row["window_end"] == f"{days[-1]}T00:00:00Z"
        assert (row["rows"], row["bytes"], row["asked_at"]) == (len(days), path.stat().st_size, None)
        assert row["report_type"] == RETURNS
        assert row["report_options"] == "inbox=returns.txt"
        assert row["report_id"] == run.records("seller_customer_returns")[0]["report_id"]

    def test_a_snapshot_was_taken_when_the_file_was_made(self, inbox: Path) -> None:
        path = inbox / "stock.txt"
        path.write_bytes(flat(STOCK))
        os.utime(path, (86_400, 86_400))
        run = read(inbox)
        assert {row["snapshot_time"] for row in run.records("seller_reserved_inventory")} == {"1970-01-02T00:00:00Z"}
        assert run.records("report_ledger")[0]["window_start"] == "1970-01-02T00:00:00Z"


class TestOutput:
    def test_selection_maps_and_batches_work_as_for_reports(self, inbox: Path, tmp_path: Path) -> None:
        (inbox / "returns.txt").write_bytes(flat(RETURNS))
        count = len(read(inbox).records("seller_customer_returns"))
        mapped = read(inbox, stream_maps={"seller_customer_returns": {"__alias__": "back", "sku": "sku.lower()"}})
        assert len(mapped.records("back")) == count
        assert all(row["sku"] == row["sku"].lower() for row in mapped.records("back"))
        batches = {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": f"file://{tmp_path}", "prefix": "b-"},
        }
        run = read(inbox, batch_config=batches)
        (batch,) = [message for message in run.messages if message["type"] == "BATCH"]
        assert batch["stream"] == "seller_customer_returns"
        (path,) = tmp_path.glob("b-*.json.gz")
        assert len(gzip.decompress(path.read_bytes()).splitlines()) == count


class TestFolder:
    @pytest.mark.parametrize(
        ("name", "told"), [("gone", "there is no such folder"), ("file", "that is a file, name the folder")]
    )
    def test_must_be_a_folder(self, name: str, told: str, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigValidationError) as caught:
            TapAmazonVendor(config={"inbox": str(tmp_path / name)})
        assert [told in problem and "`inbox`" in problem for problem in caught.value.errors] == [True]

    def test_may_be_relative(self, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (inbox / "more").mkdir()
        (inbox / "more" / "returns.txt").write_bytes(flat(RETURNS))
        monkeypatch.chdir(inbox.parent)
        (row,) = read(Path("inbox")).records("report_ledger")
        assert row["report_options"] == "inbox=more/returns.txt"

    def test_within_it_that_cannot_be_listed_is_told(self, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (inbox / "closed").mkdir()
        (inbox / "returns.txt").write_bytes(flat(RETURNS))
        scandir = os.scandir

        def refused(path: Any) -> Any:
            if str(path).endswith("closed"):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refused)
        told = ("inbox", "failed", "the folder can't be read: Permission denied")
        assert ledger(read(inbox)) == [("seller_customer_returns", "loaded", None), told]

    def test_half_of_the_credentials_is_a_mistake(self, inbox: Path) -> None:
        with pytest.raises(ConfigValidationError) as caught:
            TapAmazonVendor(config={"inbox": str(inbox), "client_id": "app", "marketplaces": ["US"]})
        assert list(caught.value.errors) == ["`client_secret` is missing", "`refresh_token` is missing"]

"""Every report of a seller as the local Amazon writes it, by the declarations; every window judged by its rules."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from world import as_read

from amazon_sandbox import flatfiles
from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import Data
from amazon_sandbox.reports import RULES, refusal
from amazon_sandbox.rules.verdicts import ReportRequest as Asked
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.reports.calendars import Horizon
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.report_stream import ReportStream
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

    from tap_amazon_vendor.streams.report_rows import ReportRows

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
FLAT = [stream for stream in REPORT_STREAMS if stream.report.layout]
ACCOUNTS = [
    account for account in DEFAULT_ACCOUNTS if account.label in {"seller-us", "seller-de", "seller-jp", "seller-in"}
]


@pytest.mark.parametrize("stream", FLAT, ids=lambda stream: stream.name)
def test_every_cell_arrives_as_the_seed_has_it(stream: ReportRows, tmp_path: Path) -> None:
    assert stream.report.layout
    schema = load_schema(stream.name)["properties"]
    data = Data(7, DEFAULT_ACCOUNTS, 12, 3)
    start, end = datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 31, 23, 59, 59, tzinfo=timezone.utc)
    total = 0
    for account in ACCOUNTS:
        for marketplace_id in account.marketplaces:
            country = BY_ID[marketplace_id].country
            table = data.table(
                stream.report.name, account=account, marketplace_id=marketplace_id,
                options=dict(stream.report.fixed_options), start=start, end=end, as_of=NOW,
            )  # fmt: skip
            path = tmp_path / "report"
            path.write_bytes(b"".join(flatfiles.write(table)))
            reader = FlatFileReader(stream.report.layout, schema, stream.key_columns, pytest.fail, pytest.fail)
            constants = {"snapshot_time": "2026-11-21T12:00:00Z"} if "snapshot_time" in schema else {}
            chunks = reader.read(path, constants, "report 7", charset=flatfiles.charset(table), country=country)
            rows = [row for chunk in chunks for row in chunk]
            keys = [tuple(row[key] for key in stream.key_columns) for row in rows]
            assert len(rows) == len(list(table.rows))
            assert not [key for key, count in Counter(keys).items() if count > 1]
            for row, line in zip(rows, table.rows, strict=True):
                for name in table.columns:
                    column = str(reader.column(name))
                    own = schema[column]["type"]
                    kind = own if isinstance(own, str) else own[0]
                    wanted = as_read(line[name], kind if "format" not in schema[column] else "", row[column])
                    if wanted is None and column in stream.key_columns:
                        wanted = "(none)"
                    assert row[column] == wanted, column
            total += len(rows)
    assert total


@cache
def streams(label: str) -> tuple[list[tuple[ReportRows, list[dict[str, Any]]]], Any]:
    """The report streams of an account of the sandbox, with every period."""
    account = next(each for each in ACCOUNTS if each.label == label)
    config = {
        "account_type": "seller", "client_id": "app", "client_secret": "secret", "refresh_token": "token",
        "marketplaces": list(account.marketplaces), "report_periods": ["DAY", "WEEK", "MONTH", "QUARTER"],
    }  # fmt: skip
    found = TapAmazonVendor(config=config).streams.values()
    asked = [
        (each.declaration, each.partitions or [])
        for each in found
        if isinstance(each, ReportStream) and not each.declaration.report.amazon_generated
    ]
    return [each for each in asked if not each[0].source.startswith("GET_BRAND_ANALYTICS_SEARCH")], account


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


@hypothesis_settings(max_examples=30)
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    back=st.sampled_from([0, 1, 3, 30, 90, 400, 1000]),
    wait=st.integers(0, 59),
    label=st.sampled_from([account.label for account in ACCOUNTS]),
)
@example(now=datetime(2026, 1, 1, 23, 1), back=90, wait=59, label="seller-in")  # noqa: DTZ001
def test_no_window_is_asked_for_that_amazon_refuses(now: datetime, back: int, wait: int, label: str) -> None:
    """However long a request waits for its turn, up to an hour. Search reports may come too early: `later`."""
    now = now.replace(tzinfo=timezone.utc)
    horizon = Horizon(now, now.date() - timedelta(days=back), None, 4, 14)
    found, account = streams(label)
    for stream, contexts in found:
        for context in contexts:
            calendar = stream.calendar(context)
            for window in plan(None, horizon, calendar):
                partition = stream.report_partition(context)
                body = ReportRequest(*partition, window=window, calendar=calendar).body()
                asked = Asked(
                    stream.source, (context["marketplace_id"],), body["reportOptions"],
                    moment(body.get("dataStartTime")), moment(body.get("dataEndTime")),
                )  # fmt: skip
                assert refusal(RULES[stream.source], account, asked, now + timedelta(minutes=wait)) is None, body

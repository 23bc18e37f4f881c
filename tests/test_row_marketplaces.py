"""Where rows belong: each is written once, under the marketplace that it tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.config.marketplaces import BY_COUNTRY
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.reports.belonging import ToldBy
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.streams.row_marketplaces import RowMarketplaces, own_marketplaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.documents.row_blocks import Rows

Row = dict[str, Any]

REGIONAL = ReportType(
    "GET_ORDERS", account_type="seller", told_by=ToldBy("channel", "currency"), ignores_marketplaces=True
)
CHANNELS = {"US": "Amazon.com", "CA": "Amazon.ca", "MX": "Amazon.com.mx", "BR": "Amazon.com.br"}


def marketplace(country: str) -> str:
    return BY_COUNTRY[country].marketplace_id


def row(number: int, channel: str | None, currency: str | None, asked: str) -> Row:
    return {"n": number, "channel": channel, "currency": currency, "marketplace_id": marketplace(asked),
            "country_code": asked}  # fmt: skip


def read(
    lines: list[tuple[str | None, str | None]], asked: str, own: list[str], report: ReportType = REGIONAL
) -> tuple[list[Row], Findings]:
    """Read a document that was asked for one marketplace of an account."""
    findings = Findings()
    told_by = report.told_by
    assert told_by

    def chunks() -> list[list[Row]]:
        rows = [row(number, *line, asked) for number, line in enumerate(lines)]
        return [rows[start : start + 2] for start in range(0, len(rows), 2)]

    groups = {min(report.group(BY_COUNTRY[each]) & {*map(marketplace, own)}) for each in own}
    sorter = RowMarketplaces(report, told_by, marketplace(asked), frozenset(map(marketplace, own)), frozenset(groups))
    return [found for some in sorter.sort(chunks(), findings) for found in some], findings


@given(
    lines=st.lists(
        st.tuples(st.sampled_from([*CHANNELS.values(), "Non-Amazon", None]), st.sampled_from([None, "USD", "MXN"]))
    )
)
def test_of_a_report_of_the_whole_region_each_row_of_the_account_is_written_once(
    lines: list[tuple[str | None, str | None]],
) -> None:
    own = ["US", "CA", "MX"]
    found: dict[int, str] = {}
    for asked in own:
        rows, findings = read(lines, asked, own)
        assert len(rows) + findings.rows_elsewhere.total() == len(lines)
        for each in rows:
            assert each["n"] not in found
            found[each["n"]] = each["country_code"]
            assert each["marketplace_id"] == marketplace(each["country_code"])
    of_others = {number for number, (channel, _) in enumerate(lines) if channel == CHANNELS["BR"]}
    assert found.keys() == {*range(len(lines))} - of_others
    for number, country in found.items():
        channel, currency = lines[number]
        if channel in CHANNELS.values():
            assert CHANNELS[country] == channel
        elif currency:
            assert country == {"USD": "US", "MXN": "MX"}[currency]


@given(
    lines=st.lists(st.tuples(st.sampled_from(["Amazon.de", "Non-Amazon", None]), st.sampled_from([None, "EUR", "GBP"])))
)
def test_rows_that_several_reports_may_bring_are_brought_by_one(lines: list[tuple[str | None, str | None]]) -> None:
    own = ["DE", "FR", "GB"]
    found = [each["n"] for asked in own for each in read(lines, asked, own)[0]]
    assert sorted(found) == list(range(len(lines)))


def test_a_currency_of_another_region_is_told_once_and_its_rows_are_written() -> None:
    lines: list[tuple[str | None, str | None]] = [(None, "GBP"), (None, None), (None, "GBP"), (None, "USD")]
    found = {asked: read(lines, asked, ["US", "MX"]) for asked in ("US", "MX")}
    assert sum(len(rows) for rows, _ in found.values()) == len(lines)
    (remark,) = (remark for _, findings in found.values() for remark in findings.remarks)
    assert remark.startswith("2 rows have amounts in GBP, a currency of no marketplace of the region")


def test_a_report_that_keeps_to_its_marketplace_keeps_rows_that_tell_nothing() -> None:
    report = replace(REGIONAL, ignores_marketplaces=False)
    rows, findings = read([("Amazon.com.mx", None), ("Non-Amazon", None), (None, None)], "MX", ["US", "MX"], report)
    assert [each["country_code"] for each in rows] == ["MX"] * 3
    assert not findings.rows_elsewhere


def test_rows_of_a_marketplace_that_is_not_configured_are_left_out_and_named() -> None:
    rows, findings = read([("Amazon.com", None), ("Amazon.ca", None)], "US", ["US", "MX"])
    assert [each["n"] for each in rows] == [0]
    assert findings.rows_elsewhere == {"CA": 1}
    assert findings.remarks == ["rows of CA are left out: `marketplaces` does not name it"]


def test_a_shared_currency_does_not_take_rows_to_a_marketplace_without_it() -> None:
    report = replace(REGIONAL, told_by=ToldBy(currency="currency"))
    lines: list[tuple[str | None, str | None]] = [(None, "EUR"), (None, "GBP"), (None, "PLN")]
    own = ["DE", "FR", "GB"]
    british, _ = read(lines, "GB", own, report)
    assert [each["currency"] for each in british] == ["GBP"]
    first = min(("DE", "FR"), key=marketplace)
    european, findings = read(lines, first, own, report)
    assert [(each["currency"], each["country_code"]) for each in european] == [("EUR", first)]
    assert findings.remarks[0].startswith("its rows do not say which marketplace they belong to, DE, FR")


def test_a_row_that_contradicts_a_report_of_one_marketplace_goes_where_it_says() -> None:
    report = replace(REGIONAL, ignores_marketplaces=False)
    rows, findings = read([("Amazon.com", None), ("Amazon.ca", None), ("odd", None)], "US", ["US", "CA"], report)
    assert [each["country_code"] for each in rows] == ["US", "CA", "US"]
    assert not findings.rows_elsewhere


@pytest.mark.parametrize(
    ("channel", "country"), [("Amazon.ca", "CA"), ("Amazon.com", "US"), ("odd", "US"), (None, "US")]
)
def test_rows_of_a_file_go_where_they_say(channel: str | None, country: str) -> None:
    (rows,) = own_marketplaces([[row(0, channel, None, "US")]], ToldBy("channel"), marketplace("US"), Findings())
    assert (rows[0]["country_code"], rows[0]["marketplace_id"]) == (country, marketplace(country))


NAMED_OTHERWISE = [("Amazon.zz", None), ("Non-Amazon", None), (None, None), ("(none)", None), ("Amazon.zz", "XAU")]


def test_rows_that_name_no_marketplace_that_is_known_are_told_and_written() -> None:
    rows, findings = read([*NAMED_OTHERWISE, *NAMED_OTHERWISE], "US", ["US"])
    assert [each["n"] for each in rows] == [*range(10)]
    assert findings.remarks == [
        "2 rows have amounts in XAU, a currency of no marketplace of the region: they are under US",
        "2 rows are of Amazon.zz, the name of no marketplace of the region: they are under US",
    ]


def test_the_same_is_said_of_a_file_and_of_few_names_only() -> None:
    lines = [row(number, f"Store {number}", None, "US") for number in range(9)]
    findings = Findings()
    (rows,) = own_marketplaces([lines], ToldBy("channel"), marketplace("US"), findings)
    assert rows == lines
    assert [remark.split(",")[0] for remark in findings.remarks] == [
        *(f"1 rows are of Store {number}" for number in range(5)),
        "4 rows are of others",
    ]


def test_rows_of_a_file_in_a_currency_of_another_region_are_told() -> None:
    findings = Findings()
    lines = [row(0, None, "EUR", "US"), row(1, "odd", "EUR", "US"), row(2, None, "MXN", "US"), row(3, None, "", "US")]
    lines.append(row(4, "\u00a0", " ", "US"))
    (rows,) = own_marketplaces([lines], ToldBy("channel", "currency"), marketplace("US"), findings)
    assert [each["country_code"] for each in rows] == ["US", "US", "MX", "US", "US"]
    assert findings.remarks == [
        "2 rows have amounts in EUR, a currency of no marketplace of the region: they are under US"
    ]


SETTLEMENTS = ReportType(
    "GET_SETTLEMENTS",
    account_type="seller",
    told_by=ToldBy("channel", "currency", within="settlement"),
    once_per_account=True,
)


@pytest.mark.parametrize(
    ("currency", "own", "country"),
    [
        ("CAD", ["US", "CA", "MX"], "CA"),
        ("USD", ["US", "CA", "MX"], "US"),
        ("CAD", ["US", "MX"], "CA"),  # of the region, though not of the settings
        ("EUR", ["GB", "DE", "FR"], "FR"),  # the first by id that has the currency
        ("EUR", ["GB"], "GB"),  # nothing tells
        (None, ["US", "CA", "MX"], "MX"),
    ],
)
@pytest.mark.parametrize("filed", [False, True], ids=["asked for", "file"])
def test_fees_of_a_settlement_are_of_its_currency_which_its_first_line_tells(
    currency: str | None, own: list[str], country: str, *, filed: bool
) -> None:
    asked = min(own, key=marketplace)
    name = CHANNELS.get(country, {"FR": "Amazon.fr", "GB": "Amazon.co.uk"}.get(country))
    lines = [("1", None, currency), ("2", None, "SEK"), ("1", name, None), ("1", None, None), ("2", None, None)]
    rows = [row(number, *line[1:], asked) | {"settlement": line[0]} for number, line in enumerate(lines)]
    findings, ids = Findings(), frozenset(map(marketplace, own))
    told_by = SETTLEMENTS.told_by
    assert told_by
    sorted_rows: Iterator[Rows]
    if filed:
        sorted_rows = own_marketplaces([rows[:3], rows[3:]], told_by, marketplace(asked), findings, ids)
    else:
        sorter = RowMarketplaces(SETTLEMENTS, told_by, marketplace(asked), ids, frozenset({marketplace(asked)}))
        sorted_rows = sorter.sort([rows[:3], rows[3:]], findings)
    found = [each["country_code"] for some in sorted_rows for each in some]
    second = "SE" if asked in {"FR", "GB"} else asked
    assert found == [country, second, country, country, second]
    assert findings.rows_elsewhere.total() == 0
    assert [remark for remark in findings.remarks if "do not say" in remark] == []

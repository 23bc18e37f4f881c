"""The columns of advertising streams are those that Amazon's report types have, with Amazon's types."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amazon_sandbox.ads_report_types import REPORT_TYPES
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams.ads import STREAMS
from tap_amazon_vendor.streams.ads_rows import AdsReportRows

REPORTS = [stream for stream in STREAMS if isinstance(stream, AdsReportRows)]
FACTS = Path(__file__).parents[2] / "shared" / "spapi" / f"{'ads'.upper()}.md"
PAGE = Path(__file__).parents[1] / "docs" / "amazon" / "ads.md"

WINDOWS = ("1d", "7d", "14d", "30d")
KINDS = {"I": "integer", "D": "number", "S": "string"}
IDS = {"campaignId", "adGroupId", "adId", "portfolioId", "keywordId", "targetingId"}

#: The types whose columns the facts spell out, and what each grouping adds: by what the text calls it.
TOLD = {
    "ads_sp_campaigns": ("spCampaigns", "campaign"),
    "ads_sp_ad_groups": ("spCampaigns", "campaign", "adGroup"),
    "ads_sp_advertised_products": ("spAdvertisedProduct",),
    "ads_sp_targets": ("spTargeting",),
    # "The same without topOfSearchImpressionShare, plus S searchTerm".
    "ads_sp_search_terms": ("spTargeting", "spSearchTerm"),
    "ads_sp_purchased_products": ("spPurchasedProduct",),
    "ads_sb_campaigns": ("sbCampaigns",),
    "ads_sd_advertised_products": ("sdAdvertisedProduct",),
}


def columns_of(text: str) -> dict[str, str]:
    """Read a list such as `I clicks, purchases{w}; D cost; S campaignName (not for vendors)`."""
    found: dict[str, str] = {}
    for part in text.replace("T;", "").split(";"):
        letter, _, names = part.strip().partition(" ")
        if letter not in KINDS:
            continue
        listed: list[str] = []
        for name, remark in re.findall(r"([\w{}/]+)\s*(\([^)]*\))?", names):
            stem, *others = name.split("/")
            windows = [stem.replace("{w}", window) for window in WINDOWS] if "{w}" in stem else [stem]
            listed += windows + [re.sub(r"\d+d$", other, stem) for other in others]
            also = re.findall(r"Clicks|Views", remark)
            number = {"six": 6, "both": 2}.get(next(iter(re.findall(r"six|both", remark)), ""), 0)
            listed += [base + suffix for base in listed[-number:] for suffix in also] if number else []
        found |= dict.fromkeys(listed, KINDS[letter])
    return found


def facts() -> dict[str, dict[str, str]]:
    """The columns by report type, and by grouping of spCampaigns."""
    text = FACTS.read_text(encoding="utf-8").partition("### Columns and types")[2].partition("\n\nLeft out")[0]
    found = {}
    for name, words in re.findall(r"\*\*(\w+)\*\*(.*?)(?=\*\*|\Z)", text.replace("\n", " "), re.DOTALL):
        body = words.partition("the same without")[2].partition(", plus")[2] or words.partition(":")[2]
        always, *groups = re.split(r"(?:groupBy )?(\w+) adds ", body.partition(". No ")[0])
        found[name] = columns_of(always.rstrip(" ."))
        for group, added in zip(groups[::2], groups[1::2], strict=True):
            found[group] = columns_of(added.rstrip(" ."))
    return found


@pytest.mark.skipif(not FACTS.is_file(), reason="the facts lie beside the repository of the project only")
@pytest.mark.parametrize("name", TOLD)
def test_columns_and_types_are_those_of_the_facts(name: str) -> None:
    told = {column: kind for part in TOLD[name] for column, kind in facts()[part].items()}
    if name == "ads_sp_search_terms":
        del told["topOfSearchImpressionShare"]
    (stream,) = [stream for stream in REPORTS if stream.name == name]
    # Without a type in the facts.
    own = {field: kind_of(stream, field) for field in stream.fields if field not in {"date", "cumulativeReach"}}
    assert own == {column: "string" if column in IDS else kind for column, kind in told.items()}


def limits() -> dict[str, tuple[str, int, int]]:
    """The groupings of each report type as the facts have them, the days that Amazon keeps, and those of a report."""
    text = FACTS.read_text(encoding="utf-8").partition("### Report types")[2].partition("### ")[0]
    found: dict[str, tuple[str, int, int]] = {}
    for names, groups, days, _ in re.findall(
        r"^\| ((?:s\w+(?:, )?)+) \| ([^|]+) \| (\d[^|]*) \| ([^|]*) \|$", text, re.MULTILINE
    ):
        back, span = int(re.findall(r"\d+", days)[0]), re.findall(r"span (\d+)", days)
        found |= {name: (groups, back, int(span[0]) if span else 31) for name in names.split(", ")}
    return found


@pytest.mark.skipif(not FACTS.is_file(), reason="the facts lie beside the repository of the project only")
@pytest.mark.parametrize("stream", REPORTS, ids=lambda stream: stream.name)
def test_groupings_and_days_are_those_of_the_facts(stream: AdsReportRows) -> None:
    groups, days_back, span = limits()[stream.report.name]
    assert {*stream.report.group_by} <= {*re.findall(r"\w+", groups)}
    assert (stream.report.days_back, stream.report.span) == (days_back, span)


@pytest.mark.parametrize("stream", REPORTS, ids=lambda stream: stream.name)
def test_groupings_and_days_are_those_of_our_copy_of_the_facts(stream: AdsReportRows) -> None:
    own = PAGE.read_text(encoding="utf-8").partition("## Report types")[2].partition("## ")[0]
    (row,) = [line for line in own.splitlines() if re.search(rf"^\|.*\b{stream.report.name}\b.*\|$", line)]
    _, groups, days = row.strip("| ").split(" | ")
    assert {*stream.report.group_by} <= {*re.findall(r"\w+", groups)}
    assert int(re.findall(r"\d+", days)[0]) == stream.report.days_back


def kind_of(stream: AdsReportRows, field: str) -> str:
    properties = load_schema(stream.name)["properties"]
    kinds = properties["asin" if field == stream.asin else column_name(field)]["type"]
    (kind,) = {kinds} if isinstance(kinds, str) else {*kinds} - {"null"}
    return str(kind)


@pytest.mark.parametrize("stream", REPORTS, ids=lambda stream: stream.name)
def test_every_column_is_asked_for_that_amazon_gives(stream: AdsReportRows) -> None:
    report_type = REPORT_TYPES[stream.report.name]
    assert {*stream.fields} == {*report_type.allowed(stream.report.group_by, "DAILY")}
    assert (stream.report.days_back, stream.report.span) == (report_type.days_back, report_type.span)
    columns = {"asin" if field == stream.asin else column_name(field) for field in stream.fields}
    assert columns == set(load_schema(stream.name)["properties"])


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_sales_say_their_window(stream: AdsReportRows) -> None:
    """Never one figure of sales, of which nobody knows how long after the click it was."""
    properties = load_schema(stream.name)["properties"]
    for column, told in properties.items():
        if column.startswith(("sales", "purchases", "units_sold", "attributed_sales")):
            assert re.search(r"within \d+ days? after a (click|view)", told["description"]), column

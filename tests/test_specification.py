"""What a document says of itself: checked once, in one spelling."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.specification import stated

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("reportType", "reportOptions", "dataStartTime", "dataEndTime", "marketplaceIds", "currencyCode", "fresh")


def test_options_are_at_the_top_level_and_in_one_spelling() -> None:
    assert stated({"reportType": " get_x", "reportOptions": {"reportPeriod": " day ", "size": 5, "all": True}}) == {
        "reportType": "GET_X",
        "reportPeriod": "DAY",
        "size": "5",
        "all": "TRUE",
    }


@pytest.mark.parametrize("spelled", [str.lower, str.upper, lambda name: name.replace("t", "_t").replace("P", " p")])
def test_names_in_another_spelling_are_the_same_names(spelled: t.Callable[[str], str]) -> None:
    said = {spelled("reportType"): "GET_X", spelled("reportOptions"): {spelled("reportPeriod"): "day"}}
    assert stated(said) == {"reportType": "GET_X", "reportPeriod": "DAY"}


def test_a_name_as_amazon_spells_it_has_precedence() -> None:
    for options in ({"reportPeriod": "DAY", "reportperiod": "WEEK"}, {"reportperiod": "WEEK", "reportPeriod": "DAY"}):
        assert stated({"reportOptions": options}) == {"reportPeriod": "DAY"}


def test_an_option_never_replaces_a_field_of_its_name() -> None:
    assert stated({"reportType": "GET_X", "reportOptions": {"reportType": "GET_Y"}}) == {"reportType": "GET_X"}


@pytest.mark.parametrize("name", ["reportType", "marketplaceIds", "dataStartTime", "dataEndTime"])
def test_an_option_with_the_name_of_a_field_is_checked_as_that_field(name: str) -> None:
    with pytest.raises(DocumentError, match=f"an invalid {name}: "):
        stated({"reportOptions": {name: [None]}})


@pytest.mark.parametrize(
    "specification", [None, {}, *({name: blank} for name in FIELDS for blank in (None, "", " \n"))]
)
def test_what_is_blank_is_not_stated(specification: dict[str, t.Any] | None) -> None:
    assert stated(specification) == {}


@pytest.mark.parametrize("said", ["ATVPDKIKX0DER,A2EUQ1WTGCTBG2", [" atvpdkikx0der", "A2EUQ1WTGCTBG2 "]])
def test_marketplaces_are_a_list(said: object) -> None:
    assert stated({"marketplaceIds": said}) == {"marketplaceIds": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]}


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-11-02", "2026-11-02"),
        (" 2026-11-02t00:00:00z", "2026-11-02T00:00:00Z"),
        ("2026-11-02 00:00:00.5+00:00", "2026-11-02T00:00:00.5+00:00"),
    ],
)
def test_days_and_moments_are_iso(said: str, moment: str) -> None:
    assert stated({"dataStartTime": said}) == {"dataStartTime": moment}


@pytest.mark.parametrize("name", ["dataStartTime", "dataEndTime"])
@pytest.mark.parametrize("said", ["2026-02-30", "02.11.2026", "20261102", 20261103, True, [], {}, "2026-11-02x"])
def test_what_is_no_day_is_refused(name: str, said: object) -> None:
    with pytest.raises(DocumentError, match=f"^its reportSpecification has an invalid {name}: "):
        stated({name: said})


@given(st.dictionaries(st.sampled_from(FIELDS), ANY))
def test_any_specification_is_stated_or_refused_in_one_short_line(specification: dict[str, t.Any]) -> None:
    said: dict[str, t.Any] = {}
    refused = ""
    try:
        said = stated(specification)
    except DocumentError as error:
        refused = str(error)
    assert len(refused) < 500
    assert refused.isprintable()
    assert None not in said.values()
    assert all(isinstance(said[name], str) for name in ("reportType", "dataStartTime", "currencyCode") if name in said)
    assert all(isinstance(each, str) for each in said.get("marketplaceIds", []))


@pytest.mark.parametrize("secret", ["jane@example.com", "Atza|IwEB", "x" * 41, "a\nb", "Größe"])
def test_what_is_no_word_is_not_quoted(secret: str) -> None:
    assert shown(secret) == shown([secret]) == "…"

"""What an account's listing is asked for, and which guesses follow from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from test_jobs import NEWEST, NOW, OLDER

from tap_amazon_vendor.reports.api import LISTED_TYPES, ListedReport
from tap_amazon_vendor.reports.listing import Listing
from tap_amazon_vendor.reports.outcomes import Processing

YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=7)


def listed(report_id: str, processing: Processing = Processing.DONE, hours: float = 1) -> ListedReport:
    """A report of the newest window that somebody asked for some hours ago."""
    body = NEWEST.body()
    return ListedReport(
        report_id,
        NEWEST.report_type,
        (NEWEST.marketplace_id,),
        body["dataStartTime"],
        body["dataEndTime"],
        NOW - timedelta(hours=hours),
        processing,
    )


def listing_of(*reports: ListedReport) -> Listing:
    """A listing that told of some reports, newest first."""
    listing = Listing()
    listing.want(NEWEST, YESTERDAY)
    assert listing.wish()
    listing.answer(reports)
    assert listing.complete
    return listing


def found(listing: Listing, *, done: bool = True, used: set[str] | None = None) -> str | None:
    """The id of what may answer the request for the newest window."""
    report = listing.find(NEWEST, YESTERDAY, done=done, used=used or set())
    return report.report_id if report else None


def test_many_windows_of_a_report_type_are_one_wish_from_the_earliest_time_on() -> None:
    listing = Listing()
    listing.want(NEWEST, YESTERDAY)
    listing.want(OLDER, LAST_WEEK)
    assert listing.wish() == ((NEWEST.report_type,), NEWEST.marketplace_id, LAST_WEEK)
    assert listing.wish() is None


def test_each_marketplace_is_a_wish_of_its_own() -> None:
    listing = Listing()
    listing.want(NEWEST, YESTERDAY)
    listing.want(replace(NEWEST, marketplace_id="A1PA6795UKMFR9"), YESTERDAY)
    assert {(listing.wish() or ((), ""))[1] for _ in range(2)} == {NEWEST.marketplace_id, "A1PA6795UKMFR9"}


def test_a_call_names_as_many_types_as_amazon_allows_and_those_together_that_go_back_as_far() -> None:
    listing = Listing()
    for number in range(LISTED_TYPES):
        listing.want(replace(NEWEST, report_type=f"OLD{number}"), LAST_WEEK)
        listing.want(replace(NEWEST, report_type=f"NEW{number}"), YESTERDAY)
    first, second = listing.wish(), listing.wish()
    assert first
    assert second
    assert (len(first[0]), first[2], len(second[0]), second[2]) == (LISTED_TYPES, LAST_WEEK, LISTED_TYPES, YESTERDAY)
    assert all(name.startswith("OLD") for name in first[0])
    assert listing.wish() is None


def test_it_is_complete_when_the_last_answer_is_there() -> None:
    listing = Listing()
    complete = [listing.complete]
    for step in (lambda: listing.want(NEWEST, YESTERDAY), listing.wish, lambda: listing.answer([])):
        step()
        complete.append(listing.complete)
    assert complete == [True, False, False, True]


def test_what_is_refused_for_several_types_is_wished_for_each_and_then_given_up() -> None:
    listing = Listing()
    for report_type in ("A", "B"):
        listing.want(replace(NEWEST, report_type=report_type), YESTERDAY)
    wish = listing.wish()
    assert wish
    listing.refused(*wish)
    for _ in range(2):
        alone = listing.wish()
        assert alone
        assert len(alone[0]) == 1
        listing.refused(*alone)
    assert (listing.wish(), listing.complete) == (None, True)


def test_renounced_wishes_are_gone() -> None:
    listing = Listing()
    listing.want(NEWEST, YESTERDAY)
    listing.renounce()
    assert (listing.wish(), listing.complete) == (None, True)


def test_the_newest_report_is_found_first() -> None:
    assert found(listing_of(listed("new"), listed("old", hours=2))) == "new"


def test_what_is_used_unfinished_or_too_old_is_not_found() -> None:
    assert found(listing_of(listed("x")), used={"x"}) is None
    assert found(listing_of(listed("x", Processing.IN_QUEUE))) is None
    assert found(listing_of(listed("x", Processing.IN_QUEUE)), done=False) == "x"
    assert found(listing_of(listed("x", hours=25))) is None
    assert found(listing_of(replace(listed("x"), marketplace_ids=("A1PA6795UKMFR9",)))) is None
    assert found(listing_of(replace(listed("x"), start=None))) is None


def test_more_is_dared_the_more_guesses_were_right() -> None:
    listing = Listing()
    assert [listing.dares(looking) for looking in range(4)] == [True, True, True, False]
    listing.learn(right=True)
    assert [listing.dares(looking) for looking in range(5)] == [True, True, True, True, False]


def test_it_is_hopeless_after_three_wrong_guesses_more_than_right_ones() -> None:
    listing = Listing()
    for right in (True, False, False, False):
        listing.learn(right=right)
        assert not listing.hopeless
    listing.learn(right=False)
    assert listing.hopeless

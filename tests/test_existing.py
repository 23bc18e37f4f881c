"""What an account's listing is asked for, and which guesses follow from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from test_engine import NEWEST, NOW, OLDER

from tap_amazon_vendor.engine.existing import TYPES_PER_CALL, ExistingJobs
from tap_amazon_vendor.engine.model import ListedJob, Processing

YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=7)


def listed(report_id: str, processing: Processing = Processing.DONE, hours: float = 1) -> ListedJob:
    """A report of the newest window that somebody asked for some hours ago."""
    body = NEWEST.body()
    return ListedJob(
        report_id,
        NEWEST.report_type,
        (NEWEST.marketplace_id,),
        body["dataStartTime"],
        body["dataEndTime"],
        NOW - timedelta(hours=hours),
        processing,
    )


def listing_of(*reports: ListedJob) -> ExistingJobs:
    """A listing that told of some reports, newest first."""
    listing = ExistingJobs()
    listing.request(NEWEST, YESTERDAY)
    assert listing.next_query()
    listing.add(reports)
    assert listing.complete
    return listing


def found(listing: ExistingJobs, *, done: bool = True, used: set[str] | None = None) -> str | None:
    """The id of what may answer the request for the newest window."""
    report = listing.find(NEWEST, YESTERDAY, done=done, used=used or set())
    return report.job_id if report else None


def test_many_windows_of_a_report_type_are_one_wish_from_the_earliest_time_on() -> None:
    listing = ExistingJobs()
    listing.request(NEWEST, YESTERDAY)
    listing.request(OLDER, LAST_WEEK)
    assert listing.next_query() == ((NEWEST.report_type,), NEWEST.marketplace_id, LAST_WEEK)
    assert listing.next_query() is None


def test_each_marketplace_is_a_wish_of_its_own() -> None:
    listing = ExistingJobs()
    listing.request(NEWEST, YESTERDAY)
    listing.request(replace(NEWEST, marketplace_id="A1PA6795UKMFR9"), YESTERDAY)
    assert {(listing.next_query() or ((), ""))[1] for _ in range(2)} == {NEWEST.marketplace_id, "A1PA6795UKMFR9"}


def test_a_call_names_as_many_types_as_amazon_allows_and_those_together_that_go_back_as_far() -> None:
    listing = ExistingJobs()
    for number in range(TYPES_PER_CALL):
        listing.request(replace(NEWEST, report_type=f"OLD{number}"), LAST_WEEK)
        listing.request(replace(NEWEST, report_type=f"NEW{number}"), YESTERDAY)
    first, second = listing.next_query(), listing.next_query()
    assert first
    assert second
    assert (len(first[0]), first[2], len(second[0]), second[2]) == (
        TYPES_PER_CALL,
        LAST_WEEK,
        TYPES_PER_CALL,
        YESTERDAY,
    )
    assert all(name.startswith("OLD") for name in first[0])
    assert listing.next_query() is None


def test_it_is_complete_when_the_last_answer_is_there() -> None:
    listing = ExistingJobs()
    complete = [listing.complete]
    for step in (lambda: listing.request(NEWEST, YESTERDAY), listing.next_query, lambda: listing.add([])):
        step()
        complete.append(listing.complete)
    assert complete == [True, False, False, True]


def test_what_is_refused_for_several_types_is_wished_for_each_and_then_given_up() -> None:
    listing = ExistingJobs()
    for report_type in ("A", "B"):
        listing.request(replace(NEWEST, report_type=report_type), YESTERDAY)
    wish = listing.next_query()
    assert wish
    listing.refused(*wish)
    for _ in range(2):
        alone = listing.next_query()
        assert alone
        assert len(alone[0]) == 1
        listing.refused(*alone)
    assert (listing.next_query(), listing.complete) == (None, True)


def test_renounced_wishes_are_gone() -> None:
    listing = ExistingJobs()
    listing.request(NEWEST, YESTERDAY)
    listing.abandon()
    assert (listing.next_query(), listing.complete) == (None, True)


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
    listing = ExistingJobs()
    assert [listing.may_guess(looking) for looking in range(4)] == [True, True, True, False]
    listing.learn(right=True)
    assert [listing.may_guess(looking) for looking in range(5)] == [True, True, True, True, False]


def test_it_is_hopeless_after_three_wrong_guesses_more_than_right_ones() -> None:
    listing = ExistingJobs()
    for right in (True, False, False, False):
        listing.learn(right=right)
        assert not listing.hopeless
    listing.learn(right=False)
    assert listing.hopeless

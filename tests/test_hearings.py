"""What is believed of what Amazon says: after how many hearings, and against what other windows say."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
from test_engine import NEWEST, NOW, OLDER, OLDEST, FakeAmazon, Fate, engine, planned, sales

from tap_amazon_vendor.engine.hearings import DAY, RETRY_PAUSE, SAID_FOR
from tap_amazon_vendor.engine.model import JobResult, Priority, Processing
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from clocks import FakeClock

    from tap_amazon_vendor.engine.engine import Engine
    from tap_amazon_vendor.engine.model import PendingJob
    from tap_amazon_vendor.reports.request import ReportRequest

CANCELLED = Fate(Processing.CANCELLED)
CLIENT_ERROR = Fate(Processing.FATAL, text="A client error occurred. Please double check")
UNAVAILABLE = Fate(Processing.FATAL, text="The requested data is unavailable. Please try a different date range")

#: What Amazon says of a view, a program or a data set that an account lacks.
FINAL = [
    "No vendor code set as manufacturing role for vendor group",
    "distributorView parameter contains an invalid value",
    "sellingProgram parameter contains an invalid value",
    "Report requested with invalid user inputs. Please verify if you have correct Vendor Group Rights",
]

#: Three windows, the newest of which is settled, too.
FIRST, SECOND, THIRD = (sales(30 + 15 * number) for number in range(3))

#: Two windows of a view that an account may lack.
MADE, MADE_BEFORE = (
    replace(request, options=(("distributorView", "MANUFACTURING"), *request.options)) for request in (NEWEST, OLDER)
)


@pytest.fixture
def amazon(clock: FakeClock) -> FakeAmazon:
    return FakeAmazon(clock)


def results(jobs: Engine, *requests: ReportRequest) -> list[JobResult]:
    return [jobs.result(request) for request in requests]


def outcomes(jobs: Engine, *requests: ReportRequest) -> list[Outcome]:
    return [result.outcome for result in results(jobs, *requests)]


def of(program: str, *requests: ReportRequest) -> list[ReportRequest]:
    """The same windows of another partition."""
    options = (("reportPeriod", "DAY"), ("sellingProgram", program))
    return [replace(request, options=options) for request in requests]


class TestNoData:
    @pytest.mark.parametrize("bad", [CANCELLED, Fate(empty=True)])
    @pytest.mark.parametrize("wrong", [FIRST, SECOND, THIRD])
    @pytest.mark.parametrize("seconds", [0, 30, 900])
    def test_beside_rows_it_is_asked_for_once_more_minutes_later(
        self, amazon: FakeAmazon, bad: Fate, wrong: ReportRequest, seconds: float
    ) -> None:
        amazon.fates[wrong] = [replace(bad, seconds=seconds), Fate()]
        jobs = engine(amazon)
        jobs.plan(planned(FIRST, SECOND, THIRD, known_available=False))
        assert outcomes(jobs, FIRST, SECOND, THIRD) == [Outcome.LOADED] * 3
        assert sorted(map(str, amazon.created)) == sorted(map(str, [FIRST, SECOND, THIRD, wrong]))
        asked = [at for made, _, at in amazon.reports.values() if made == wrong]
        assert (asked[1] - asked[0]).total_seconds() >= RETRY_PAUSE

    def test_other_work_goes_on_meanwhile(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [CANCELLED]
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST, OLDER, OLDEST))
        assert outcomes(jobs, OLDER, OLDEST) == [Outcome.LOADED] * 2
        assert (amazon.clock() - NOW).total_seconds() < RETRY_PAUSE

    def test_against_the_rows_beside_it_is_believed_only_after_days(self, amazon: FakeAmazon) -> None:
        amazon.fates[SECOND] = [CANCELLED]
        jobs = engine(amazon)
        jobs.plan(planned(FIRST, SECOND, THIRD))
        late = jobs.result(SECOND)
        assert (late.outcome, late.doubtful) == (Outcome.LATER, True)
        assert "the days next to these have rows" in str(late.reason)
        outcomes(jobs, FIRST, THIRD)
        amazon.clock.advance(SAID_FOR)
        again = engine(amazon)
        again.plan(planned(FIRST, SECOND, THIRD, fresh_since=NOW), jobs.pending())
        believed = again.result(SECOND)
        assert (believed.outcome, believed.doubtful) == (Outcome.EMPTY, True)
        assert f"since {NOW:%Y-%m-%d}" in str(believed.reason)
        assert amazon.created.count(SECOND) == 3

    def test_the_next_run_asks_again_and_reads_the_rows(self, amazon: FakeAmazon) -> None:
        amazon.fates[SECOND] = [CANCELLED, CANCELLED, Fate()]
        jobs = engine(amazon)
        jobs.plan(planned(FIRST, SECOND, THIRD))
        outcomes(jobs, FIRST, SECOND, THIRD)
        again = engine(amazon)
        again.plan(planned(FIRST, SECOND, THIRD, fresh_since=NOW), jobs.pending())
        assert outcomes(again, FIRST, SECOND, THIRD) == [Outcome.LOADED] * 3

    def remade_every_four_hours(self) -> list[ReportRequest]:
        """Return the windows of a report that Amazon makes at most once in four hours."""
        every = replace(FIRST.policy, refresh_interval=timedelta(hours=4))
        return [replace(request, policy=every) for request in (FIRST, SECOND, THIRD)]

    @pytest.mark.parametrize("bad", [1, 2, 3])
    def test_what_amazon_does_not_make_again_so_soon_is_believed_after_three_days(
        self, amazon: FakeAmazon, bad: int
    ) -> None:
        """The first answers of three runs are needed: the second request of each run is refused."""
        windows = self.remade_every_four_hours()
        amazon.fates[windows[1]] = [*[Fate(empty=True), CANCELLED] * bad, Fate()]
        ends: list[JobResult] = []
        pending: list[PendingJob] = []
        for day in range(bad + 1 if bad < 3 else bad):
            amazon.clock.advance(SAID_FOR * bool(day))
            jobs = engine(amazon)
            jobs.plan(planned(*windows, fresh_since=NOW), pending)
            outcomes(jobs, *windows)
            ends.append(jobs.result(windows[1]))
            pending = jobs.pending()
        good, last = Outcome.LOADED, ends.pop()
        assert {each.outcome for each in ends} <= {Outcome.LATER}
        assert (last.outcome, last.doubtful) == ((good, False) if bad < 3 else (Outcome.EMPTY, True))

    @pytest.mark.parametrize("known", [True, False])
    def test_the_time_before_the_first_sale_costs_two_reports_more(self, amazon: FakeAmazon, *, known: bool) -> None:
        windows = [sales(4 + 15 * number) for number in range(200)]
        for window in windows[3:]:
            amazon.fates[window] = [replace(CANCELLED, seconds=37 * windows.index(window) % 300)]
        jobs = engine(amazon)
        jobs.plan(planned(*windows, known_available=known, priority=Priority.BACKFILL))
        assert outcomes(jobs, *windows) == [Outcome.LOADED] * 3 + [Outcome.EMPTY] * 197
        # The two next to the rows.
        assert len(amazon.created) == 202
        assert not any(result.doubtful for result in results(jobs, *windows))

    def test_where_the_doubt_about_a_newer_window_was_right_it_passes_on(self, amazon: FakeAmazon) -> None:
        windows = [sales(30 + 15 * number) for number in range(6)]
        for window in windows[1:]:
            amazon.fates[window] = [CANCELLED, Fate()]
        jobs = engine(amazon)
        jobs.plan(planned(*windows))
        assert outcomes(jobs, *windows) == [Outcome.LOADED] * 6

    def test_windows_without_any_rows_are_empty_without_an_end_of_waiting(self, amazon: FakeAmazon) -> None:
        windows = [sales(4 + 15 * number) for number in range(30)]
        amazon.create_default = CANCELLED
        jobs = engine(amazon)
        other = replace(NEWEST, report_type="OTHER")
        amazon.fates[other] = [Fate()]
        jobs.plan(planned(*windows, other, known_available=False))
        assert outcomes(jobs, *windows) == [Outcome.EMPTY] * 30
        # The newest may just not be published.
        assert len(amazon.created) == 32

    def test_where_no_report_of_the_account_has_rows_a_later_run_must_hear_it_too(self, amazon: FakeAmazon) -> None:
        """It may be an outage that says "no data"."""
        windows = [sales(4 + 15 * number) for number in range(4)]
        windows += [replace(window, report_type="OTHER") for window in windows]
        amazon.create_default = CANCELLED
        jobs = engine(amazon)
        jobs.plan(planned(*windows, known_available=False))
        assert outcomes(jobs, *windows) == [Outcome.LATER] * 8
        assert not any(result.doubtful for result in results(jobs, *windows))

    def test_a_full_disk_does_not_keep_a_window_from_its_neighbours(self, amazon: FakeAmazon) -> None:
        amazon.size = 1000
        amazon.fates[SECOND] = [replace(CANCELLED, seconds=0), Fate()]
        jobs = engine(amazon, spool_bytes=1)
        jobs.plan(planned(FIRST, SECOND, THIRD))
        jobs.result(FIRST)
        assert outcomes(jobs, SECOND) == [Outcome.LOADED]

    def test_a_neighbour_that_nobody_wants_any_more_is_not_waited_for(self, amazon: FakeAmazon) -> None:
        amazon.fates[SECOND] = [replace(CANCELLED, seconds=0)]
        amazon.fates[THIRD] = [Fate(seconds=1e6)]
        jobs = engine(amazon)
        jobs.plan(planned(SECOND, THIRD))
        while not amazon.polls:
            task = jobs.next_task()
            jobs.save() if task == float("inf") else amazon.clock.sleep(task) if isinstance(task, float) else task()
        jobs.release(THIRD, "s", read=False)
        assert jobs.result(SECOND).outcome is Outcome.LATER

    def test_of_the_only_window_of_a_new_partition_it_is_believed_when_a_later_run_hears_it_too(
        self, amazon: FakeAmazon
    ) -> None:
        amazon.fates[OLDEST] = [CANCELLED]
        jobs = engine(amazon)
        jobs.plan(planned(OLDEST, known_available=False))
        first = jobs.result(OLDEST)
        assert (first.outcome, first.doubtful) == (Outcome.LATER, False)
        (pending,) = jobs.pending()
        amazon.clock.advance(SAID_FOR)
        again = engine(amazon)
        again.plan(planned(OLDEST, known_available=False), [pending])
        assert again.result(OLDEST).outcome is Outcome.EMPTY

    def test_what_is_unavailable_is_no_data_for_brand_analytics_only(self, amazon: FakeAmazon) -> None:
        brand = replace(OLDEST, report_type="GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT")
        for request in (OLDEST, brand):
            amazon.fates[request] = [UNAVAILABLE]
        jobs = engine(amazon)
        jobs.plan(planned(OLDEST, brand, quiet=True))
        assert outcomes(jobs, OLDEST, brand) == [Outcome.LATER, Outcome.EMPTY]
        assert amazon.created.count(OLDEST) == amazon.created.count(brand) == 2


class TestClientError:
    def windows(self, amazon: FakeAmazon, *lacking: str, good: t.Sequence[str] = ()) -> dict[str, list[ReportRequest]]:
        found = {program: of(program, FIRST, SECOND, THIRD) for program in (*lacking, *good)}
        for program in lacking:
            for request in found[program]:
                amazon.fates[request] = [CLIENT_ERROR]
        return found

    def plan(self, amazon: FakeAmazon, found: dict[str, list[ReportRequest]], **changes: t.Any) -> Engine:
        jobs = engine(amazon)
        requests = [request for windows in found.values() for request in windows]
        jobs.plan(planned(*requests, known_available=False, fresh_since=NOW, **changes))
        return jobs

    def test_heard_once_it_is_asked_again(self, amazon: FakeAmazon) -> None:
        found = self.windows(amazon, "LACKING", good=["GOOD"])
        amazon.fates[found["LACKING"][0]] = [CLIENT_ERROR, Fate()]
        for request in found["LACKING"][1:]:
            del amazon.fates[request]
        jobs = self.plan(amazon, found)
        assert outcomes(jobs, *found["LACKING"]) == [Outcome.LOADED] * 3

    def test_a_partition_alone_among_good_ones_is_skipped_and_remembered_if_a_later_run_hears_it_too(
        self, amazon: FakeAmazon
    ) -> None:
        found = self.windows(amazon, "LACKING", good=["GOOD"])
        jobs = self.plan(amazon, found)
        first = results(jobs, *found["LACKING"])
        assert {(each.outcome, each.lasting) for each in first} == {(Outcome.SKIPPED, False)}
        outcomes(jobs, *found["GOOD"])
        assert amazon.created.count(found["LACKING"][0]) == 2
        amazon.clock.advance(SAID_FOR)
        again = engine(amazon)
        requests = [request for windows in found.values() for request in windows]
        again.plan(planned(*requests, known_available=False, fresh_since=NOW), jobs.pending())
        second = results(again, *found["LACKING"])
        assert {(each.outcome, each.lasting) for each in second} == {(Outcome.SKIPPED, True)}
        assert amazon.created.count(found["LACKING"][0]) == 3

    @pytest.mark.parametrize("good", [[], ["GOOD"]])
    def test_partitions_that_fail_alike_are_an_outage(self, amazon: FakeAmazon, good: list[str]) -> None:
        found = self.windows(amazon, "A", "B", good=good)
        jobs = self.plan(amazon, found)
        for program in "AB":
            ended = results(jobs, *found[program])
            assert {each.outcome for each in ended} == {Outcome.LATER}
            assert "outage" in str(ended[0].reason)
            assert "outage" in str(ended[-1].reason)
        assert len([each for each in amazon.created if each in amazon.fates]) == 4

    @pytest.mark.parametrize(("good", "then"), [([], Outcome.FAILED), (["GOOD"], Outcome.SKIPPED)])
    def test_what_partitions_hear_alike_for_days_is_no_outage(
        self, amazon: FakeAmazon, good: list[str], then: Outcome
    ) -> None:
        found = self.windows(amazon, "A", "B", good=good)
        requests = [request for windows in found.values() for request in windows]
        jobs = self.plan(amazon, found)
        outcomes(jobs, *requests)
        amazon.clock.advance(SAID_FOR)
        again = engine(amazon)
        again.plan(planned(*requests, known_available=False, fresh_since=NOW), jobs.pending())
        ended = results(again, *found["A"], *found["B"])
        assert {each.outcome for each in ended} == {then}
        assert {each.lasting for each in ended} == {then is Outcome.SKIPPED}

    def test_a_window_that_hears_it_for_days_is_failed_and_holds_up_no_other(self, amazon: FakeAmazon) -> None:
        amazon.fates[SECOND] = [CLIENT_ERROR]
        jobs = engine(amazon)
        jobs.plan(planned(FIRST, SECOND, THIRD))
        assert outcomes(jobs, FIRST, SECOND, THIRD)[1] is Outcome.LATER
        for _ in range(3):
            amazon.clock.advance(SAID_FOR)
            pending, jobs = jobs.pending(), engine(amazon)
            jobs.plan(planned(FIRST, SECOND, THIRD, fresh_since=NOW), pending)
            results_ = results(jobs, FIRST, SECOND, THIRD)
            assert [each.outcome for each in results_] == [Outcome.LOADED, Outcome.FAILED, Outcome.LOADED]
            assert f"since {NOW:%Y-%m-%d}" in str(results_[1].reason)

    def test_the_decision_waits_for_a_slow_partition(self, amazon: FakeAmazon) -> None:
        found = self.windows(amazon, "LACKING", "SLOW", good=["GOOD"])
        amazon.fates[found["SLOW"][0]] = [replace(CLIENT_ERROR, seconds=2000)]
        jobs = self.plan(amazon, found)
        assert outcomes(jobs, *found["LACKING"], *found["SLOW"]) == [Outcome.LATER] * 6

    def test_other_accounts_say_nothing_about_it(self, amazon: FakeAmazon) -> None:
        found = self.windows(amazon, "LACKING", good=["GOOD"])
        elsewhere = replace(found["LACKING"][0], account="b")
        amazon.fates[elsewhere] = [CLIENT_ERROR]
        jobs = self.plan(amazon, found | {"b": [elsewhere]})
        assert outcomes(jobs, found["LACKING"][0], elsewhere) == [Outcome.SKIPPED, Outcome.LATER]

    def test_a_partition_that_has_just_been_read_is_not_skipped(self, amazon: FakeAmazon) -> None:
        amazon.fates[THIRD] = [CLIENT_ERROR]
        jobs = self.plan(amazon, {"RETAIL": [FIRST, SECOND, THIRD], "GOOD": of("GOOD", FIRST)})
        assert outcomes(jobs, FIRST, SECOND, THIRD) == [Outcome.LOADED, Outcome.LOADED, Outcome.LATER]


class TestFinalWords:
    @pytest.fixture(params=FINAL)
    def words(self, request: pytest.FixtureRequest) -> Fate:
        return Fate(Processing.FATAL, text=request.param)

    def run(self, amazon: FakeAmazon, pending: t.Iterable[PendingJob] = ()) -> tuple[list[JobResult], list[PendingJob]]:
        jobs = engine(amazon)
        jobs.plan(planned(MADE, MADE_BEFORE, known_available=False, fresh_since=NOW), pending)
        return results(jobs, MADE, MADE_BEFORE), jobs.pending()

    def test_heard_once_they_skip_nothing(self, amazon: FakeAmazon, words: Fate) -> None:
        amazon.fates[MADE] = [words, Fate()]
        found, _ = self.run(amazon)
        assert [each.outcome for each in found] == [Outcome.LOADED] * 2
        asked = [at for made, _, at in amazon.reports.values() if made == MADE]
        assert (asked[1] - asked[0]).total_seconds() >= RETRY_PAUSE

    def test_heard_twice_they_skip_the_partition_and_the_next_run_asks_again(
        self, amazon: FakeAmazon, words: Fate
    ) -> None:
        amazon.fates[MADE] = [words, words, Fate()]
        found, pending = self.run(amazon)
        assert [(each.outcome, each.lasting) for each in found] == [(Outcome.SKIPPED, False)] * 2
        assert amazon.created == [MADE, MADE]
        amazon.clock.advance(SAID_FOR)
        found, _ = self.run(amazon, pending)
        assert [each.outcome for each in found] == [Outcome.LOADED] * 2

    @pytest.mark.parametrize(("seconds", "lasting"), [(3600, False), (SAID_FOR, True)])
    def test_a_later_run_that_hears_them_too_leaves_the_partition_alone(
        self, amazon: FakeAmazon, words: Fate, seconds: float, *, lasting: bool
    ) -> None:
        amazon.fates[MADE] = [words]
        _, pending = self.run(amazon)
        amazon.clock.advance(seconds)
        found, _ = self.run(amazon, pending)
        assert [(each.outcome, each.lasting) for each in found] == [(Outcome.SKIPPED, lasting)] * 2
        assert amazon.created == [MADE] * 3


class TestTheAccountsPast:
    """A daily run asks for one new day: what is beside it is complete, and not in the run."""

    def run(
        self, amazon: FakeAmazon, *requests: ReportRequest, pending: t.Iterable[PendingJob] = (), **about: t.Any
    ) -> tuple[list[JobResult], list[PendingJob]]:
        jobs = engine(amazon)
        jobs.plan(planned(*requests, fresh_since=NOW - timedelta(days=9), **about), pending)
        found = results(jobs, *requests)
        for each in found:
            jobs.release(each.request, "s", read=each.outcome.completes)
        return found, jobs.pending()

    @pytest.mark.parametrize("word", [CANCELLED, Fate(empty=True)])
    @pytest.mark.parametrize("newest", [4, 30])
    @pytest.mark.parametrize("times", [1, 2, 3])
    def test_contradicts_a_word_that_may_be_passing(
        self, amazon: FakeAmazon, word: Fate, newest: int, times: int
    ) -> None:
        day = sales(newest, 1)
        amazon.fates[day] = [word] * times + [Fate()]
        (found,), pending = self.run(amazon, day)
        if times > 1:
            assert (found.outcome, found.doubtful) == (Outcome.LATER, True)
            assert "the account has had rows" in str(found.reason)
            amazon.clock.advance(SAID_FOR + 1)
            (found,), pending = self.run(amazon, day, pending=pending)
        if times > 2:
            # Twice on one day, and once on the next.
            assert (found.outcome, found.doubtful) == (Outcome.EMPTY, True)
            assert f"since {NOW:%Y-%m-%d}" in str(found.reason)
        else:
            assert found.outcome is Outcome.LOADED
        assert pending == []

    def test_a_report_that_was_stuck_for_a_day_has_said_nothing_meanwhile(self, amazon: FakeAmazon) -> None:
        day = sales(4, 1)
        amazon.fates[day] = [replace(CANCELLED, seconds=4000), CANCELLED]
        (stuck,), pending = self.run(amazon, day)
        assert (stuck.outcome, stuck.doubtful) == (Outcome.LATER, False)
        amazon.clock.advance(SAID_FOR)
        (found,), _ = self.run(amazon, day, pending=pending)
        assert found.outcome is Outcome.LATER

    def test_of_two_new_days_without_rows_neither_confirms_the_other(self, amazon: FakeAmazon) -> None:
        days = sales(5, 1), sales(4, 1)
        for day in days:
            amazon.fates[day] = [CANCELLED]
        (first, _), _ = self.run(amazon, *days)
        assert first.outcome is Outcome.LATER

    def test_days_after_others_without_rows_are_believed_at_the_second_hearing(self, amazon: FakeAmazon) -> None:
        day = sales(4, 1)
        amazon.fates[day] = [CANCELLED]
        (found,), pending = self.run(amazon, day, quiet=True)
        assert (found.outcome, found.doubtful, pending) == (Outcome.EMPTY, False, [])
        assert len(amazon.created) == 2

    def test_a_snapshot_has_no_second_occasion(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [CANCELLED]
        (found,), _ = self.run(amazon, NEWEST, known_available=False, once=True)
        assert (found.outcome, found.doubtful) == (Outcome.EMPTY, True)
        (found,), _ = self.run(amazon, NEWEST, known_available=False, once=True, quiet=True)
        assert (found.outcome, found.doubtful) == (Outcome.EMPTY, False)

    @pytest.mark.parametrize(("hours", "after", "believed"), [(1, 3000, True), (1, 1800, False), (24, 3000, False)])
    def test_hours_are_believed_as_soon_as_a_run_asks_for_the_next_ones(
        self, amazon: FakeAmazon, hours: int, after: float, *, believed: bool
    ) -> None:
        end = NOW - timedelta(hours=2)
        window = t.cast("t.Any", Window)(end - timedelta(hours=hours), end)
        asked = replace(NEWEST, report_type="GET_VENDOR_REAL_TIME_SALES_REPORT", options=(), window=window)
        asked = replace(asked, calendar=Hours(span=336, look_back=336, late=1))
        amazon.fates[asked] = [CANCELLED]
        _, pending = self.run(amazon, asked)
        amazon.clock.advance(after)
        (found,), _ = self.run(amazon, asked, pending=pending)
        assert (found.outcome is Outcome.EMPTY) is believed

    def test_a_long_time_without_rows_costs_at_most_one_report_a_day_more(self, amazon: FakeAmazon) -> None:
        # Two each day are asked for where nothing is doubted, because the newest day may just have been published.
        pending: list[PendingJob] = []
        late: list[ReportRequest] = []
        quiet = False
        amazon.create_default = CANCELLED
        for number in range(12):
            before = len(amazon.created)
            late.append(sales(30 - number, 1))
            found, pending = self.run(amazon, *late, pending=pending, quiet=quiet)
            assert len(amazon.created) - before <= 3
            done = [each.outcome.completes for each in found]
            assert done in ([False], [True], [True, True])
            late, quiet = ([], True) if all(done) else (late, quiet)
            amazon.clock.advance(DAY)
        assert len(amazon.created) <= 2 * 12 + 1


@pytest.mark.parametrize("known", [True, False])
def test_a_window_that_fails_leaves_the_others_tried(amazon: FakeAmazon, *, known: bool) -> None:
    amazon.fates[FIRST] = [Fate(Processing.FATAL, text="an unknown reason")]
    jobs = engine(amazon)
    jobs.plan(planned(FIRST, SECOND, THIRD, known_available=known))
    assert outcomes(jobs, FIRST, SECOND, THIRD) == [Outcome.FAILED, Outcome.LOADED, Outcome.LOADED]


def test_different_words_each_get_a_second_try_but_not_without_end(amazon: FakeAmazon) -> None:
    words = [Fate(Processing.FATAL, text=f"reason {number}") for number in range(9)]
    amazon.fates[OLDEST] = words
    jobs = engine(amazon)
    jobs.plan(planned(OLDEST))
    assert jobs.result(OLDEST).outcome is Outcome.FAILED
    assert len(amazon.created) == 3


@pytest.mark.parametrize(
    "words",
    [
        UNAVAILABLE,
        Fate(Processing.FATAL),
        Fate(Processing.FATAL, text="is not yet available. Try submitting this createReport request at a later time"),
    ],
)
def test_an_answer_that_stays_the_same_for_settled_days_is_a_failure_and_holds_up_no_other(
    amazon: FakeAmazon, words: Fate
) -> None:
    amazon.fates[SECOND] = [words]
    jobs = engine(amazon)
    jobs.plan(planned(FIRST, SECOND, THIRD))
    late = results(jobs, FIRST, SECOND, THIRD)[1]
    assert (late.outcome, late.doubtful) == (Outcome.LATER, True)
    # Twice as a whole: windows of settled days are not shortened day by day.
    assert amazon.created.count(SECOND) == 2
    assert len(amazon.created) == 4
    amazon.clock.advance(SAID_FOR)
    again = engine(amazon)
    again.plan(planned(FIRST, SECOND, THIRD, fresh_since=NOW), jobs.pending())
    assert outcomes(again, FIRST, SECOND, THIRD) == [Outcome.LOADED, Outcome.FAILED, Outcome.LOADED]


def test_no_data_at_the_last_try_is_left_for_the_next_run(amazon: FakeAmazon) -> None:
    amazon.fates[NEWEST] = [Fate(Processing.FATAL), Fate(Processing.FATAL, text="another"), CANCELLED]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    assert jobs.result(NEWEST).outcome is Outcome.LATER
    assert [entry.job_id for entry in jobs.pending()] == ["r2"]
    assert amazon.clock() - NOW >= timedelta(seconds=2 * RETRY_PAUSE)


def test_a_report_that_amazon_made_by_itself_is_never_believed_to_be_empty(amazon: FakeAmazon) -> None:
    """It would not be read again, and a settlement always has lines."""
    amazon.made_by_others("x", SECOND, empty=True)
    jobs = engine(amazon)
    jobs.plan(planned(FIRST, replace(SECOND, report_id="x"), THIRD))
    result = jobs.result(replace(SECOND, report_id="x"))
    assert (result.outcome, result.doubtful) == (Outcome.LATER, True)
    assert amazon.fetched.count("d-x") == 2
    assert amazon.created == [FIRST, THIRD]

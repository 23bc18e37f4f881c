"""Token buckets that mirror Amazon's: never too early, and no later than needed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.amazon.throttle import LONGEST_SLACK, SLACK, Bucket, Operation, Throttle

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import FakeClock

CREATE = Operation("createReport", "POST", "/reports", 0.0167, 15)
STATUS = Operation("getReport", "GET", "/reports/{report_id}", 2, 15)

#: The clocks of this tap count whole microseconds.
ROUNDING = 1e-6


@dataclass
class AmazonBucket:
    """Amazon's side, written from docs/amazon/quotas.md#token-buckets and not from the code under test."""

    rate: float
    burst: int
    clock: Callable[[], t.Any]
    calls: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = self.clock()
        self.tokens = float(self.burst)
        self.at = 0.0

    def call(self) -> bool:
        now = (self.clock() - self.start).total_seconds()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1 - ROUNDING * self.rate - 1e-9:
            return False
        self.tokens -= 1
        self.calls.append(now)
        return True


operations = st.builds(
    Operation,
    name=st.just("op"),
    method=st.just("GET"),
    path=st.just("/"),
    rate=st.sampled_from([0.0055, 0.0167, 0.0222, 0.5, 2, 10]),
    burst=st.integers(1, 20),
)
pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 4000)), min_size=1, max_size=60)


def call(bucket: Bucket, clock: FakeClock) -> None:
    """Do as the tap does before each call."""
    delay = bucket.delay()
    if delay > 0:
        clock.sleep(delay)
    bucket.take()


class TestAgainstAmazonsBucket:
    @given(operation=operations, idle=pauses)
    def test_a_caller_that_waits_is_never_refused(
        self, operation: Operation, idle: list[float], new_clock: Callable[[], FakeClock]
    ) -> None:
        clock = new_clock()
        amazon = AmazonBucket(operation.rate, operation.burst, clock)
        bucket = Bucket(operation, clock)
        for seconds in idle:
            clock.advance(seconds)
            call(bucket, clock)
            assert amazon.call()

    @given(operation=operations, idle=pauses)
    def test_a_caller_waits_no_longer_than_amazon_demands(
        self, operation: Operation, idle: list[float], new_clock: Callable[[], FakeClock]
    ) -> None:
        clock = new_clock()
        amazon = AmazonBucket(operation.rate, operation.burst, clock)
        bucket = Bucket(operation, clock)
        for seconds in idle:
            clock.advance(seconds)
            delay = bucket.delay()
            slack = min(SLACK / operation.rate, LONGEST_SLACK) + 0.011
            if delay > slack:
                clock.advance(delay - slack)
                assert not amazon.call()
                clock.advance(slack)
            bucket.take()
            assert amazon.call()

    @given(operation=operations, factor=st.sampled_from([0.1, 0.5, 1, 3, 600]), idle=pauses)
    def test_a_rate_that_amazon_states_is_kept_to(
        self, operation: Operation, factor: float, idle: list[float], new_clock: Callable[[], FakeClock]
    ) -> None:
        clock = new_clock()
        amazon = AmazonBucket(operation.rate * factor, operation.burst, clock)
        bucket = Bucket(operation, clock)
        for seconds in idle:
            call(bucket, clock)
            assert amazon.call()
            bucket.adopt(repr(amazon.rate))
            clock.advance(seconds)

    @given(operation=operations, used=st.integers(1, 20), idle=pauses)
    def test_after_a_429_the_next_call_is_not_refused(
        self, operation: Operation, used: int, idle: list[float], new_clock: Callable[[], FakeClock]
    ) -> None:
        """Another program with the same application has used tokens that this one knows nothing of."""
        clock = new_clock()
        amazon = AmazonBucket(operation.rate, operation.burst, clock)
        for _ in range(used):
            amazon.call()
        bucket = Bucket(operation, clock)
        refused = 0
        for seconds in idle:
            call(bucket, clock)
            if not amazon.call():
                refused += 1
                clock.sleep(bucket.empty())
                call(bucket, clock)
                assert amazon.call()
            clock.advance(seconds)
        # From the first 429 on both buckets are one.
        assert refused <= 1

    @given(operation=operations, idle=pauses)
    def test_within_any_stretch_of_time_there_are_at_most_burst_and_refill(
        self, operation: Operation, idle: list[float], new_clock: Callable[[], FakeClock]
    ) -> None:
        clock = new_clock()
        start = clock()
        bucket = Bucket(operation, clock)
        at = []
        for seconds in idle:
            clock.advance(seconds)
            call(bucket, clock)
            at.append((clock() - start).total_seconds())
        for first, earlier in enumerate(at):
            for last, later in enumerate(at[first:], start=first):
                most = operation.burst + (later - earlier + len(at) * ROUNDING) * operation.rate
                assert last - first + 1 <= most + 1e-6


class TestBucket:
    def test_starts_full_then_gives_one_token_per_refill(self, clock: FakeClock) -> None:
        bucket = Bucket(CREATE, clock)
        for _ in range(15):
            assert bucket.delay() == 0
            bucket.take()
        assert bucket.delay() == pytest.approx(1 / 0.0167 + 1, abs=0.001)
        clock.advance(30)
        assert bucket.delay() == pytest.approx(1 / 0.0167 + 1 - 30, abs=0.001)
        clock.advance(31)
        assert bucket.delay() == 0

    @given(rate=st.floats(0.001, 10_000), calls=st.integers(1, 30))
    def test_a_sleep_as_long_as_the_delay_is_enough(
        self, rate: float, calls: int, new_clock: Callable[[], FakeClock]
    ) -> None:
        """A rest too small for the clock would be waited for without end."""
        clock = new_clock()
        bucket = Bucket(Operation("op", "GET", "/", rate, 1), clock)
        for _ in range(calls):
            bucket.take()
            clock.sleep(bucket.delay())
            assert bucket.delay() == 0

    def test_a_bucket_that_stood_full_is_filled_as_late_as_a_new_one(self, clock: FakeClock) -> None:
        bucket = Bucket(CREATE, clock)
        clock.advance(3600)
        assert [bucket.take() for _ in range(15)] == [0] * 15
        assert bucket.delay() == pytest.approx(1 / 0.0167 + 1, abs=0.001)

    def test_whoever_takes_a_token_that_is_owed_learns_how_long_to_wait(self, clock: FakeClock) -> None:
        bucket = Bucket(CREATE, clock)
        waits = [bucket.take() for _ in range(17)]
        assert waits[:15] == [0] * 15
        assert waits[15:] == pytest.approx([1 / 0.0167 + 1, 2 / 0.0167 + 1], abs=0.01)

    def test_asking_for_the_delay_uses_nothing(self, clock: FakeClock) -> None:
        bucket = Bucket(Operation("op", "GET", "/", 1, 1), clock)
        assert [bucket.delay() for _ in range(5)] == [0] * 5

    def test_holds_no_more_than_the_burst_after_any_pause(self, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        clock.advance(86_400)
        for _ in range(15):
            bucket.take()
        assert bucket.delay() == pytest.approx(0.5 + 0.025)

    def test_owed_tokens_make_the_next_caller_wait_longer(self, clock: FakeClock) -> None:
        bucket = Bucket(Operation("op", "GET", "/", 2, 1), clock)
        for _ in range(3):
            bucket.take()
        assert bucket.delay() == pytest.approx(1.525)

    def test_tells_how_long_some_calls_take(self, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        assert (bucket.seconds_for(15), bucket.seconds_for(25)) == (0, 5)

    def test_a_429_empties_it(self, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        assert bucket.empty() == pytest.approx(0.525)
        assert bucket.delay() == pytest.approx(0.525)

    def test_a_429_does_not_forgive_what_is_owed(self, clock: FakeClock) -> None:
        bucket = Bucket(Operation("op", "GET", "/", 2, 1), clock)
        for _ in range(3):
            bucket.take()
        assert bucket.empty() == pytest.approx(1.525)

    def test_a_stated_rate_replaces_the_published_one(self, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        bucket.adopt("0.5")
        assert bucket.rate == 0.5
        assert bucket.empty() == pytest.approx(2.025)

    def test_tokens_that_came_at_the_old_rate_are_kept(self, clock: FakeClock) -> None:
        bucket = Bucket(Operation("op", "GET", "/", 1, 10), clock)
        for _ in range(10):
            bucket.take()
        clock.advance(3.05)
        bucket.adopt("0.1")
        for _ in range(3):
            assert bucket.delay() == 0
            bucket.take()
        assert bucket.delay() > 9

    @pytest.mark.parametrize("limit", [None, "", "0", "0.0", "-1", "fast", "2;w=1", "nan"])
    def test_a_rate_that_makes_no_sense_is_ignored(self, limit: str | None, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        bucket.adopt(limit)
        assert bucket.rate == 2

    @pytest.mark.parametrize("limit", ["0.000278", "1e-9", "1e-320", "0.19"])
    def test_one_header_makes_no_run_last_for_days(self, limit: str, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        bucket.adopt(limit)
        assert bucket.rate == 2 / 10
        bucket.adopt("1.5")
        assert bucket.rate == 1.5

    def test_a_token_that_is_given_back_is_there_again(self, clock: FakeClock) -> None:
        bucket = Bucket(Operation("op", "GET", "/", 1, 1), clock)
        bucket.take()
        bucket.give_back()
        assert bucket.is_full
        bucket.give_back()
        bucket.take()
        assert bucket.delay() > 0

    @pytest.mark.parametrize("limit", ["inf", "Infinity", "1e999"])
    def test_an_infinite_rate_is_ignored(self, limit: str, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        bucket.adopt(limit)
        assert bucket.rate == 2

    def test_a_clock_that_is_set_back_neither_gives_tokens_nor_stops_them(self, clock: FakeClock) -> None:
        bucket = Bucket(STATUS, clock)
        for _ in range(15):
            bucket.take()
        clock.advance(-3600)
        assert bucket.delay() == pytest.approx(0.525)
        clock.advance(0.525)
        assert bucket.delay() == 0


class TestThrottle:
    def test_an_operation_keeps_its_bucket(self, clock: FakeClock) -> None:
        throttle = Throttle(clock)
        throttle.bucket(STATUS).take()
        assert throttle.bucket(STATUS) is throttle.bucket(STATUS)

    def test_operations_do_not_share_tokens(self, clock: FakeClock) -> None:
        throttle = Throttle(clock)
        for _ in range(15):
            throttle.bucket(CREATE).take()
        assert throttle.bucket(CREATE).delay() > 0
        assert throttle.bucket(STATUS).delay() == 0

    def test_accounts_do_not_share_tokens(self, clock: FakeClock) -> None:
        one, other = Throttle(clock), Throttle(clock)
        for _ in range(15):
            one.bucket(CREATE).take()
        assert other.bucket(CREATE).delay() == 0

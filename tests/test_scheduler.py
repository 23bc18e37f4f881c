"""Which call is made next, and which are left to the next run."""

from __future__ import annotations

import pytest
from test_engine import NOW, FakeAmazon, Fate, engine, planned, sales

from tap_amazon_vendor.engine.scheduler import LONGEST_QUOTA_WAIT
from tap_amazon_vendor.outcomes import Outcome

REQUESTS = [sales(4 + 15 * number) for number in range(40)]


@pytest.fixture
def amazon(clock) -> FakeAmazon:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return FakeAmazon(clock)


@pytest.mark.parametrize("operation", ["bucket", "document_bucket"])
@pytest.mark.parametrize("rate", [0.000278, 0.001, 0.0032])
def test_an_operation_that_amazon_hardly_grants_is_waited_for_once(
    amazon: FakeAmazon, operation: str, rate: float
) -> None:
    getattr(amazon, operation).rate = rate
    amazon.create_default = Fate(seconds=0)
    jobs = engine(amazon)
    jobs.plan(planned(*REQUESTS))
    found = [jobs.result(request) for request in REQUESTS]
    outcomes = [each.outcome for each in found]
    assert set(outcomes) == {Outcome.LOADED, Outcome.LATER}
    assert outcomes.count(Outcome.LOADED) >= 15
    late = next(each for each in found if each.outcome is Outcome.LATER)
    assert "Amazon allows one call in" in str(late.reason)
    # To create forty reports takes 25 minutes.
    assert (amazon.clock() - NOW).total_seconds() <= LONGEST_QUOTA_WAIT + 25 * 60


def test_the_published_quota_is_waited_for_as_long_as_it_takes(amazon: FakeAmazon) -> None:
    requests = [sales(4 + number, 1) for number in range(100)]
    jobs = engine(amazon)
    jobs.plan(planned(*requests))
    assert {jobs.result(request).outcome for request in requests} == {Outcome.LOADED}
    assert (amazon.clock() - NOW).total_seconds() > LONGEST_QUOTA_WAIT

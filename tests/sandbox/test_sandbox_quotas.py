"""Usage plans: bursts, refills, and what is counted apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver


def test_fifteen_reports_at_once_then_one_a_minute(amazon: Driver) -> None:
    statuses = [amazon.create().status_code for _ in range(16)]
    assert statuses == [202] * 15 + [429]
    amazon.clock.advance(seconds=59)
    assert amazon.create().status_code == 429
    amazon.clock.advance(seconds=1)
    assert amazon.create().status_code == 202
    assert amazon.create().status_code == 429


def test_refused_call_names_the_quota_but_not_the_rate(amazon: Driver) -> None:
    for _ in range(15):
        amazon.create()
    answer = amazon.create()
    assert answer.json == {
        "errors": [
            {
                "code": "QuotaExceeded",
                "message": "You exceeded your quota for the requested resource.",
                "details": "",
            }
        ]
    }
    assert answer.headers["x-amzn-ErrorType"] == "QuotaExceeded"
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_accounts_and_operations_have_buckets_of_their_own(amazon: Driver) -> None:
    for _ in range(15):
        amazon.create()
    assert amazon.create("vendor-de").status_code == 202
    assert amazon.call("GET", "/reports/2021-06-30/reports/1").status_code == 404


def test_speed_refills_faster_and_is_told(make: Callable[..., Driver]) -> None:
    amazon = make(speed=600)
    for _ in range(15):
        amazon.create()
    assert amazon.create().status_code == 429
    amazon.clock.advance(seconds=0.1)
    answer = amazon.create()
    assert answer.status_code == 202
    assert answer.headers["x-amzn-RateLimit-Limit"] == "10.02"


def test_published_rate_is_told(amazon: Driver) -> None:
    assert amazon.create().headers["x-amzn-RateLimit-Limit"] == "0.0167"


def test_a_bucket_never_holds_more_than_its_burst(amazon: Driver) -> None:
    amazon.create()
    amazon.clock.advance(days=1)
    amazon._tokens.clear()
    assert [amazon.create().status_code for _ in range(16)].count(202) == 15


def test_a_call_that_fails_later_costs_a_token(amazon: Driver) -> None:
    for _ in range(15):
        assert amazon.create(marketplaceIds=None).status_code == 400
    assert amazon.create().status_code == 429

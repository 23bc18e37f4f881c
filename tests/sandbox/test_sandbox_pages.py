"""The sandbox's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amazon_sandbox import FAULTS

if TYPE_CHECKING:
    from sandbox.conftest import Driver


def test_first_page_gives_the_settings(amazon: Driver) -> None:
    answer = amazon.http.get("/")
    assert answer.content_type.startswith("text/plain")
    for needed in ("api_url", "auth_url", "Atzr|sandbox-vendor-us", "amzn1.oa2-cs.v1.sandbox", "/sandbox/faults"):
        assert needed in answer.text


def test_accounts_can_be_copied(amazon: Driver) -> None:
    accounts = amazon.http.get("/sandbox/accounts").json["accounts"]  # type: ignore[index]
    assert [account["label"] for account in accounts] == [account.label for account in amazon.sandbox.accounts]
    assert accounts[0]["refresh_token"] == "Atzr|sandbox-vendor-us"
    assert accounts[0]["marketplaces"] == ["ATVPDKIKX0DER"]


def test_calls_are_counted_and_listed(amazon: Driver) -> None:
    amazon.create()
    amazon.create()
    page = amazon.http.get("/sandbox/calls").json
    assert page is not None
    assert page["counts"] == {"vendor-us": {"token": 1, "createReport": 2}}
    assert [call["operation"] for call in page["calls"]] == ["token", "createReport", "createReport"]
    assert page["calls"][1]["status"] == 202


def test_pages_do_not_count_as_calls(amazon: Driver) -> None:
    for path in ("/", "/sandbox/calls", "/sandbox/accounts", "/sandbox/faults"):
        assert amazon.http.get(path).status_code == 200
    assert amazon.sandbox.calls == []


def test_faults_are_shown_armed_and_disarmed(amazon: Driver) -> None:
    shown = amazon.http.get("/sandbox/faults").json
    assert shown == {"available": dict(FAULTS), "armed": []}
    armed = amazon.http.post("/sandbox/faults", json={"name": "quota_exceeded", "count": 1}).json
    assert armed is not None
    assert armed["armed"] == [{"name": "quota_exceeded", "left": 1, "skip": 0, "struck": 0}]
    assert amazon.create().status_code == 429
    amazon.http.post("/sandbox/faults", json={"name": "quota_exceeded", "count": None})
    assert [amazon.create().status_code for _ in range(3)] == [429] * 3
    assert amazon.http.delete("/sandbox/faults").json["armed"] == []  # type: ignore[index]
    assert amazon.create().status_code == 202


@pytest.mark.parametrize("body", ['{"name": "nonsense"}', "[]", "{}", "nonsense", '{"name": "not_json", "count": "x"}'])
def test_wrong_orders_are_refused(amazon: Driver, body: str) -> None:
    answer = amazon.http.post("/sandbox/faults", data=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]
    assert amazon.sandbox.faults.armed == []


def test_other_pages_do_not_exist(amazon: Driver) -> None:
    assert amazon.http.get("/sandbox/nothing").status_code == 404
    assert amazon.http.put("/sandbox/faults").status_code == 405

"""An unexpected error in one window, file or account is a `failed` of that one: nothing else ends, and no traceback."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from test_paged import NAME, FakeApi, transaction
from world import Recorder

from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.errors import REPORT_IT, AccessDeniedError, RunFailedError, TapFaultError
from tap_amazon_vendor.run import paged_reader
from tap_amazon_vendor.run.paged_reader import PagedReader
from tap_amazon_vendor.singer.stage import Stage
from tap_amazon_vendor.streams.paged_stream import PagedStream
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import FakeClock

Row = dict[str, Any]

LABELS = ("first", "second", "third")


@pytest.fixture
def sync(clock: FakeClock) -> Callable[..., tuple[list[bytes], str]]:
    """Run three accounts whose transactions are read one after the other."""

    def sync(state: Row | None = None, errors: dict[str, Exception] | None = None) -> Any:
        accounts = [{"account": label, "refresh_token": f"Atzr|of-{label}", "marketplaces": ["US"]} for label in LABELS]
        config = {"account_type": "seller", "client_id": "app", "client_secret": "secret"}
        recorder = Recorder()
        tap = TapAmazonVendor(
            config=config | {"accounts": accounts},
            state=state,
            clock=clock,
            message_writer=recorder,
            in_background=False,
        )
        for name, stream in tap.streams.items():
            stream.selected = name in {NAME, "report_ledger", "report_rejects"}
        apis = {label: FakeApi(clock, [transaction(1, "2026-10-23T08:00:00Z")]) for label in LABELS}
        for label, error in (errors or {}).items():
            apis[label].error = error
        tap.run.__dict__["apis"] = apis
        words = ""
        try:
            tap.sync_all()
        except RunFailedError as error:
            words = str(error)
        return recorder.lines, words

    return sync


def rows(lines: list[bytes], stream: str) -> list[Row]:
    return [line["record"] for line in map(json.loads, lines) if line["type"] == "RECORD" and line["stream"] == stream]


def outcomes(lines: list[bytes]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows(lines, "report_ledger"):
        found.setdefault(row["account"], set()).add(row["outcome"])
    return found


def last_state(lines: list[bytes]) -> Row:
    values: list[Row] = [line["value"] for line in map(json.loads, lines) if line["type"] == "STATE"]
    return values[-1]


def once(real: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Fail at the first call."""
    left = [error]

    def call(*args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop()
        return real(*args, **kwargs)

    return call


#: Where an error that nobody expects may come from while a window is read, and what it is.
PLACES = {
    "its pages": (PagedStream, "chunks"),
    "what is staged": (Stage, "add"),
    "its end": (PagedReader, "finish"),
    "its plan": (paged_reader, "plan"),
}
ERRORS = (
    KeyError("planted-secret"),
    ValueError("planted-secret"),
    RecursionError(),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"),
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_unexpected_error_ends_one_account_and_the_others_are_read(
    place: str,
    error: Exception,
    sync: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner, name = PLACES[place]
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(owner, name, once(getattr(owner, name), error))
        lines, words = sync()
    assert outcomes(lines)["first"] == {"failed"}
    assert all("loaded" in outcomes(lines)[label] for label in LABELS[1:])
    reasons = {row["reason"] for row in rows(lines, "report_ledger") if row["outcome"] == "failed"}
    assert all(type(error).__name__ in reason and REPORT_IT in reason for reason in reasons)
    assert reasons
    assert words
    assert "planted-secret" not in f"{lines!r}{words}{caplog.text}"
    assert "Traceback" not in caplog.text
    again, words = sync(last_state(lines))
    assert [row["account"] for row in rows(again, NAME)].count("first") == 1
    assert words == ""


def test_a_full_disk_is_said_as_such(sync: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "add", once(Stage.add, OSError(28, "No space left on device")))
    lines, words = sync()
    (reason,) = {row["reason"] for row in rows(lines, "report_ledger") if row["outcome"] == "failed"}
    assert "could not be kept in" in reason
    assert "No space left on device" in reason
    assert REPORT_IT not in reason
    assert words
    assert outcomes(lines)["first"] == {"failed"}


def test_the_traceback_is_there_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="tap-amazon-vendor"):
        fault = TapFaultError.of(KeyError("planted"), "a window")
    assert str(fault) == f"an unexpected KeyError. {REPORT_IT}"
    assert "KeyError: 'planted'" in caplog.text
    assert "a window" in caplog.text


DENIED = "Unauthorized: Access to requested resource is denied."
ROLE = "Unauthorized: Access to the resource is forbidden"


class TestRefusals:
    @pytest.mark.parametrize(("text", "then"), [(DENIED, "asked"), (ROLE, "left out")])
    def test_only_a_text_about_roles_leaves_a_new_account_out_for_a_week(
        self, text: str, then: str, sync: Callable[..., Any]
    ) -> None:
        lines, words = sync(errors={"first": AccessDeniedError(text)})
        assert outcomes(lines)["first"] == {"skipped"}
        assert "Finance and Accounting" in str(rows(lines, "report_ledger"))
        assert words
        again, _ = sync(last_state(lines))
        assert ("first" in {row["account"] for row in rows(again, NAME)}) is (then == "asked")

    @pytest.mark.parametrize(
        "text",
        [DENIED, ROLE, "HTTP 403 without a reason", "Application do not have access to some or all requested resource"],
    )
    def test_none_leaves_a_known_account_out(self, text: str, sync: Callable[..., Any], clock: FakeClock) -> None:
        lines, _ = sync()
        clock.advance(86_400)
        refused, words = sync(last_state(lines), errors={"first": AccessDeniedError(text)})
        assert outcomes(refused)["first"] == {"failed"}
        assert text in str(rows(refused, "report_ledger"))
        assert words
        again, words = sync(last_state(refused))
        assert outcomes(again)["first"] <= {"loaded", "empty"}
        assert words == ""


@pytest.mark.parametrize("error", [ValueError("planted-secret"), KeyError("x"), OSError("planted-secret")])
def test_an_unexpected_error_of_a_login_is_not_the_url(
    error: Exception, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from random import Random  # noqa: PLC0415

    from hosts import account_at  # noqa: PLC0415

    from tap_amazon_vendor.amazon.transport import Transport  # noqa: PLC0415
    from tap_amazon_vendor.doctor.questions import GET_PARTICIPATIONS, Participations  # noqa: PLC0415

    transport = Transport(clock=clock, sleep=clock.sleep, rng=Random(1))
    api = SellingPartnerApi.of(account_at("http://localhost:9"), transport, clock, clock.sleep)
    monkeypatch.setattr(api.auth, "update_access_token", once(lambda: None, error))
    with pytest.raises(TapFaultError) as caught:
        api.call(GET_PARTICIPATIONS, answer=Participations)
    assert type(error).__name__ in str(caught.value)
    assert "URL" not in str(caught.value)
    assert "planted" not in str(caught.value)

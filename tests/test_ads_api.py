"""What is made of the Ads API's answers about reports: words that Amazon has used, and those near to them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from tap_amazon_vendor.ads.api import AdsReportsApi
from tap_amazon_vendor.amazon.wording import judge_ads_refusal
from tap_amazon_vendor.engine.model import Processing
from tap_amazon_vendor.errors import AccessDeniedError, AmazonError, RequestRejectedError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports import job_calls

if TYPE_CHECKING:
    from pathlib import Path

    from tap_amazon_vendor.ads.client import AdsClient
    from tap_amazon_vendor.ads.request import AdsRequest
    from tap_amazon_vendor.amazon.transport import Transport

ID = "0f0e6a0c-7b1c-4e0a-9f57-1f1f3a9be2aa"


class Amazon:
    """Gives one answer to every call."""

    def __init__(self, answer: dict[str, Any] | AmazonError) -> None:
        self.answer = answer

    def call(self, _operation: object, *, answer: type, **_: object) -> Any:
        if isinstance(self.answer, AmazonError):
            raise self.answer
        return msgspec.convert(self.answer, answer)


class Request:
    """A request whose words do not matter."""

    def body(self, *, sells: bool) -> dict[str, Any]:
        return {"sells": sells}


REQUEST = cast("AdsRequest", Request())


def reports(answer: dict[str, Any] | AmazonError, spool: Path) -> AdsReportsApi:
    client, transport = cast("AdsClient", Amazon(answer)), cast("Transport", None)
    return AdsReportsApi(client, transport, spool, may_download=lambda _: True)


@pytest.mark.parametrize(
    "words", ["duplicate of : {}", "duplicate of: '{}'.", "Duplicate of {}", "duplicate of : <{}>"]
)
def test_the_report_that_is_running_is_taken_up(words: str, tmp_path: Path) -> None:
    refusal = RequestRejectedError(f"425: The Request is a {words.format(ID)}")
    assert reports(refusal, tmp_path).create(REQUEST) == ID


def test_a_report_that_is_running_without_a_name_is_left_for_later(tmp_path: Path) -> None:
    refusal = RequestRejectedError("425: The Request is a duplicate of another report")
    with pytest.raises(RequestRejectedError):
        reports(refusal, tmp_path).create(REQUEST)
    assert judge_ads_refusal(refusal).outcome is Outcome.LATER


def test_a_refusal_that_nobody_knows_says_who_can_give_the_right() -> None:
    verdict = judge_ads_refusal(AccessDeniedError("403: Forbidden"))
    assert verdict.outcome is Outcome.FAILED
    assert "administrator of the advertising account" in verdict.advice


@pytest.mark.parametrize(("status", "failed"), [("COMPLETED", False), ("FAILED", True), ("FAILURE", True)])
def test_a_reason_takes_the_place_of_a_document_only_where_the_report_failed(
    status: str,
    failed: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def download(_transport: object, _url: str, path: Path, **_: object) -> None:
        path.write_bytes(gzip.compress(b'[{"clicks": 1}]'))

    monkeypatch.setattr(job_calls, "download", download)
    answer = {"reportId": ID, "status": status, "url": "https://there", "failureReason": "partial"}
    asked = reports(answer, tmp_path)
    assert asked.status(ID).processing is (Processing.FATAL if failed else Processing.DONE)
    assert (asked.fetch(ID, REQUEST).error == "partial") is failed


@pytest.mark.parametrize("id_", ["/etc/hostname", "../../x", "a\0b", "x" * 400, ".."])
def test_no_id_of_amazons_becomes_the_name_of_a_file(id_: str, tmp_path: Path) -> None:
    """The engine deletes the file of a document that it does not keep."""
    asked = reports({"reportId": id_, "status": "FAILED", "failureReason": "because"}, tmp_path)
    asked.status(id_)
    path = asked.fetch(id_, REQUEST).path
    assert path.parent == tmp_path
    path.unlink(missing_ok=True)

"""Faults: each one strikes as its line in the list says, and then no more."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import FAULTS, UnknownFaultError
from amazon_sandbox.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

GET_REPORT = "/reports/2021-06-30/reports/1"


def details(answer: TestResponse) -> str:
    """The details of the one error of an answer."""
    text: str = answer.json["errors"][0]["details"]  # type: ignore[index]
    return text


@pytest.mark.parametrize(
    ("specification", "strikes"),
    [
        ("not_json", [True, False, False, False]),
        ("not_json:2", [True, True, False, False]),
        ("not_json:2@1", [False, True, True, False]),
        ("not_json@3", [False, False, False, True]),
        ("not_json:*", [True, True, True, True]),
        ("not_json:0", [False, False, False, False]),
    ],
)
def test_count_and_skip(specification: str, strikes: list[bool]) -> None:
    faults = Faults([specification])
    assert [faults.strike({"not_json"}) is not None for _ in strikes] == strikes


def test_faults_strike_in_the_order_of_arming_and_only_where_they_fit() -> None:
    faults = Faults(["not_json", "empty_arrays"])
    assert faults.strike({"url_expired"}) is None
    assert faults.strike({"empty_arrays", "not_json"}) == "not_json"
    assert faults.strike({"empty_arrays", "not_json"}) == "empty_arrays"


@pytest.mark.parametrize("specification", ["nonsense", "not_json:", "not_json:-1", "not_json:x", ""])
def test_unknown_faults_are_refused(specification: str) -> None:
    with pytest.raises(UnknownFaultError, match=r"fault|NAME"):
        Faults([specification])


def test_every_fault_has_a_line_of_its_own() -> None:
    assert len(FAULTS) == len(set(FAULTS.values()))
    assert all(": " in line and "\n" not in line for line in FAULTS.values())


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("quota_exceeded_get", 429, "QuotaExceeded"),
        ("server_error_500", 500, "InternalFailure"),
        ("token_expired_early", 403, "Unauthorized"),
        ("token_malformed", 403, "Unauthorized"),
        ("security_token_incident", 403, "Unauthorized"),
    ],
)
def test_faults_at_the_gate(make: Callable[..., Driver], fault: str, status: int, code: str) -> None:
    amazon = make(faults=[fault])
    answer = amazon.call("GET", GET_REPORT)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["errors"][0]["code"] == code
    amazon._tokens.clear()
    assert amazon.call("GET", GET_REPORT).status_code == 404


def test_quota_exceeded_strikes_create_report_only(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["quota_exceeded:2"])
    assert amazon.call("GET", GET_REPORT).status_code == 404
    assert [amazon.create().status_code for _ in range(3)] == [429, 429, 202]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("token_expired_early", "The access token you provided has expired."),
        ("token_malformed", "The access token you provided is revoked, malformed or invalid."),
    ],
)
def test_a_token_that_dies_stays_dead(make: Callable[..., Driver], fault: str, text: str) -> None:
    amazon = make(faults=[fault])
    assert [details(amazon.call("GET", GET_REPORT)) for _ in range(2)] == [text, text]
    amazon._tokens.clear()
    assert amazon.call("GET", GET_REPORT).status_code == 404


def test_incident_has_its_text(make: Callable[..., Driver]) -> None:
    answer = make(faults=["security_token_incident"]).create()
    assert "The security token included in the request is expired" in answer.text


@pytest.mark.parametrize(("fault", "status"), [("service_unavailable_503", 503), ("html_200", 200)])
def test_pages_that_are_no_json(make: Callable[..., Driver], fault: str, status: int) -> None:
    answer = make(faults=[fault]).create()
    assert answer.status_code == status
    assert answer.content_type.startswith("text/html")
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize(("fault", "status"), [("lwa_500", 500), ("lwa_503", 503)])
def test_login_fails(make: Callable[..., Driver], fault: str, status: int) -> None:
    amazon = make(faults=[fault])
    assert amazon.ask_token(grant_type="refresh_token").status_code == status
    assert amazon.log_in()


def test_a_consent_that_is_revoked(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["consent_revoked"])
    answer = amazon.ask_token(grant_type="refresh_token")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "invalid_grant"
    assert amazon.log_in()


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ("answer_without_fields", {}),
        ("answer_of_nulls", {"reportId": None}),
        ("answer_of_other_types", {"reportId": {"text": "x"}}),
    ],
)
def test_answers_of_another_shape(make: Callable[..., Driver], fault: str, body: dict[str, object]) -> None:
    answer = make(faults=[fault]).create()
    assert answer.status_code == 202
    assert answer.json == body


def test_an_answer_that_drips_is_whole_in_the_end(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["answer_drips"])
    pauses: list[float] = []
    amazon.sandbox.pause = pauses.append
    answer = amazon.create()
    assert answer.json is not None
    assert answer.json["reportId"]
    assert pauses == [2.0] * len(answer.get_data())


def test_a_document_that_is_gone_in_few_words(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["document_gone_tersely"])
    report = amazon.finished()
    answer = amazon.call("GET", f"/reports/2021-06-30/documents/{report['reportDocumentId']}")
    assert (answer.status_code, answer.json) == (404, {"errors": [{"code": "NotFound"}]})


def test_document_gone(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["document_gone"])
    report = amazon.finished()
    path = f"/reports/2021-06-30/documents/{report['reportDocumentId']}"
    assert [amazon.call("GET", path).status_code for _ in range(2)] == [404, 200]


def test_connection_reset_after_the_report_was_created(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["connection_reset"])
    with pytest.raises(ConnectionResetError):
        amazon.create()
    assert amazon.sandbox.calls[-1].status == 0
    listed = amazon.call("GET", "/reports/2021-06-30/reports?reportTypes=GET_VENDOR_SALES_REPORT")
    assert len(listed.json["reports"]) == 1  # type: ignore[index]


def test_connection_reset_of_a_get(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["connection_reset_get"])
    assert amazon.create().status_code == 202
    with pytest.raises(ConnectionResetError):
        amazon.call("GET", GET_REPORT)
    assert amazon.call("GET", GET_REPORT).status_code == 404


def test_read_timeout_comes_after_the_work(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["read_timeout"])
    with pytest.raises(ConnectionResetError):
        amazon.create()
    listed = amazon.call("GET", "/reports/2021-06-30/reports?reportTypes=GET_VENDOR_SALES_REPORT")
    assert len(listed.json["reports"]) == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("cancelled_spuriously", "CANCELLED", None),
        ("fatal_without_document", "FATAL", None),
        ("fatal_unknown_text", "FATAL", "flux capacitor"),
        ("fatal_client_error", "FATAL", "A client error occurred."),
        ("not_yet_available", "FATAL", "is not yet available"),
        ("unknown_status", "PAUSED", None),
    ],
)
def test_reports_that_end_badly(make: Callable[..., Driver], fault: str, status: str, text: str | None) -> None:
    amazon = make(faults=[fault])
    # A request that fails anyway does not use the fault up.
    amazon.finished(dataStartTime=None)
    report = amazon.finished()
    assert report["processingStatus"] == status
    assert ("reportDocumentId" in report) == (text is not None)
    if text is not None:
        assert text in amazon.document(report)["errorDetails"]
    assert amazon.finished()["processingStatus"] == "DONE"


def test_stuck_in_the_queue(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["stuck_in_queue"], token_seconds=10**6)
    report = amazon.finished()
    assert report["processingStatus"] == "IN_QUEUE"
    amazon.clock.advance(hours=7.9)
    assert amazon.report(report["reportId"])["processingStatus"] == "IN_QUEUE"
    amazon.clock.advance(hours=0.2)
    assert amazon.report(report["reportId"])["processingStatus"] == "DONE"


def spoilt(make: Callable[..., Driver], fault: str, **body: object) -> tuple[Any, Any]:
    """The document of a report with a fault, and the one that it ought to be."""
    amazon = make(faults=[fault])
    report = amazon.finished(**body)
    assert report["processingStatus"] == "DONE"
    document = amazon.document(report)
    assert amazon.document(report) == document
    return document, amazon.document(amazon.finished(**body))


def test_error_in_a_done_document(make: Callable[..., Driver]) -> None:
    assert set(spoilt(make, "error_in_done")[0]) == {"errorDetails"}


def test_empty_arrays(make: Callable[..., Driver]) -> None:
    document, good = spoilt(make, "empty_arrays")
    assert document == {**good, "salesAggregate": [], "salesByAsin": []}


def test_missing_array(make: Callable[..., Driver]) -> None:
    document, good = spoilt(make, "missing_array")
    assert good.keys() - document.keys() == {"salesByAsin"}


def test_extra_field(make: Callable[..., Driver]) -> None:
    document, good = spoilt(make, "extra_field")
    for array in ("salesAggregate", "salesByAsin"):
        assert [row.pop("unitsPromisedByDrone") for row in document[array]] == [3] * len(good[array])
    assert document == good


@pytest.mark.parametrize("view", ["MANUFACTURING", "SOURCING"])
def test_document_of_another_view(make: Callable[..., Driver], view: str) -> None:
    options = {"reportPeriod": "DAY", "distributorView": view, "sellingProgram": "RETAIL"}
    document, good = spoilt(make, "wrong_specification", reportOptions=options)
    assert good["reportSpecification"]["reportOptions"]["distributorView"] == view
    assert document["reportSpecification"]["reportOptions"]["distributorView"] != view


def test_document_of_other_dates(make: Callable[..., Driver]) -> None:
    body = {"reportType": "GET_VENDOR_TRAFFIC_REPORT", "reportOptions": {"reportPeriod": "DAY"}}
    document, good = spoilt(make, "wrong_specification", **body)
    assert good["reportSpecification"]["dataStartTime"] == "2026-11-15"
    assert document["reportSpecification"]["dataStartTime"] == "2026-11-13"
    assert document["reportSpecification"]["dataEndTime"] == "2026-11-14"


def test_document_that_is_no_json(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["not_json"])
    report = amazon.finished()
    with pytest.raises(json.JSONDecodeError):
        amazon.document(report)
    assert gzip.decompress(amazon.download(amazon.link(report)).data).startswith(b"<html>")


def download_twice(make: Callable[..., Driver], fault: str) -> tuple[TestResponse, TestResponse]:
    """A download that a fault strikes, and the next one of the same document."""
    amazon = make(faults=[fault])
    link = amazon.link(amazon.finished())
    return amazon.download(link), amazon.download(link)


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [("url_expired", 403, "Request has expired"), ("download_slow_down", 503, "SlowDown")],
)
def test_refused_downloads(make: Callable[..., Driver], fault: str, status: int, text: str) -> None:
    bad, good = download_twice(make, fault)
    assert bad.status_code == status
    assert text in bad.text
    assert gzip.decompress(good.data)


def test_truncated_document(make: Callable[..., Driver]) -> None:
    bad, good = download_twice(make, "truncated_document")
    assert good.data.startswith(bad.data)
    with pytest.raises(EOFError):
        gzip.decompress(bad.data)


def test_corrupt_gzip(make: Callable[..., Driver]) -> None:
    bad, good = download_twice(make, "corrupt_gzip")
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        gzip.decompress(bad.data)
    # All data is there: only the checksum at the very end tells.
    assert zlib.decompressobj(-15).decompress(bad.data[10:]) == gzip.decompress(good.data)


def test_plain_bytes_labelled_gzip(make: Callable[..., Driver]) -> None:
    bad, good = download_twice(make, "plain_labelled_gzip")
    assert bad.data == gzip.decompress(good.data)


def test_gzip_bytes_without_a_label(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["gzip_unlabelled"])
    report = amazon.finished()
    link = amazon.link(report)
    assert set(link) == {"reportDocumentId", "url"}
    assert amazon.download(link).data[:2] == b"\x1f\x8b"
    assert "compressionAlgorithm" in amazon.link(report)


def test_document_reset(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["document_reset"])
    link = amazon.link(amazon.finished())
    with pytest.raises(ConnectionResetError):
        _ = amazon.download(link).data
    assert gzip.decompress(amazon.download(link).data)


def test_faults_can_be_injected_while_it_runs(amazon: Driver) -> None:
    assert amazon.create().status_code == 202
    amazon.sandbox.inject("quota_exceeded", 1, skip=1)
    assert [amazon.create().status_code for _ in range(3)] == [202, 429, 202]
    with pytest.raises(UnknownFaultError):
        amazon.sandbox.inject("nonsense")

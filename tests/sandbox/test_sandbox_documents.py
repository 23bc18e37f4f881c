"""Documents and their presigned URLs."""

from __future__ import annotations

import gzip
from datetime import date
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver


def test_document_is_what_the_figures_say(amazon: Driver) -> None:
    report = amazon.finished()
    assert amazon.document(report) == amazon.sandbox.data.document(
        "GET_VENDOR_SALES_REPORT",
        account="vendor-us",
        marketplace_id="ATVPDKIKX0DER",
        options={"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"},
        start=date(2026, 11, 15),
        end=date(2026, 11, 16),
        as_of=date(2026, 11, 20),
    )


def test_every_account_gets_its_own_figures(amazon: Driver) -> None:
    german = amazon.document(amazon.finished("vendor-de"), "vendor-de")
    assert german["salesByAsin"][0]["shippedCogs"]["currencyCode"] == "EUR"
    assert german["reportSpecification"]["marketplaceIds"] == ["A1PA6795UKMFR9"]


def test_document_is_gzip_and_says_so(amazon: Driver) -> None:
    link = amazon.link(amazon.finished())
    assert link["compressionAlgorithm"] == "GZIP"
    answer = amazon.download(link)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert "Content-Encoding" not in answer.headers
    assert answer.data[:2] == b"\x1f\x8b"
    assert answer.data == amazon.download(link).data


def test_content_encoding_on_request(amazon: Driver) -> None:
    link = amazon.link(amazon.finished(), query="?enableContentEncodingUrlHeader=true")
    answer = amazon.download(link)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).startswith(b'{"reportSpecification"')


def test_url_lives_five_minutes(amazon: Driver) -> None:
    link = amazon.link(amazon.finished())
    assert "X-Amz-Expires=300" in link["url"]
    amazon.clock.advance(seconds=300)
    assert amazon.download(link).status_code == 200
    amazon.clock.advance(seconds=1)
    answer = amazon.download(link)
    assert answer.status_code == 403
    assert answer.content_type.startswith("application/xml")
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.text


def test_a_fresh_url_can_be_asked_for(make: Callable[..., Driver]) -> None:
    amazon = make(url_seconds=5)
    report = amazon.finished()
    old = amazon.link(report)
    amazon.clock.advance(seconds=6)
    assert amazon.download(old).status_code == 403
    assert amazon.download(amazon.link(report)).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("X-Amz-Expires=300", "X-Amz-Expires=900", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "X-Amz-Signature=0", "SignatureDoesNotMatch"),
        ("?", "?response-content-encoding=gzip&", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "X=", "AccessDenied"),
    ],
)
def test_a_changed_url_opens_nothing(amazon: Driver, old: str, new: str, code: str) -> None:
    link = amazon.link(amazon.finished())
    answer = amazon.download({"url": link["url"].replace(old, new)})
    assert answer.status_code == 403
    assert f"<Code>{code}</Code>" in answer.text


def test_signature_is_that_of_one_document(amazon: Driver) -> None:
    first, second = amazon.finished(), amazon.finished()
    url = amazon.link(first)["url"].replace(first["reportDocumentId"], second["reportDocumentId"])
    assert "SignatureDoesNotMatch" in amazon.download({"url": url}).text


def test_headers_of_the_api_are_refused(amazon: Driver) -> None:
    link = amazon.link(amazon.finished())
    answer = amazon.download(link, {"x-amz-access-token": "Atza|x"})
    assert answer.status_code == 403
    assert "There were headers present in the request which were not signed" in answer.text
    answer = amazon.download(link, {"Authorization": "Bearer x"})
    assert answer.status_code == 400
    assert "Only one auth mechanism allowed" in answer.text


def test_a_part_can_be_asked_for(amazon: Driver) -> None:
    link = amazon.link(amazon.finished())
    whole = amazon.download(link).data
    part = amazon.download(link, {"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.data == whole[10:20]
    assert amazon.download(link, {"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_fatal_report_has_a_document_with_its_reason(amazon: Driver) -> None:
    report = amazon.finished(dataStartTime=None)
    assert amazon.link(report)["compressionAlgorithm"] == "GZIP"
    assert amazon.document(report) == {"errorDetails": "dataStartTime and dataEndTime must be supplied"}


def test_only_a_few_documents_are_kept_in_memory(amazon: Driver) -> None:
    reports = [amazon.finished() for _ in range(6)]
    contents = [amazon.download(amazon.link(report)).data for report in reports]
    assert len(amazon.sandbox.documents._made) == 4
    assert amazon.download(amazon.link(reports[0])).data == contents[0]

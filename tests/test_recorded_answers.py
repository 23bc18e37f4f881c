"""Answers that others recorded of Amazon; what they show is tested with made-up ones, too."""

from __future__ import annotations

import base64
import random
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts import Answer, account_at, serving

from tap_amazon_vendor.amazon.auth import LwaAuthenticator
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.amazon.restricted import CREATE_TOKEN, RestrictedDataToken
from tap_amazon_vendor.amazon.retry import MAX_TRIES
from tap_amazon_vendor.amazon.transport import Transport
from tap_amazon_vendor.errors import AmazonError, CredentialsError, NotFoundError, UnavailableError
from tap_amazon_vendor.reports.answers import CreatedReport, Report, ReportDocument, ReportList
from tap_amazon_vendor.reports.api import CREATE_REPORT, GET_DOCUMENT, GET_REPORT, GET_REPORTS

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import FakeClock

RECORDED = Path(__file__).parents[2] / "shared" / "samples" / "peddler" / "vcr"
pytestmark = [
    pytest.mark.usefixtures("bare_environment"),
    pytest.mark.skipif(not RECORDED.exists(), reason="the folder is not there"),
]


def recorded(name: str, host: str) -> Answer:
    """The first answer of a host in a recording."""
    interactions = yaml.safe_load((RECORDED / f"{name}.yml").read_text())["http_interactions"]
    response = next(each["response"] for each in interactions if host in each["request"]["uri"])
    body = response["body"]
    content = base64.b64decode(body["base64_string"]) if "base64_string" in body else body["string"].encode()
    left_out = {"connection", "content-length", "transfer-encoding", "server", "date"}
    headers = {key: values[0] for key, values in response["headers"].items() if key.lower() not in left_out}
    return Answer(response["status"]["code"], content, headers)


@pytest.fixture
def call(clock: FakeClock) -> Callable[..., t.Any]:
    def call(said: Answer, *args: t.Any, **kwargs: t.Any) -> t.Any:
        transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1))
        try:
            with serving(*[said] * MAX_TRIES) as host:
                api = SellingPartnerApi.of(account_at(host.url), transport, clock, clock.sleep)
                api.auth.access_token, api.auth.expires_in, api.auth.last_refreshed = "Atza|1", 10**6, clock()
                return api.call(*args, **kwargs)
        finally:
            transport._session.close()

    return call


def test_a_404_without_details(call: Callable[..., t.Any]) -> None:
    answer = recorded("Errors__NotFoundTest__test_not_found", "sellingpartnerapi")
    with pytest.raises(
        NotFoundError, match="NotFound: One or more of the provided ReportRequestIds could not be found"
    ):
        call(answer, GET_REPORT, answer=Report, report_id="1234567")


def test_a_429_without_a_rate(call: Callable[..., t.Any]) -> None:
    answer = recorded("Errors__QuotaExceededTest__test_quota_exceeded", "sellingpartnerapi")
    assert not any("ratelimit" in name.lower() for name in answer.headers)
    with pytest.raises(UnavailableError, match="QuotaExceeded: You exceeded your quota"):
        call(answer, GET_REPORT, answer=Report, report_id="1")


@pytest.mark.parametrize(
    ("name", "operation", "answer"),
    [
        ("test_create_report", CREATE_REPORT, CreatedReport),
        ("test_get_report", GET_REPORT, Report),
        ("test_get_reports", GET_REPORTS, ReportList),
        ("test_get_report_document", GET_DOCUMENT, ReportDocument),
    ],
)
def test_answers_of_the_reports_api_fit(
    name: str, operation: t.Any, answer: type[t.Any], call: Callable[..., t.Any]
) -> None:
    said = recorded(f"APIs__Reports20210630Test__{name}", "sellingpartnerapi")
    assert isinstance(call(said, operation, answer=answer, report_id="1", document_id="1"), answer)


def test_a_restricted_data_token_fits(call: Callable[..., t.Any]) -> None:
    said = recorded("APIs__Tokens20210301Test__test_create_restricted_data_token", "sellingpartnerapi")
    assert call(said, CREATE_TOKEN, answer=RestrictedDataToken).restricted_data_token.startswith("Atz.sprdt|")


def test_a_login_refusal_that_begins_with_an_index(clock: FakeClock) -> None:
    answer = recorded("LWATest__test_token_error", "api.amazon.com")
    assert answer.body.startswith(b'{"error_index"')
    transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1))
    with serving(answer) as host, pytest.raises(CredentialsError, match="unsupported_grant_type") as caught:
        LwaAuthenticator(account_at(host.url), transport, clock).update_access_token()
    transport._session.close()
    assert isinstance(caught.value, AmazonError)
    assert "authorization grant type is not supported" in str(caught.value)

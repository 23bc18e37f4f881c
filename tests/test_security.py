"""Promises of SECURITY.md that no other file tests; docs/security.md names the tests of each."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hosts import Answer, account_at, serving

from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.errors import NotFoundError, UnavailableError
from tap_amazon_vendor.reports.api import GET_DOCUMENT, GET_REPORTS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from clocks import FakeClock

    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.amazon.transport import Transport

ROOT = Path(__file__).resolve().parent.parent


def sent(operation: Operation, transport: Transport, clock: FakeClock, **arguments: Any) -> str:
    """Return the path and query of the request that a call sends, which must go to the account's host."""
    login = Answer(200, b'{"access_token": "planted", "expires_in": 3600}')
    with serving(login, Answer(200, b"{}")) as host:
        api = SellingPartnerApi.of(account_at(host.url), transport, clock, clock.sleep)
        api.call(operation, answer=dict, **arguments)
    (_, call) = host.seen
    assert call.headers["Host"] == host.url.removeprefix("http://")
    return call.target


@pytest.mark.parametrize(
    "token", ["https://evil.example/?x=1", "//evil.example", "../../evil", "a\r\nHost: evil.example", "a&b=c#d\x00"]
)
def test_a_next_token_that_contains_another_address_sends_no_request_there(
    token: str, transport: Transport, clock: FakeClock
) -> None:
    target = sent(GET_REPORTS, transport, clock, query={"nextToken": token})
    assert re.fullmatch(r"/reports/2021-06-30/reports\?nextToken=[\w.%+-]+", target)


@pytest.mark.parametrize(
    "id_", ["../../x", "..%2fx", "%2e%2e", "/evil", "//evil.example/x", "a?b#c", "a\r\nHost: evil\x00"]
)
def test_an_id_that_contains_another_path_sends_no_request_there(
    id_: str, transport: Transport, clock: FakeClock
) -> None:
    target = sent(GET_DOCUMENT, transport, clock, document_id=id_)
    assert re.fullmatch(r"/reports/2021-06-30/documents/[\w.%+-]+", target)


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_an_id_that_changes_the_path_is_not_requested(id_: str, transport: Transport, clock: FakeClock) -> None:
    with serving() as host:
        api = SellingPartnerApi.of(account_at(host.url), transport, clock, clock.sleep)
        with pytest.raises(NotFoundError, match=f"^getReportDocument: Amazon gave an invalid id: '{re.escape(id_)}'$"):
            api.call(GET_DOCUMENT, answer=dict, document_id=id_)
    assert host.seen == []


@pytest.mark.parametrize("name", ["x-amz-access-token", "Amazon-Advertising-API-ClientId", "User-Agent"])
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb"])
def test_no_setting_and_no_response_injects_a_header_into_a_request(
    name: str, value: str, transport: Transport
) -> None:
    with serving() as host, pytest.raises(UnavailableError) as caught:
        transport.request("GET", host.url, headers={name: value})
    assert host.seen == []
    assert "Evil" not in str(caught.value)


def test_ci_looks_for_known_vulnerabilities_and_for_excessive_permissions_of_workflows() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step.get("run", "") for step in workflow["jobs"]["audit"]["steps"]]
    assert any(step.startswith("pip-audit --require-hashes") for step in steps)
    assert any(step.startswith("zizmor ") for step in steps)
    assert workflow["permissions"] == {"contents": "read"}


def test_ci_tries_the_lowest_and_the_newest_dependencies() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["dependencies"]["strategy"]["matrix"]
    assert matrix["resolution"] == ["lowest-direct", "highest"]
    steps = "".join(step.get("run", "") for step in workflow["jobs"]["dependencies"]["steps"])
    assert "uv pip install --no-deps" in steps, "development tools raise some of the lowest"
    supported = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["check"]["strategy"]["matrix"]["python-version"] == supported
    assert {*matrix["python-version"]} <= {*supported}


def test_every_action_of_a_workflow_is_pinned_to_a_commit() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
            assert re.search(r"@[0-9a-f]{40}$", used) or used.startswith("$/.github/"), used


def test_every_dependency_has_a_lowest_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    # The SDK's own extras are bounded with it.
    bounded = [each for each in (*project["dependencies"], *extras) if not each.startswith("singer-sdk[parquet]")]
    assert all(">=" in each for each in bounded), bounded

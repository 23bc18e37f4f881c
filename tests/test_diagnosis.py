"""What is found out about an account, at the sandbox: login, place, roles, and what to do."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hosts import Answer, serving
from world import US, World

from amazon_sandbox import (
    APPLICATION_ID,
    DEFAULT_ACCOUNTS,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    REVOKED_REFRESH_TOKEN,
    Sandbox,
    SandboxAccount,
    running,
)
from amazon_sandbox.accounts import SELLER_ROLES, without
from amazon_sandbox.reports import RULES
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.config.accounts import Account
from tap_amazon_vendor.config.marketplaces import BY_COUNTRY, BY_ID
from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.doctor import advice
from tap_amazon_vendor.doctor.diagnosis import check_account
from tap_amazon_vendor.doctor.questions import Questions
from tap_amazon_vendor.doctor.result import Check, Diagnosis, Permission, State
from tap_amazon_vendor.errors import REPORT_IT, AccessDeniedError
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.report_rows import ReportRows

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clocks import FakeClock

    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.streams import AnyRows

    Examine = Callable[..., Diagnosis]

SELLER = next(account for account in DEFAULT_ACCOUNTS if account.label == "seller-us")
VENDOR = next(account for account in DEFAULT_ACCOUNTS if account.label == "vendor-us")
LACKING = [without(SELLER, role) for role in SELLER_ROLES]


def stream(
    name: str, report_type: str, account_type: str, roles: tuple[str, ...], countries: frozenset[str] | None = None
) -> ReportRows:
    """A stream of a report."""
    report = ReportType(report_type, account_type=account_type, roles=roles, countries=countries)
    return ReportRows(name, report, ())


#: The streams that read reports.
REPORTS = {
    group: some
    for group, streams in GROUPS.items()
    if (some := [stream for stream in streams if isinstance(stream, ReportRows)])
}


@dataclass(frozen=True)
class Operation:
    """A stream that reads no report."""

    name: str
    roles: tuple[str, ...]
    account_type: str = "seller"
    countries: None = None
    source: str = "anOperation"


def declared(kind: str) -> dict[str, list[t.Any]]:
    """A stream of each report type that the sandbox has, with its roles, in one group.

    See docs/amazon/seller-reports.md#roles.
    """
    return {
        "All": [
            stream(report_type.lower(), report_type, kind, rule.roles)
            for report_type, rule in RULES.items()
            if kind in rule.kinds and (not rule.countries or "US" in rule.countries)
        ]
    }


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon with an account for each role that may be missing."""
    sandbox = Sandbox(seed=7, clock=clock, asins=3, accounts=(*DEFAULT_ACCOUNTS, *LACKING))
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.fixture
def examine(world: World, transport: Transport, clock: FakeClock) -> Examine:
    """Check an account of the sandbox, or one that differs from it."""

    def examine(
        known: SandboxAccount = VENDOR,
        groups: Mapping[str, Sequence[AnyRows]] = REPORTS,
        **changes: t.Any,
    ) -> Diagnosis:
        account = Account(
            label="main",
            kind=known.kind,
            marketplaces=(BY_ID[known.marketplaces[0]],),
            client_id=known.client_id,
            client_secret=Secret(known.client_secret),
            refresh_token=Secret(known.refresh_token),
            api_url=world.server.url,
            auth_url=world.server.auth_url,
            application_id=APPLICATION_ID,
        )
        changes = {
            name: Secret(value) if name in {"client_secret", "refresh_token"} else value
            for name, value in changes.items()
        }
        account = replace(account, **changes)
        api = SellingPartnerApi.of(account, transport, clock, clock.sleep)
        found = check_account(account, groups, api, clock().date())
        words = repr(found)
        assert not any(secret in words for secret in ("Atza|", known.refresh_token, known.client_secret, "planted"))
        return found

    return examine


def states(diagnosis: Diagnosis) -> dict[str, str]:
    return {check.name: check.state.value for check in diagnosis.checks}


def failure(diagnosis: Diagnosis) -> Check:
    """The one check that failed, which is the last."""
    assert not diagnosis.ok
    assert not diagnosis.permissions
    failed = [check for check in diagnosis.checks if check.state is State.FAILED]
    assert failed == [diagnosis.checks[-1]]
    assert diagnosis.problems[0].startswith(failed[0].text)
    return failed[0]


class TestAHealthyAccount:
    def test_is_allowed_everything(self, examine: Examine, world: World) -> None:
        found = examine()
        assert found.ok
        assert found.problems == []
        assert states(found) == {
            **dict.fromkeys(("client", "refresh token", "client and token", "region"), "ok"),
            "marketplaces": "unknown",
        }
        assert [permission.group for permission in found.permissions] == ["Financial", "Operational", "Digital"]
        assert {stream for permission in found.permissions for stream in permission.streams} == {
            stream.name for streams in REPORTS.values() for stream in streams if stream.account_type == "vendor"
        }
        assert {permission.authorized for permission in found.permissions} == {State.UNKNOWN}
        assert [call.operation for call in world.sandbox.calls] == ["token", "getReports"]

    def test_no_report_is_asked_for(self, examine: Examine, world: World) -> None:
        for account in (VENDOR, SELLER):
            examine(account, declared(account.kind))
        assert "createReport" not in {call.operation for call in world.sandbox.calls}

    def test_a_report_that_came_proves_more(self, examine: Examine, world: World) -> None:
        world.run(world.config(), streams=["vendor_sales"])
        found = examine()
        assert states(found)["marketplaces"] == "ok"
        allowed = {
            stream
            for permission in found.permissions
            if State.OK in {permission.authorized, permission.permitted}
            for stream in permission.streams
        }
        assert allowed == {"vendor_sales", "vendor_sales_totals"}, "a report proves nothing of another type"


class TestLogin:
    """Which of client and token is wrong, or whether they are of two applications.

    See docs/amazon/errors.md#login-errors.
    """

    def test_a_wrong_client(self, examine: Examine) -> None:
        found = examine(client_secret="planted")
        assert states(found) == {"client": "failed"}
        assert "invalid_client" in failure(found).text

    def test_a_client_secret_that_is_too_old(self, examine: Examine, world: World, clock: FakeClock) -> None:
        made = clock() - timedelta(days=181)
        world.sandbox.registrations[APPLICATION_ID].secret_made_at = made
        found = examine(rotated_on=made.date())
        assert states(found) == {"client": "failed"}
        assert failure(found).steps[0].startswith("The client secret is 181 days old. Rotate it under")

    def test_a_wrong_token(self, examine: Examine) -> None:
        found = examine(refresh_token=REVOKED_REFRESH_TOKEN)
        assert states(found) == {"client": "ok", "refresh token": "failed"}
        assert "invalid_grant" in failure(found).text
        assert failure(found).steps[-1].endswith("amazon-vendor authorize --account 'main'")

    def test_a_pair_that_is_none(self, examine: Examine) -> None:
        found = examine(client_id=OTHER_CLIENT_ID, client_secret=OTHER_CLIENT_SECRET)
        assert states(found) == {"client": "ok", "refresh token": "ok", "client and token": "failed"}
        assert "unauthorized_client" in failure(found).text

    def test_a_login_that_does_not_answer(self, examine: Examine, world: World) -> None:
        world.sandbox.inject("lwa_503", None)
        found = examine()
        assert states(found) == {"login": "failed"}
        assert "HTTP 503" in failure(found).text

    def test_a_url_that_is_no_login(self, examine: Examine, world: World) -> None:
        found = examine(auth_url=f"{world.server.url}/sandbox")
        assert states(found) == {"login": "failed"}
        assert "instead of a token" in failure(found).text

    @pytest.mark.parametrize(
        ("changes", "hint"),
        [
            ({"client_id": "amzn1.sp.solution.1"}, "`client_id` does not look like one: Amazon's begin with amzn1.app"),
            ({"refresh_token": "planted"}, "`refresh_token` does not look like one: Amazon's begin with Atzr|"),
            ({"client_secret": "planted "}, "`client_secret` has white space or quotes around it"),
            ({"refresh_token": '"Atzr|planted"'}, "`refresh_token` has white space or quotes around it"),
        ],
    )
    def test_what_looks_wrong_is_said(self, changes: dict[str, str], hint: str, examine: Examine) -> None:
        assert any(step.startswith(hint) for step in failure(examine(**changes)).steps)


class TestTheSecretsAge:
    @pytest.mark.parametrize(
        ("age", "state", "words"),
        [
            (0, "ok", "180 days are left"),
            (149, "ok", "31 days are left"),
            (150, "warning", "until 2026-12-21: 30 days are left"),
            (179, "warning", "1 days are left"),
            (181, "warning", "until 2026-11-20: they are over"),
        ],
    )
    def test_is_a_warning_near_its_end(
        self, age: int, state: str, words: str, examine: Examine, clock: FakeClock
    ) -> None:
        found = examine(rotated_on=clock().date() - timedelta(days=age))
        check = next(check for check in found.checks if check.name == "client secret's age")
        assert check.state.value == state
        assert words in check.text
        assert bool(check.steps) == (state == "warning")
        assert found.ok

    def test_is_not_spoken_of_where_nobody_tells(self, examine: Examine) -> None:
        assert "client secret's age" not in states(examine())


class TestPlace:
    @pytest.mark.parametrize(("known", "kind"), [(VENDOR, "seller"), (SELLER, "vendor")])
    def test_another_kind_of_account(self, known: SandboxAccount, kind: str, examine: Examine) -> None:
        found = examine(known, declared(kind), kind=kind)
        assert states(found)["account type"] == "failed"
        assert f"This is not the authorization of a {kind}" in failure(found).text
        assert failure(found).steps[0].startswith(f"Set `account_type` to '{known.kind}'")

    def test_a_host_that_does_not_know_the_account(self, examine: Examine) -> None:
        """docs/amazon/errors.md#http-errors: the wrong region gives the text without details."""
        body = {
            "errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": ""}]
        }
        with serving(Answer(403, json.dumps(body).encode())) as host:
            found = examine(api_url=host.url)
        assert failure(found).name == "region"
        assert f"{host.url} must be the host of the region where the account is" in failure(found).steps[0]

    def test_a_client_secret_that_only_the_api_calls_too_old(self, examine: Examine) -> None:
        body = {
            "errors": [
                {"code": "Unauthorized", "message": "The LWA secret token you provided has expired.", "details": ""}
            ]
        }
        with serving(*[Answer(403, json.dumps(body).encode())] * 9) as host:
            found = examine(api_url=host.url)
        assert failure(found).name == "client secret"
        assert "The LWA secret token you provided has expired." in failure(found).text
        (step,) = failure(found).steps
        assert step.startswith("Rotate it under your application's LWA credentials")
        assert "no new consent is needed" in step
        assert "authorize" not in step

    @pytest.mark.parametrize(
        "details", ["The access token you provided has expired.", "... is revoked, malformed or invalid."]
    )
    def test_a_token_that_is_refused_is_no_missing_role(self, details: str, examine: Examine) -> None:
        body = {
            "errors": [
                {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": details}
            ]
        }
        with serving(*[Answer(403, json.dumps(body).encode())] * 9) as host:
            found = examine(api_url=host.url)
        assert failure(found).name == "region"
        assert "the authorization was revoked" in failure(found).steps[1]
        assert not any("role" in step for step in failure(found).steps)

    def test_a_request_without_a_token_is_a_fault_of_the_tap(self, examine: Examine) -> None:
        """docs/amazon/errors.md#http-errors: neither a host nor a consent is to be checked."""
        body = {"errors": [{"code": "MissingAuthenticationToken", "message": "Missing Authentication Token"}]}
        with serving(Answer(403, json.dumps(body).encode())) as host:
            found = examine(api_url=host.url)
        assert failure(found).steps == (REPORT_IT,)

    def test_a_host_that_does_not_answer(self, examine: Examine, world: World) -> None:
        world.sandbox.inject("service_unavailable_503", None)
        assert failure(examine()).name == "region"

    def test_a_host_that_is_not_amazons(self, examine: Examine) -> None:
        with serving(Answer(404, b"<html>Not found</html>")) as host:
            found = examine(api_url=host.url)
        assert failure(found).name == "region"
        assert "does not answer as Amazon does" in failure(found).text
        assert failure(found).steps[0].startswith("Check `marketplaces` (US), `region` and `api_url`")

    def test_a_marketplace_in_which_a_seller_does_not_sell(self, examine: Examine) -> None:
        places = (BY_COUNTRY["US"], BY_COUNTRY["BR"])
        found = examine(SELLER, declared("seller"), marketplaces=places)
        assert failure(found).name == "marketplaces"
        assert failure(found).text == "The account sells in CA, MX, US, not in BR"

    def test_the_marketplaces_of_a_seller(self, examine: Examine) -> None:
        found = examine(SELLER, declared("seller"))
        assert states(found)["marketplaces"] == "ok"
        assert found.ok

    def test_a_marketplace_of_which_a_vendor_never_had_a_report(self, examine: Examine, world: World) -> None:
        world.run(world.config(), streams=["vendor_traffic"])
        found = examine(marketplaces=(BY_COUNTRY["CA"],))
        assert failure(found).text == "All reports of this account are from US, none from CA"


class TestRoles:
    """With each role missing in turn, exactly those streams are refused that no other role of theirs opens."""

    @pytest.mark.parametrize("known", LACKING, ids=lambda account: account.label)
    def test_of_a_seller(self, known: SandboxAccount, examine: Examine) -> None:
        groups: dict[str, t.Any] = {**declared("seller"), **REPORTS}
        found = examine(known, groups)
        expected = {
            stream.name: bool({*stream.roles} & {*known.roles})
            for streams in groups.values()
            for stream in streams
            if stream.account_type == "seller" and (stream.countries is None or "US" in stream.countries)
        }
        refused = {
            name
            for permission in found.permissions
            if permission.authorized is State.FAILED
            for name in permission.streams
        }
        assert refused == {name for name, has_role in expected.items() if not has_role}
        allowed = {
            stream
            for permission in found.permissions
            if permission.authorized is State.OK
            for stream in permission.streams
        }
        assert all("settlement" in stream for stream in allowed), "only Amazon's own reports came yet"
        assert found.ok == all(expected.values())
        (missing,) = {*SELLER_ROLES} - {*known.roles}
        for permission in found.permissions:
            is_refused = permission.authorized is State.FAILED
            assert is_refused == bool(permission.steps) == bool(permission.request)
            if is_refused:
                assert missing in permission.steps[0]
                assert f"the role {' or '.join(permission.roles)}" in permission.request
                assert "need a new consent. Consent again" in permission.steps[1]
                assert "https://sellercentral.amazon.com" in permission.request
                assert APPLICATION_ID in permission.request
                assert "Access to the resource is forbidden (Amazon request id " in permission.text

    def test_of_a_vendor(self, examine: Examine) -> None:
        known = next(account for account in DEFAULT_ACCOUNTS if account.label == "vendor-us-no-role")
        found = examine(known)
        assert states(found)["region"] == "ok"
        assert {permission.authorized for permission in found.permissions} == {State.FAILED}
        assert {permission.roles for permission in found.permissions} == {("Brand Analytics",)}
        assert len({permission.request for permission in found.permissions}) == 1
        assert "vendorcentral.amazon.com" in found.permissions[0].request
        assert not found.ok
        (problem,) = found.problems
        assert all(stream in problem for permission in found.permissions for stream in permission.streams)

    def test_cost_one_call_for_each_set_of_roles(self, examine: Examine, world: World) -> None:
        groups = declared("seller")
        examine(SELLER, groups)
        calls = [call for call in world.sandbox.calls if call.operation == "getReports"]
        assert len(calls) == len({stream.roles for stream in groups["All"]})
        assert all(len(call.request["reportTypes"].split(",")) <= 10 for call in calls)

    def test_are_asked_for_within_the_quota(self, examine: Examine, world: World) -> None:
        """Ten calls at once, then one in 45 seconds."""
        (report,) = [each for each in declared("seller")["All"] if each.roles == ("Finance and Accounting",)]
        roles = [("Finance and Accounting", f"Another {number}") for number in range(12)]
        streams = [stream(some[1], report.source, "seller", some) for some in roles]
        before = world.clock()
        assert examine(SELLER, {"All": streams}).ok
        assert {call.status for call in world.sandbox.calls} == {200}
        assert 90 <= (world.clock() - before).total_seconds() <= 92

    def test_a_stream_that_reads_no_report_shares_the_fate_of_its_role(self, examine: Examine) -> None:
        (report,) = [each for each in declared("seller")["All"] if each.roles == ("Finance and Accounting",)]
        paged: t.Any = Operation("paged", report.roles)
        alone: t.Any = Operation("alone", ("Alone",))
        found = examine(SELLER, {"All": [alone, report, paged]})
        assert [(one.streams, one.authorized) for one in found.permissions] == [
            (("alone",), State.UNKNOWN),
            ((report.name,), State.OK),
            (("paged",), State.UNKNOWN),
        ]
        found = examine(without(SELLER, "Finance and Accounting"), {"All": [alone, report, paged]})
        assert [(one.streams, one.authorized) for one in found.permissions] == [
            (("alone",), State.UNKNOWN),
            ((report.name, "paged"), State.FAILED),
        ]

    def test_streams_of_other_countries_are_passed_over(self, examine: Examine) -> None:
        report = declared("seller")["All"][0]
        elsewhere = stream("elsewhere", report.source, "seller", report.roles, frozenset({"JP"}))
        here = stream("here", report.source, "seller", report.roles, frozenset({"US", "GB"}))
        found = examine(SELLER, {"All": [elsewhere, here]})
        assert [permission.streams for permission in found.permissions] == [("here",)]

    def test_an_incident_is_not_a_missing_role(self, examine: Examine, world: World) -> None:
        world.sandbox.inject("server_error_500", None, skip=5)
        found = examine(SELLER, declared("seller"))
        assert not found.ok
        assert {permission.authorized for permission in found.permissions} == {State.UNKNOWN}
        assert any("still failed after every retry" in problem for problem in found.problems)


class TestUserPermissions:
    """The second step at Amazon: the consent is there, and the user or account may not see the data."""

    def reports(self, *ends: str, place: str = US) -> bytes:
        listed = [
            {"reportType": "GET_VENDOR_SALES_REPORT", "processingStatus": end, "marketplaceIds": [place]}
            for end in ends
        ]
        return json.dumps({"reports": listed}).encode()

    def examine_at(self, examine: Examine, answer: Answer) -> Diagnosis:
        with serving(answer) as host:
            return examine(api_url=host.url)

    @pytest.mark.parametrize(
        ("ends", "state"),
        [
            ((), State.UNKNOWN),
            (("CANCELLED", "IN_QUEUE"), State.UNKNOWN),
            (("FATAL", "FATAL"), State.WARNING),
            (("FATAL", "DONE"), State.OK),
        ],
    )
    def test_show_in_the_reports_of_the_last_90_days(
        self, ends: tuple[str, ...], state: State, examine: Examine
    ) -> None:
        found = self.examine_at(examine, Answer(200, self.reports(*ends)))
        financial = found.permissions[0]
        assert (financial.authorized, financial.permitted) == (state if state is State.OK else State.UNKNOWN, state)
        assert ("nknown until the first report" in financial.text) == (state is State.UNKNOWN)
        assert bool(financial.request) == (state is State.WARNING)
        if financial.request:
            assert "all 2 reports of the last 90 days ended in an error" in financial.text
            assert '"Financial reports" in https://vendorcentral.amazon.com, Settings, Manage Permissions' in (
                financial.request
            )
        assert found.ok
        assert {permission.permitted for permission in found.permissions[1:]} == {State.UNKNOWN}

    def test_a_vendor_group_that_is_not_enabled(self, examine: Examine) -> None:
        words = "Vendor Group amzn1.vg.1 is not authorized to access vendor reports"
        body = {"errors": [{"code": "Unauthorized", "message": words, "details": ""}]}
        found = self.examine_at(examine, Answer(403, json.dumps(body).encode()))
        assert not found.ok
        for permission in found.permissions:
            assert (permission.authorized, permission.permitted) == (State.OK, State.FAILED)
            assert words in permission.text
            assert "The user permission is separate" in permission.steps[0]

    def test_reports_without_rights_are_doubtful(self, clock: FakeClock, transport: Transport) -> None:
        """At the sandbox: the vendor group lacks the data set."""
        known = replace(VENDOR, denied_reports=("GET_VENDOR_TRAFFIC_REPORT",))
        with running(Sandbox(seed=7, clock=clock, asins=3, accounts=[known])) as server:
            world = World(Sandbox(accounts=[known]), server, clock)
            config = world.config()
            world.run(config, streams=["vendor_traffic"])
            account = world.tap(config).settings.accounts[0]
            api = SellingPartnerApi.of(account, transport, clock, clock.sleep)
            found = check_account(account, REPORTS, api, clock().date())
        permitted = {permission.group: permission.permitted for permission in found.permissions}
        assert permitted == {"Financial": State.UNKNOWN, "Operational": State.UNKNOWN, "Digital": State.WARNING}


def test_every_group_has_a_name_at_vendor_central() -> None:
    kinds = {group: {stream.account_type for stream in streams} for group, streams in REPORTS.items()}
    assert {group for group, kind in kinds.items() if "vendor" in kind} <= set(advice.USER_PERMISSIONS)


class TestQueries:
    """Data Kiosk has a listing of its own, and what came of a view shows that it can be read."""

    def of(self, found: Diagnosis) -> dict[str, Permission]:
        return {name: each for each in found.permissions for name in each.streams if "_analytics_" in name}

    def test_are_unknown_until_the_first_one(self, examine: Examine, world: World) -> None:
        found = self.of(examine(groups=GROUPS))
        assert {(each.authorized, each.permitted) for each in found.values()} == {(State.UNKNOWN, State.UNKNOWN)}
        assert {each.text.partition(":")[0] for each in found.values()} == {"Unknown until the first query"}
        assert [call.operation for call in world.sandbox.calls].count("getQueries") == 1

    def test_that_came_are_proof_of_their_own_view(self, examine: Examine, world: World) -> None:
        sourcing = "vendor_analytics_sourcing"
        assert world.run(streams=[sourcing]).records(sourcing)
        found = self.of(examine(groups=GROUPS))
        assert found[sourcing].permitted is found[sourcing].authorized is State.OK
        assert found[sourcing].text == "Queries came within the last 30 days"
        assert found["vendor_analytics_manufacturing"].permitted is State.UNKNOWN

    def test_that_are_refused_though_reports_are_not(self, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
        refusal = AccessDeniedError("Access to the resource is forbidden")
        monkeypatch.setattr(Questions, "queries", lambda _: refusal)
        found = examine(groups=GROUPS)
        assert {each.authorized for each in self.of(found).values()} == {State.FAILED}
        assert len(found.problems) == 1
        assert "lacks the role Brand Analytics" in found.problems[0]


class TestPagedApis:
    """One operation of each set of roles is called, whatever reports the roles open."""

    def test_whose_role_opens_reports_too(self, examine: Examine) -> None:
        known = next(account for account in DEFAULT_ACCOUNTS if account.label == "seller-us")
        found = {name: each for each in examine(known, GROUPS).permissions for name in each.streams}
        transactions = found["seller_finance_transactions"]
        assert transactions.streams == ("seller_finance_transactions",)
        assert (transactions.authorized, transactions.text) == (State.OK, "Amazon answers listTransactions")

    def test_that_can_be_read(self, examine: Examine, world: World) -> None:
        found = {permission.streams[0]: permission for permission in examine(groups=GROUPS).permissions}
        assert found["vendor_purchase_orders"].authorized is State.OK
        assert found["vendor_purchase_orders"].text == "Amazon answers getPurchaseOrders"
        assert found["vendor_invoices"].text == "Amazon answers getInvoiceHeaders"
        assert found["vendor_direct_orders"].text == "Amazon gives a restricted data token for getOrders"
        called = [call.operation for call in world.sandbox.calls]
        assert called.count("getPurchaseOrders") == called.count("getInvoiceHeaders") == 1
        assert "getOrders" not in called, "no personal data is read"

    def test_without_roles(self, examine: Examine) -> None:
        known = next(account for account in DEFAULT_ACCOUNTS if account.label == "vendor-us-no-role")
        found = {permission.streams[0]: permission for permission in examine(known, GROUPS).permissions}
        orders, direct = found["vendor_purchase_orders"], found["vendor_direct_orders"]
        for permission, role in (
            (orders, "Amazon Fulfillment or Inventory and Order Tracking"),
            (direct, "Direct-to-Consumer Shipping"),
        ):
            assert permission.authorized is State.FAILED
            assert f"lacks the role {role}" in permission.text
            assert role in permission.steps[0]

    def test_of_invoices_nobody_knows_the_role(self, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
        refusal = AccessDeniedError("Access to the resource is forbidden")
        monkeypatch.setattr(Questions, "can_read", lambda *_: refusal)
        found = {permission.streams[0]: permission for permission in examine(groups=GROUPS).permissions}
        invoices = found["vendor_invoices"]
        assert invoices.authorized is State.FAILED
        assert "Amazon does not document which one getInvoiceHeaders needs" in invoices.text
        assert "the role :" not in invoices.text

"""When a run has failed, and what it says then."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import SALES, STREAMS, TRAFFIC, World

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, running
from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.audit.reasons import Reasons
from tap_amazon_vendor.doctor.result import Check, Diagnosis, Permission, State
from tap_amazon_vendor.errors import AccessDeniedError, AmazonError, RequestRejectedError, UnavailableError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.run.verdict import Part, Unread, repeated, unread_accounts, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clocks import FakeClock
    from world import Row

    from tap_amazon_vendor.config.accounts import Account

DAY = date(2026, 11, 20)
MARKET_BASKET = "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT"
FORBIDDEN = AccessDeniedError("createReport: Access to the resource is forbidden", request_id="1-a")
OTHER_KIND = RequestRejectedError("createReport: Report type 7 does not support account ID of type class X")


def entry(
    stream: str,
    outcome: str,
    reason: str = "because",
    *,
    account: str = "main",
    report_type: str = SALES,
    options: tuple[tuple[str, str], ...] = (),
    **result: Any,
) -> LedgerEntry:
    """What became of a window."""
    window = Window(DAY, DAY)
    subject = ReportPartition(account, report_type, "US", options)
    return LedgerEntry(stream, subject, window, Outcome(outcome), reason=reason, **result)


def part(stream: str, account: str = "main", **more: Any) -> Part:
    """A partition that all windows of its stream and account are of."""
    return Part(stream, account, **{"roles": ("Brand Analytics",), **more})


REFUSED: dict[str, Any] = {"error": FORBIDDEN}
KIND: dict[str, Any] = {"error": OTHER_KIND}
LACKING: dict[str, Any] = {"lacking_until": DAY}
SHIPPED: dict[str, Any] = {"options": (("distributorView", "SOURCING"),)}
MADE: dict[str, Any] = {"options": (("distributorView", "MANUFACTURING"),)}
SALE, TRAFFICS = part("sales"), part("traffic")

#: Partitions, windows, whether the account could not be read.
CASES: dict[str, tuple[list[Part], list[LedgerEntry], bool]] = {
    "nothing is selected": ([], [], False),
    "nothing is due": ([SALE], [], False),
    "everything is skipped": ([SALE, TRAFFICS], [entry("sales", "skipped"), entry("traffic", "skipped")], True),
    "everything failed": ([SALE], [entry("sales", "failed")], True),
    "one stream gave rows": ([SALE, TRAFFICS], [entry("sales", "skipped"), entry("traffic", "loaded")], False),
    "one stream has no rows": ([SALE, TRAFFICS], [entry("sales", "skipped"), entry("traffic", "empty")], False),
    "everything is empty": ([SALE], [entry("sales", "empty")], False),
    "everything is put off": ([SALE], [entry("sales", "later")], False),
    "Amazon works on one": ([SALE], [entry("sales", "skipped"), entry("sales", "later", report_id="7")], False),
    "the budget is used up": ([SALE], [entry("sales", "skipped"), entry("sales", "later")], True),
    "Amazon did not answer": ([SALE], [entry("sales", "failed", error=UnavailableError("503"))], False),
    "an earlier run was refused": ([part("sales", **LACKING), part("traffic", **LACKING)], [], True),
    "an earlier run was refused and the rest is up to date": (
        [part("sales", **LACKING), part("traffic", known=True)], [], False,
    ),
    "an earlier run was refused and the rest gives rows": (
        [part("sales", **LACKING), TRAFFICS], [entry("traffic", "loaded")], False,
    ),
    "an earlier run was refused and the rest is refused now": (
        [part("sales", **LACKING), TRAFFICS], [entry("traffic", "skipped")], True,
    ),
    "a role is missing and what needs another one is up to date": (
        [part("sales"), part("fees", roles=("Finance",), known=True)], [entry("sales", "skipped", **REFUSED)], False,
    ),
    "the role of what is up to date is missing": (
        [part("sales"), part("fees", known=True)], [entry("sales", "skipped", **REFUSED)], True,
    ),
    "one view is lacking and the other is up to date": (
        [part("sales", **MADE), part("sales", **SHIPPED, known=True)], [entry("sales", "skipped", **MADE)], False,
    ),
    "what was read before is refused now": (
        [part("sales", known=True)], [entry("sales", "skipped", **REFUSED)], True,
    ),
    "it is of the other kind, and reads what both kinds have": (
        [SALE, part("basket")],
        [entry("sales", "skipped", **KIND), entry("basket", "loaded", report_type=MARKET_BASKET)],
        True,
    ),
    "it reads what both kinds have": (
        [SALE, part("basket")],
        [entry("sales", "skipped", **REFUSED), entry("basket", "loaded", report_type=MARKET_BASKET)],
        False,
    ),
    "a file of the inbox gave rows": (
        [SALE], [entry("sales", "skipped"), entry("sales", "loaded", options=(("inbox", "a.json"),))], True,
    ),
    "a file of the inbox is no report": ([SALE], [entry("inbox", "skipped", options=(("inbox", "a.txt"),))], False),
    "another account gives rows": (
        [SALE, part("sales", "other")], [entry("sales", "skipped"), entry("sales", "loaded", account="other")], True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_account_of_which_nothing_could_be_read_is_found(case: str) -> None:
    parts, entries, expected = CASES[case]
    assert [each.account for each in unread_accounts(parts, entries)] == ["main"] * expected


def test_what_amazon_answered_is_heard_and_what_a_report_said_is_not() -> None:
    entries = [entry("sales", "skipped", **REFUSED), entry("fees", "skipped", report_id="7", **REFUSED)]
    (unread,) = unread_accounts([part("sales"), part("fees")], entries)
    assert unread.heard == {"sales": FORBIDDEN}


class TestReasons:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            (str(FORBIDDEN), str(AccessDeniedError(FORBIDDEN.text, request_id="b-2")), True),
            ("report 50 is damaged", "report 51 is damaged", True),
            ("Report type 7 does not support it", "Report type 88 does not support it", True),
            ("it has no role", "it has no rights", False),
        ],
    )
    def test_are_the_same_but_for_ids(self, one: str, other: str, same: bool) -> None:  # noqa: FBT001
        reasons = Reasons()
        first = entry("sales", "skipped", one)
        assert reasons.note(first) is first
        assert (reasons.note(entry("traffic", "skipped", other)) is first) is same

    def test_are_each_accounts_own_and_each_outcomes(self) -> None:
        entries = [entry("a", "skipped"), entry("a", "failed"), entry("a", "skipped", account="other")]
        assert [len(same) for same in Reasons.of(entries)] == [1, 1, 1]

    def test_of_one_report_are_not_counted(self) -> None:
        assert list(repeated(Reasons.of([entry("sales", "skipped"), entry("totals", "skipped")]), [])) == []

    def test_that_repeat_are_counted_unless_the_verdict_speaks_of_them(self) -> None:
        entries = [entry(name, "skipped", report_type=name) for name in "abca"]
        entries += [entry(name, "failed", report_type=name) for name in "de"]
        assert list(repeated(Reasons.of(entries), [])) == [
            "Account 'main': 3 windows more skipped for the same reason as a: a, b, c"
        ]
        assert list(repeated(Reasons.of(entries), [Unread("main", (), ())])) == []


class TestMessage:
    @pytest.fixture
    def account(self, world: World) -> Account:
        return world.tap(world.config()).settings.accounts[0]

    def test_is_none_where_nothing_failed(self) -> None:
        assert (
            verdict([], [entry("sales", "loaded"), entry("sales", "skipped"), entry("sales", "later")], never) is None
        )

    def test_lists_windows_that_failed_below_their_reason(self) -> None:
        entries = [entry(name, "failed", f"report {number} broke") for number, name in enumerate("abc")]
        assert verdict([], [*entries, entry("d", "loaded")], never) == (
            "3 windows could not be read:\n"
            "- report 0 broke\n"
            f"    a: {SALES} 2026-11-20/2026-11-20 of 'main'\n"
            f"    b: {SALES} 2026-11-20/2026-11-20 of 'main'\n"
            f"    c: {SALES} 2026-11-20/2026-11-20 of 'main'\n"
            "Everything else is written."
        )

    def test_has_the_diagnosis_of_an_account_and_what_failed_elsewhere(self, account: Account) -> None:
        entries = [entry("a", "skipped"), entry("b", "failed"), entry("c", "failed", account="other")]
        found = Diagnosis(account, (Check("account type", State.FAILED, "Wrong kind", ("Set it", "Or not")),))
        unread = Unread("main", tuple(entries[:2]), ())
        assert verdict([unread], entries, lambda each: {unread: found}[each]) == (
            "Account 'main' could not be read: 1 window skipped, 1 window failed.\n"
            "- Wrong kind. Set it. Or not\n"
            "1 window could not be read:\n"
            "- because\n"
            f"    c: {SALES} 2026-11-20/2026-11-20 of 'other'"
        )

    def test_has_the_reasons_where_the_diagnosis_finds_none(self, account: Account) -> None:
        doubt = Permission("Digital", ("X",), ("a",), State.OK, State.WARNING, "All FATAL", ("Ask",), "Please")
        unread = Unread("main", (entry("a", "skipped", "report 1"), entry("b", "skipped", "report 2")), ())
        assert verdict([unread], unread.entries, lambda _: Diagnosis(account, (), (doubt,))) == (
            "Account 'main' could not be read: 2 windows skipped.\n"
            "- report 1\n"
            "    2 windows skipped: a, b\n"
            "- a: All FATAL. Ask"
        )

    def test_says_what_an_earlier_run_found(self, account: Account) -> None:
        unread = Unread("main", (), (part("b", **LACKING), part("a", **LACKING)))
        assert verdict([unread], (), lambda _: Diagnosis(account, ())) == (
            "Account 'main' could not be read.\n"
            "- An earlier run found that the account lacks a, b, and recorded why in `report_ledger`. They are tried "
            "again on 2026-11-20 (to try sooner, remove `skipped_on` from the state)"
        )


def never(unread: Unread) -> Diagnosis:
    raise AssertionError(unread)


# From here on, whole runs.


def doctors_words(world: World, config: Row) -> list[str]:
    """What the doctor says, with the run's own streams."""
    tap = world.tap(config)
    (account,) = tap.settings.accounts
    for name, stream in tap.streams.items():
        stream.selected = name in SELECTED[account.kind]
    return tap.run.diagnose(account.label).problems


SELECTED = {
    "vendor": (*STREAMS, "brand_market_basket", "report_ledger"),
    "seller": ("seller_customer_returns", "seller_settlements", "seller_finance_transactions", "report_ledger"),
}


def bare(words: str) -> str:
    """Words without ids, and without which call Amazon refused."""
    return re.sub(r"Amazon request id [^)]*|\d+|createReport|getReports", "…", words)


@pytest.mark.parametrize(
    ("label", "kind", "changes"),
    [
        ("seller-us", "vendor", {}),
        ("vendor-us", "seller", {}),
        ("vendor-us-no-role", "vendor", {}),
        ("seller-us-no-role", "seller", {}),
        ("seller-us", "vendor", {"max_reports": 3}),
        ("vendor-us", "vendor", {"refresh_token": "Atzr|sandbox-revoked"}),
    ],
)
def test_a_run_that_read_nothing_fails_with_the_doctors_words(
    label: str, kind: str, changes: Row, world: World
) -> None:
    config = world.config(label, account_type=kind, **changes)
    run = world.run(config, streams=SELECTED[kind])
    said = str(run.error)
    assert said.startswith("Account 'default' could not be read: ")
    words = doctors_words(world, config)
    assert words
    assert all(bare(problem) in bare(said) for problem in words)


def test_what_is_said_once_is_in_the_ledger_with_each_request_id(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run = world.run(world.config("vendor-us-no-role"))
    rows = run.records("report_ledger")
    assert (
        len({row["reason"] for row in rows}) == len({(row["report_type"], row["report_options"]) for row in rows}) > 1
    )
    assert caplog.text.count("Access to the resource is forbidden") == 1
    assert str(run.error).count("Access to the resource is forbidden") == 1


def test_the_diagnosis_costs_a_call_or_two(world: World) -> None:
    for label, kind, most in (("seller-us", "vendor", 0), ("seller-us-no-role", "seller", 1)):
        world.sandbox.calls.clear()
        assert world.run(world.config(label, account_type=kind), streams=SELECTED[kind]).error
        operations = [call.operation for call in world.sandbox.calls]
        last = max(number for number, name in enumerate(operations) if name == "createReport")
        assert (
            len([name for name in operations[last + 1 :] if name in {"getMarketplaceParticipations", "token"}]) == most
        )


@contextmanager
def without_rights(clock: FakeClock, *reports: str) -> Iterator[World]:
    """A local Amazon at which a vendor group lacks the rights for some reports."""
    known = replace(DEFAULT_ACCOUNTS[0], denied_reports=reports)
    sandbox = Sandbox(seed=7, clock=clock, asins=3, accounts=[known])
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.mark.usefixtures("bare_environment")
def test_an_account_that_is_not_tried_again_yet_is_still_a_failure(clock: FakeClock) -> None:
    with without_rights(clock, SALES, TRAFFIC) as world:
        first = world.run()
        assert "correct Vendor Group Rights" in str(first.error)
        assert "No report succeeded: all" in str(first.error)
        clock.advance(timedelta(days=1).total_seconds())
        # A later run asks once more before the partition is left alone.
        again = world.run(state=first.state)
        asked = len(world.asked())
        clock.advance(timedelta(days=1).total_seconds())
        second = world.run(state=again.state)
        assert "An earlier run found that the account lacks vendor_sales" in str(second.error)
        assert "No report succeeded: all" in str(second.error)
        assert len(world.asked()) == asked
        # Others that can be read make it a warning.
        third = world.run(state=second.state, streams=[*STREAMS, "vendor_inventory"])
        assert third.error is None


@pytest.mark.usefixtures("bare_environment")
def test_one_missing_right_among_others_is_one_warning(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    with without_rights(clock, SALES) as world:
        run = world.run()
        assert run.error is None
        warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        again = world.run(world.config(restatement_days=0), run.state)
        assert again.error is None, "the rest is up to date"
    assert len([words for words in warnings if "correct Vendor Group Rights" in words]) == 1
    assert "Account 'default': 7 windows more skipped for the same reason as vendor_sales" in " ".join(warnings)


def test_one_missing_role_among_others_is_a_warning_and_alone_a_failure(world: World) -> None:
    config = world.config("seller-us-unrestricted", account_type="seller")
    lacking = ("seller_fulfilled_shipments_tax", "report_ledger")
    assert world.run(config, streams=["seller_customer_returns", *lacking]).error is None
    alone = world.run(config, streams=lacking)
    assert "The API authorization lacks the role" in str(alone.error)


def test_an_account_that_is_up_to_date_is_no_failure(world: World) -> None:
    config = world.config(restatement_days=0)
    first = world.run(config)
    second = world.run(config, first.state)
    assert (first.error, second.error, second.windows) == (None, None, [])


def test_an_account_of_which_all_is_put_off_is_no_failure(world: World) -> None:
    run = world.run(world.config(wait_minutes=0))
    assert {outcome for *_, outcome in run.windows} == {"later"}
    assert run.error is None


def test_amazons_error_is_kept_beside_its_words(world: World) -> None:
    """The verdict goes by it, and by no words."""
    tap = world.tap(world.config("vendor-us-no-role"))
    result = tap.run.engine.result(next(iter(tap.run.plan.values()))[0].request)
    assert isinstance(result.error, AmazonError)
    assert result.reason == str(result.error)

"""Amazon's words and what follows from them: docs/amazon/errors.md, text by text."""

from __future__ import annotations

import typing as t

import pytest

from tap_amazon_vendor.amazon.wording import judge_fatal, judge_refusal
from tap_amazon_vendor.engine.model import Processing
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    AmazonError,
    CredentialsError,
    DocumentError,
    NotFoundError,
    RequestRejectedError,
    UnavailableError,
)
from tap_amazon_vendor.outcomes import Outcome, Verdict

NOT_YET_AVAILABLE = (
    "The report data for the requested date range is not yet available. Try submitting this createReport request at a "
    "later time, or modify dataEndTime to be an earlier date."
)
CLIENT_ERROR = (
    "A client error occurred. Please double check that your parameters are valid and fulfill the requirements of the "
    "report type."
)
UNAVAILABLE = "The requested data is unavailable. Please try a different date range"

#: docs/amazon/errors.md#texts-of-error-documents: text of an error document, outcome, and a word that its advice must
#: hold.
DOCUMENT_TEXTS = [
    (NOT_YET_AVAILABLE, Outcome.LATER, ""),
    ("dataStartTime and dataEndTime must be supplied", Outcome.FAILED, "report it"),
    (
        "This report type requires the reportPeriod, distributorView, sellingProgram reportOption to be specified.",
        Outcome.FAILED,
        "report it",
    ),
    (
        (
            "This report type does not support the ParentReferenceId reportOption. Please review the document for this "
            "report type on GitHub, remove this reportOption from your request, and try again."
        ),
        Outcome.FAILED,
        "report it",
    ),
    (
        (
            "The requested marketplaceId does not match the marketplace associated with the selling partner account: "
            "A1PA6795UKMFR9"
        ),
        Outcome.FAILED,
        "`marketplaces`",
    ),
    (
        (
            "The requested marketplaceId did not match the marketplace associated with the selling partner account: "
            "A1PA6795UKMFR9"
        ),
        Outcome.FAILED,
        "`marketplaces`",
    ),
    ("No vendor code set as manufacturing role for vendor group", Outcome.SKIPPED, "`distributor_views`"),
    ("distributorView parameter contains an invalid value", Outcome.SKIPPED, "`distributor_views`"),
    ("sellingProgram parameter contains an invalid value", Outcome.SKIPPED, "`selling_programs`"),
    (
        (
            "Report requested with invalid user inputs. Please verify if you have correct Vendor Group Rights and/or "
            "required permissions to request this report."
        ),
        Outcome.SKIPPED,
        "Vendor Central",
    ),
    (
        (
            "Error in report request: Report requested with invalid user inputs. Please verify if you have correct "
            "Vendor Group Rights and/or required permissions to request this report."
        ),
        Outcome.SKIPPED,
        "Vendor Central",
    ),
    ("Date range exceeded. Report can be requested only upto 30 days", Outcome.FAILED, "report it"),
]

#: docs/amazon/errors.md#http-errors: error, outcome, and a word that the advice must hold.
REFUSALS = [
    (
        RequestRejectedError,
        (
            "InvalidInput: Report type 2572 does not support account ID of type class "
            "com.amazon.partner.account.id.VendorGroupId."
        ),
        Outcome.SKIPPED,
        "account type",
    ),
    (
        RequestRejectedError,
        "InvalidInput: Report rejected for this client. your report could not be applied to any marketplaces",
        Outcome.FAILED,
        "`marketplaces`",
    ),
    (
        RequestRejectedError,
        "InvalidInput: One or more required parameters missing: marketplaceIds;",
        Outcome.FAILED,
        "report it",
    ),
    (RequestRejectedError, "InvalidInput: dataStartTime is after dataEndTime", Outcome.FAILED, "report it"),
    (RequestRejectedError, "InvalidInput: Invalid Input", Outcome.FAILED, ""),
    (
        RequestRejectedError,
        "InvalidInput: Application do not have access to some or all requested resource",
        Outcome.SKIPPED,
        "restricted role for this report (Brand Analytics)",
    ),
    (RequestRejectedError, "UnsupportedMediaType: Unsupported Media Type", Outcome.FAILED, ""),
    (
        AccessDeniedError,
        "Unauthorized: Access to the resource is forbidden",
        Outcome.SKIPPED,
        "Brand Analytics",
    ),
    (
        AccessDeniedError,
        "Unauthorized: Access to requested resource is denied.: The access token you provided has expired.",
        Outcome.FAILED,
        "authorize again",
    ),
    (
        AccessDeniedError,
        (
            "Unauthorized: Access to requested resource is denied.: "
            "The access token you provided is revoked, malformed or invalid."
        ),
        Outcome.FAILED,
        "authorize again",
    ),
    (AccessDeniedError, "Unauthorized: Access to requested resource is denied.", Outcome.FAILED, "`region`"),
    (
        AccessDeniedError,
        "MissingAuthenticationToken: Access to requested resource is denied.",
        Outcome.FAILED,
        "report it",
    ),
    (
        AccessDeniedError,
        "Unauthorized: Vendor Group amzn1.vg.x is not authorized to access vendor reports",
        Outcome.SKIPPED,
        "Vendor Central",
    ),
    (
        AccessDeniedError,
        "Unauthorized: The security token included in the request is expired",
        Outcome.FAILED,
        "",
    ),
    (AccessDeniedError, "Unauthorized: Unauthorized to access requested fields.", Outcome.FAILED, ""),
    (NotFoundError, "NotFound: Report not found", Outcome.FAILED, ""),
    (
        UnavailableError,
        (
            "createReport still failed after every retry: "
            "QuotaExceeded: You exceeded your quota for the requested resource."
        ),
        Outcome.FAILED,
        "",
    ),
    (UnavailableError, "InternalFailure: We encountered an internal error. Please try again.", Outcome.FAILED, ""),
    (UnavailableError, "HTTP 503 without a reason", Outcome.FAILED, ""),
]

cases = pytest.mark.parametrize("case", [str, str.upper, str.lower, str.swapcase])


class TestErrorDocuments:
    @cases
    @pytest.mark.parametrize(("text", "outcome", "advice"), DOCUMENT_TEXTS)
    def test_each_text_of_amazon_has_its_outcome_and_advice(
        self, text: str, outcome: Outcome, advice: str, case: t.Callable[[str], str]
    ) -> None:
        verdict = judge_fatal(case(text), recent=False, known_available=True)
        assert verdict.outcome is outcome
        assert advice in verdict.advice
        assert bool(verdict.advice) == bool(advice)
        # What is wrong with a request would be the same again, for a unit of quota. But an old day was published long
        # ago, and a partition is not left alone after one hearing.
        assert verdict.retry is (text == NOT_YET_AVAILABLE or outcome is Outcome.SKIPPED)

    @cases
    @pytest.mark.parametrize(
        ("text", "options", "outcome"),
        [
            ("No vendor code set as manufacturing role", {"distributorView": "MANUFACTURING"}, Outcome.SKIPPED),
            ("No vendor code set as manufacturing role", {"distributorView": "SOURCING"}, Outcome.FAILED),
            ("No vendor code set as manufacturing role", {}, Outcome.FAILED),
            ("distributorView parameter contains an invalid value", {"distributorView": "SOURCING"}, Outcome.SKIPPED),
            ("distributorView parameter contains an invalid value", {"sellingProgram": "RETAIL"}, Outcome.FAILED),
            ("sellingProgram parameter contains an invalid value", {"sellingProgram": "FRESH"}, Outcome.SKIPPED),
            ("sellingProgram parameter contains an invalid value", {"reportPeriod": "DAY"}, Outcome.FAILED),
            ("Report requested with invalid user inputs.", {}, Outcome.SKIPPED),
        ],
    )
    def test_a_text_about_an_option_means_nothing_for_a_report_without_it(
        self, text: str, options: dict[str, str], outcome: Outcome, case: t.Callable[[str], str]
    ) -> None:
        verdict = judge_fatal(case(text), recent=False, known_available=False, options=options)
        assert (verdict.outcome, verdict.retry) == (outcome, True)
        assert bool(verdict.advice) is (outcome is Outcome.SKIPPED)

    def test_the_third_wording_of_a_wrong_marketplace_has_the_advice_of_the_others(self) -> None:
        text = "The marketplace of the selling partner account A1PA6795UKMFR9 did not match the provided marketplaceId"
        verdict = judge_fatal(text, recent=False, known_available=True)
        assert verdict.outcome is Outcome.FAILED
        assert "`marketplaces`" in verdict.advice
        assert not verdict.retry

    @pytest.mark.parametrize("known_available", [True, False])
    @pytest.mark.parametrize("recent", [True, False])
    @pytest.mark.parametrize(("text", "outcome", "_advice"), DOCUMENT_TEXTS)
    def test_a_clear_text_means_the_same_whatever_the_days(
        self, text: str, outcome: Outcome, _advice: str, *, recent: bool, known_available: bool
    ) -> None:
        assert judge_fatal(text, recent=recent, known_available=known_available).outcome is outcome

    def test_only_an_unpublished_day_shortens_the_window(self) -> None:
        shortened = [
            text
            for text in (*(text for text, _, _ in DOCUMENT_TEXTS), CLIENT_ERROR, UNAVAILABLE)
            if judge_fatal(text, recent=True, known_available=True).shorten
        ]
        assert shortened == [NOT_YET_AVAILABLE]

    @cases
    @pytest.mark.parametrize(
        ("recent", "known_available", "outcome"),
        [
            (True, True, Outcome.LATER),
            (True, False, Outcome.LATER),
            (False, True, Outcome.LATER),
            (False, False, Outcome.SKIPPED),
        ],
    )
    def test_the_catch_all_means_not_yet_unless_the_account_never_had_the_report(
        self, case: t.Callable[[str], str], outcome: Outcome, *, recent: bool, known_available: bool
    ) -> None:
        verdict = judge_fatal(case(CLIENT_ERROR), recent=recent, known_available=known_available)
        assert verdict.outcome is outcome
        assert bool(verdict.advice) is (outcome is Outcome.SKIPPED)

    @cases
    @pytest.mark.parametrize(
        ("recent", "may_lack_days", "verdict"),
        [
            (True, True, Verdict(Outcome.LATER, retry=True)),
            (True, False, Verdict(Outcome.LATER, retry=True)),
            (False, False, Verdict(Outcome.LATER, retry=True)),
            (False, True, Verdict(Outcome.EMPTY, no_data=True)),
        ],
    )
    def test_unavailable_data_means_no_data_only_where_old_and_of_a_report_known_to_say_so(
        self, case: t.Callable[[str], str], verdict: Verdict, *, recent: bool, may_lack_days: bool
    ) -> None:
        text = case(UNAVAILABLE)
        assert judge_fatal(text, recent=recent, known_available=True, may_lack_days=may_lack_days) == verdict

    @pytest.mark.parametrize("known_available", [True, False])
    def test_the_catch_all_is_asked_again_and_weighed_before_anything_is_concluded(
        self, *, known_available: bool
    ) -> None:
        verdict = judge_fatal(CLIENT_ERROR, recent=False, known_available=known_available)
        assert (verdict.retry, verdict.ambiguous, verdict.lasting) == (True, True, False)

    @pytest.mark.parametrize(("text", "outcome", "_advice"), DOCUMENT_TEXTS)
    def test_a_skip_that_amazon_explains_is_about_the_whole_partition_and_lasts(
        self, text: str, outcome: Outcome, _advice: str
    ) -> None:
        verdict = judge_fatal(text, recent=False, known_available=False)
        assert verdict.lasting is (outcome is Outcome.SKIPPED)
        assert verdict.whole or outcome is not Outcome.SKIPPED

    def test_fatal_without_a_document_is_tried_once_more_then_late(self) -> None:
        assert judge_fatal(None, recent=False, known_available=False) == Verdict(Outcome.LATER, retry=True)

    @pytest.mark.parametrize("text", ["", "The flux capacitor is out of plutonium.", "{}"])
    def test_an_unknown_text_fails_after_one_more_try(self, text: str) -> None:
        assert judge_fatal(text, recent=True, known_available=True) == Verdict(Outcome.FAILED, retry=True)

    @pytest.mark.parametrize(("text", "outcome", "_advice"), DOCUMENT_TEXTS)
    def test_a_text_is_found_within_a_longer_one(self, text: str, outcome: Outcome, _advice: str) -> None:
        wrapped = f"Error 17 (id 3): {text} Contact support."
        assert judge_fatal(wrapped, recent=False, known_available=True).outcome is outcome


class TestRefusals:
    @cases
    @pytest.mark.parametrize(("kind", "text", "outcome", "advice"), REFUSALS)
    def test_each_refusal_of_amazon_has_its_outcome_and_advice(
        self, kind: type[AmazonError], text: str, outcome: Outcome, advice: str, case: t.Callable[[str], str]
    ) -> None:
        verdict = judge_refusal(kind(case(text), request_id="1-2-3"), ["Brand Analytics"])
        assert verdict.outcome is outcome
        assert advice in verdict.advice

    def test_a_report_type_that_does_not_exist_is_skipped_and_asked_for_by_the_next_run(self) -> None:
        verdict = judge_refusal(RequestRejectedError("InvalidInput: Report type GET_X is not a valid report type."))
        assert (verdict.outcome, verdict.lasting, verdict.whole) == (Outcome.SKIPPED, False, True)

    @pytest.mark.parametrize("kind", [CredentialsError, DocumentError, NotFoundError, UnavailableError, AmazonError])
    def test_words_of_a_refusal_in_another_error_skip_nothing(self, kind: type[AmazonError]) -> None:
        verdict = judge_refusal(kind("Access to the resource is forbidden"))
        assert verdict == Verdict(Outcome.FAILED)

    def test_an_unknown_refusal_fails(self) -> None:
        assert judge_refusal(AccessDeniedError("Something new")) == Verdict(Outcome.FAILED)


def test_outcomes_are_the_five_words_of_the_contract() -> None:
    assert [outcome.value for outcome in Outcome] == ["loaded", "empty", "later", "skipped", "failed"]


def test_statuses_are_those_of_amazons_model() -> None:
    assert {status.value for status in Processing} == {"CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE"}


def test_a_skip_says_what_to_do() -> None:
    skips = [judge_fatal(text, recent=False, known_available=False) for text, _, _ in DOCUMENT_TEXTS]
    skips += [judge_refusal(kind(text)) for kind, text, _, _ in REFUSALS]
    skips = [verdict for verdict in skips if verdict.outcome is Outcome.SKIPPED]
    assert skips
    assert all(verdict.advice for verdict in skips)

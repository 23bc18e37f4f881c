"""All of Amazon's error texts that the tap interprets, and what they mean: the only place that reads them.

The texts are those of docs/amazon/errors.md. Amazon changes their wording, so each is
matched by a distinctive part, ignoring case.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from tap_amazon_vendor.errors import REPORT_IT, AccessDeniedError, RequestRejectedError
from tap_amazon_vendor.outcomes import Outcome, Verdict

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.errors import AmazonError

_OTHER_MARKETPLACE = "Set `marketplaces` to the marketplace that Amazon names"
_NO_VIEW = "The account does not have this view: remove it from `distributor_views`"
_NO_PROGRAM = "The account does not have this program: remove it from `selling_programs`"
_NO_RIGHTS = (
    "The vendor group, or the user who authorized the application, lacks the rights for this "
    "report: ask the administrator of the account in Vendor Central"
)
_NO_ROLE = (
    "The application lacks the role for this report ({roles}), or the "
    "account authorized it before the role was added: add the role, then authorize again"
)
_NO_SUCH_REPORT = "This account or region does not have the report, or Amazon has removed it"
_NO_RESTRICTED_ROLE = (
    "The application lacks the restricted role for this report ({roles}), is not allowed to "
    "use restricted data tokens, or was authorized before it got the role: have the role granted, then authorize again"
)
_REAUTHORIZE = (  # no secret
    "Amazon refused a new access token, too. If it stays so, the authorization was revoked or is of another region: "
    "check `region` and `api_url`, then authorize again"
)


def _lacking(advice: str) -> Verdict:
    return Verdict(Outcome.SKIPPED, advice, retry=True, whole=True, lasting=True)


#: Amazon explains these. Most are about the partition, not about the days. A skip is heard again, minutes later and in
#: a later run, before the partition is left alone for a while.
_FATAL = (
    ("is not yet available", Verdict(Outcome.LATER, shorten=True)),
    ("must be supplied", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("reportoption to be specified", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("parentreferenceid", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("date range exceeded", Verdict(Outcome.FAILED, REPORT_IT)),
    ("requested marketplaceid", Verdict(Outcome.FAILED, _OTHER_MARKETPLACE, whole=True)),
    ("provided marketplaceid", Verdict(Outcome.FAILED, _OTHER_MARKETPLACE, whole=True)),
    ("no vendor code set as manufacturing role", _lacking(_NO_VIEW)),
    ("distributorview parameter contains an invalid value", _lacking(_NO_VIEW)),
    ("sellingprogram parameter contains an invalid value", _lacking(_NO_PROGRAM)),
    ("report requested with invalid user inputs", _lacking(_NO_RIGHTS)),
)

#: Refusals that the doctor tells apart.
NO_ROLE = "access to the resource is forbidden"
OTHER_ACCOUNT_TYPE = "does not support account id"
NO_VENDOR_GROUP = "not authorized to access vendor reports"
NO_RESTRICTED_ROLE = "do not have access to some or all requested resource"

NO_TOKEN = "missingauthenticationtoken"  # noqa: S105  # no secret

#: A refusal with many causes: the role, the host, the path; and, with details, the token.
DENIED = "access to requested resource is denied"

#: The first that fits counts. A refusal costs no report, so it is heard again by each run.
_REFUSED = (
    (OTHER_ACCOUNT_TYPE, Verdict(Outcome.SKIPPED, "Not a report of this account type", whole=True)),
    ("is not a valid report type", Verdict(Outcome.SKIPPED, _NO_SUCH_REPORT, whole=True)),
    (NO_ROLE, Verdict(Outcome.SKIPPED, _NO_ROLE, whole=True)),
    (NO_RESTRICTED_ROLE, Verdict(Outcome.SKIPPED, _NO_RESTRICTED_ROLE, whole=True)),
    (NO_VENDOR_GROUP, Verdict(Outcome.SKIPPED, _NO_RIGHTS, whole=True)),
    (
        "report rejected for this client",
        Verdict(Outcome.FAILED, "`marketplaces` names one that is not part of this account", whole=True),
    ),
    ("the access token you provided", Verdict(Outcome.FAILED, _REAUTHORIZE)),
    (NO_TOKEN, Verdict(Outcome.FAILED, REPORT_IT)),
    ("required parameters missing", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("datastarttime is after dataendtime", Verdict(Outcome.FAILED, REPORT_IT)),
    (
        DENIED,
        Verdict(Outcome.FAILED, "Check `region`, `api_url` and the roles of the application"),
    ),
)

#: Texts about an option, and the option and value that a request must have for them to be about it.
_ABOUT = (
    ("no vendor code set as manufacturing role", "distributorView", "MANUFACTURING"),
    ("distributorview parameter", "distributorView", ""),
    ("sellingprogram parameter", "sellingProgram", ""),
)

_CLIENT_ERROR = "a client error occurred"
_UNAVAILABLE = "requested data is unavailable"


def judge_fatal(
    text: str | None,
    *,
    recent: bool,
    known_available: bool,
    may_lack_days: bool = False,
    options: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge a report by the error that Amazon put into its document.

    Args:
        text: Amazon's text, None for a FATAL report without a document.
        recent: The requested days are so recent that Amazon may still publish them.
        known_available: This account has had this report with these options before.
        may_lack_days: Reports of this type are known to be FATAL where they have no data for the days.
        options: What the report was requested with, None if that is not known. A text about an option that it was not
            requested with explains nothing.

    Returns:
        The verdict; for an unknown text, failure after one more try.
    """
    if text is None:
        return Verdict(Outcome.LATER, retry=True)
    words = text.lower()
    if _CLIENT_ERROR in words:
        return _judge_catch_all(recent=recent, known_available=known_available)
    if _UNAVAILABLE in words:
        if recent or not may_lack_days:
            return Verdict(Outcome.LATER, retry=True)
        return Verdict(Outcome.EMPTY, no_data=True)
    for part, verdict in _FATAL:
        if part in words and _fits(words, options):
            # An old day was published long ago: "not yet available" is no reason to leave it out.
            return Verdict(Outcome.LATER, retry=True) if verdict.shorten and not recent else verdict
    return Verdict(Outcome.FAILED, retry=True)


def _fits(words: str, options: Mapping[str, str] | None) -> bool:
    """Return whether a report was requested with the option that a text is about."""
    return options is None or all(
        options.get(name, "").startswith(value) and name in options for part, name, value in _ABOUT if part in words
    )


def _judge_catch_all(*, recent: bool, known_available: bool) -> Verdict:
    """Judge Amazon's catch-all.

    Our dates are aligned, so it means unpublished, an outage, or a combination that this account does not have.
    """
    if recent:
        return Verdict(Outcome.LATER, retry=True, too_wide=True)
    if known_available:
        return Verdict(Outcome.LATER, retry=True, too_wide=True, ambiguous=True)
    return Verdict(Outcome.SKIPPED, _NO_RIGHTS, retry=True, too_wide=True, ambiguous=True)


def judge_refusal(error: AmazonError, roles: Iterable[str] = ()) -> Verdict:
    """Judge a report request that Amazon rejected.

    Args:
        error: What the call raised.
        roles: Amazon's roles, any one of which suffices for the report.
    """
    if isinstance(error, (AccessDeniedError, RequestRejectedError)):
        words = error.text.lower()
        for part, verdict in _REFUSED:
            if part in words:
                return replace(verdict, advice=verdict.advice.format(roles=" or ".join(roles) or "none is known"))
    return Verdict(Outcome.FAILED)


#: Texts of a 403 that a new access token fixes (docs/amazon/errors.md#http-errors).
_TOKEN = ("the access token you provided has expired", "is revoked, malformed or invalid")

#: A 403 from an incident at Amazon, which passes within minutes (docs/amazon/errors.md#http-errors).
_INCIDENT = "the security token included in the request is expired"

#: A 403 of a client secret that was not rotated in 180 days: Login with Amazon still gives access tokens for it
#: (docs/amazon/errors.md#http-errors).
_EXPIRED_SECRET = "the lwa secret token you provided has expired"  # noqa: S105  # no secret

#: What to do about it.
ROTATE = (  # no secret
    "The client secret was not rotated in 180 days: rotate it under your application's LWA credentials in Developer "
    "Central or Solution Provider Portal, and set `client_secret` to the new one. No new consent is needed"
)


def is_refused_token(error: object) -> bool:
    """Return whether Amazon refused an access token, a new one too."""
    return isinstance(error, AccessDeniedError) and wants_new_token(error.text)


def wants_new_token(text: str) -> bool:
    """Return whether a new access token fixes a 403."""
    return any(part in text.lower() for part in _TOKEN)


def is_incident(text: str) -> bool:
    """Return whether a 403 passes within minutes."""
    return _INCIDENT in text.lower()


def is_expired_secret(text: str) -> bool:
    """Return whether a 403 means that the client secret is too old."""
    return _EXPIRED_SECRET in text.lower()


def is_missing_role(error: AmazonError | None) -> bool:
    """Return whether Amazon refused an operation in words that mean a missing role, and nothing else."""
    if not isinstance(error, (AccessDeniedError, RequestRejectedError)):
        return False
    words = error.text.lower()
    return NO_ROLE in words or NO_RESTRICTED_ROLE in words


def may_lack_role(error: AmazonError | None) -> bool:
    """Return whether Amazon refused an operation in words that may mean a missing role, among other things."""
    if is_missing_role(error):
        return True
    if not isinstance(error, AccessDeniedError):
        return False
    words = error.text.lower()
    # With details it is the token, or something else that a role does not open.
    return words.rstrip(" .").endswith(DENIED) and NO_TOKEN not in words


# Data Kiosk (docs/amazon/errors.md#data-kiosk).

_NO_FIELDS = (
    "The application lacks the role for these data ({roles}), or the account authorized it before the role was added: "
    "add the role, then authorize again. Where all was well yesterday it may be an incident at Amazon, which passes"
)
_REFUSED_FIELDS = "unauthorized to access requested fields"
#: With the fields that Amazon has removed from a view, say.
_INVALID_QUERY = "the provided query is invalid"
_DAILY_INVENTORY = "daily inventory metrics"

#: Our words for what Amazon does not say (docs/amazon/data-kiosk.md#vendor-analytics).
NULLS = "all figures of the document are null, as of a query that is too wide"

_FAILED_QUERIES = (
    (NULLS, Verdict(Outcome.LATER, "The next run asks again", retry=True, too_wide=True)),
    (_REFUSED_FIELDS, Verdict(Outcome.SKIPPED, _NO_FIELDS, retry=True, whole=True)),
    # Without them the second query succeeds.
    (_DAILY_INVENTORY, Verdict(Outcome.FAILED, retry=True)),
    # An argument or attribute that the view does not support, or a fault of Amazon's.
    ("exception while fetching data", Verdict(Outcome.FAILED, retry=True)),
    ("validation error", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("no more than two years ago", Verdict(Outcome.FAILED, REPORT_IT)),
)


def refuses_fields(text: str) -> bool:
    """Return whether an error means that Amazon does not give the account some fields, or has an incident."""
    return _REFUSED_FIELDS in text.lower()


def names_refused_fields(text: str) -> bool:
    """Return whether an error names fields that Amazon does not give the account, or does not have any more."""
    return refuses_fields(text) or _INVALID_QUERY in text.lower()


def names_daily_inventory(text: str) -> bool:
    """Return whether an error is about metrics that Amazon has for single, recent days only."""
    return _DAILY_INVENTORY in text.lower()


def judge_query_failure(text: str | None, *, recent: bool, known_available: bool, roles: Iterable[str] = ()) -> Verdict:
    """Judge a query by the errors that Amazon put into its error document.

    Args:
        text: Amazon's texts, None for a FATAL query without a document.
        recent: The requested days are so recent that Amazon may still publish them.
        known_available: This account has had this view before.
        roles: Amazon's roles, any one of which suffices for the view.
    """
    words = (text or "").lower()
    for part, verdict in _FAILED_QUERIES:
        if part in words:
            return replace(verdict, advice=verdict.advice.format(roles=_either(roles)))
    return judge_fatal(text, recent=recent, known_available=known_available)


def _either(roles: Iterable[str]) -> str:
    return " or ".join(roles) or "none is known"


def judge_query_refusal(error: AmazonError, roles: Iterable[str] = ()) -> Verdict:
    """Judge a query that Amazon refused to create.

    Args:
        error: What the call raised.
        roles: Amazon's roles, any one of which suffices for the view.
    """
    if refuses_fields(error.text):
        return Verdict(Outcome.SKIPPED, _NO_FIELDS.format(roles=_either(roles)), retry=True, whole=True)
    if _INVALID_QUERY in error.text.lower():
        return Verdict(Outcome.FAILED, REPORT_IT, whole=True)
    return judge_refusal(error, roles)


# Amazon Ads (docs/amazon/ads.md#errors).

_NO_PROFILE = (
    "The consent does not open this profile at this host, or the user who gave it lost the right to see the "
    "advertising account: check `region` and `profiles` in `ads`, then ask for consent again with "
    "`amazon-vendor authorize --ads`"
)
_NO_PERMISSION = (
    "The user who gave the consent lacks the right to view campaigns and reports, which an administrator of the "
    "advertising account gives, or Amazon has not approved the application for the Ads API"
)
_NO_PRODUCT = "This kind of advertising is not open to the account"

_REFUSED_ADS = (
    ("is not authorized for", Verdict(Outcome.SKIPPED, _NO_PRODUCT, whole=True)),
    ("do not have access to sponsored", Verdict(Outcome.SKIPPED, _NO_PRODUCT, whole=True)),
    ("not available to vendors", Verdict(Outcome.SKIPPED, "Amazon has this report for sellers only", whole=True)),
    ("access scope", Verdict(Outcome.FAILED, _NO_PROFILE, whole=True)),
    ("advertiser found for scope", Verdict(Outcome.FAILED, _NO_PROFILE, whole=True)),
    ("invalid advertiser or marketplace", Verdict(Outcome.FAILED, _NO_PROFILE, whole=True)),
    ("advertiser id cannot be decrypted", Verdict(Outcome.FAILED, _NO_PROFILE, whole=True)),
    ("the consent opens no profile", Verdict(Outcome.FAILED, whole=True)),
    ("the consent does not open", Verdict(Outcome.FAILED, whole=True)),
    ("unauthorized", Verdict(Outcome.FAILED, _NO_PROFILE)),
    ("invalid values", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("invalid groupby", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("reporttypeid is unknown", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("content type", Verdict(Outcome.FAILED, REPORT_IT, whole=True)),
    ("not acceptable", Verdict(Outcome.FAILED, REPORT_IT)),
    ("maximum range", Verdict(Outcome.FAILED, REPORT_IT)),
    # Without the id of the one that is running: the next run finds it finished, and may ask.
    ("duplicate", Verdict(Outcome.LATER)),
)


def judge_ads_refusal(error: AmazonError) -> Verdict:
    """Judge a call that the Ads API refused.

    Args:
        error: What the call raised.
    """
    words = error.text.lower()
    other = Verdict(Outcome.FAILED, _NO_PERMISSION if isinstance(error, AccessDeniedError) else "")
    return next((verdict for part, verdict in _REFUSED_ADS if part in words), other)

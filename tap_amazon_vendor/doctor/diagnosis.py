"""Finds out whether an account can be read, and what blocks it: for `amazon-vendor doctor`, `--test` and runs.

Amazon requires two things for access to data. The API authorization: the account consented to the application, which
had the role at the time. The user permission: the account, and the user who consented for it, may see the data in
Vendor Central or Seller Central. A list call shows the former; the latter shows in reports only, so those of the last
90 days are checked. That a list call is answered proves nothing: whether Amazon refuses it where the role is missing
is not known. Only a report that came does. Where a role opens no report, an operation that it opens is called.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from tap_amazon_vendor.amazon.client import EXPIRED_SECRET
from tap_amazon_vendor.amazon.wording import (
    NO_ROLE,
    NO_TOKEN,
    NO_VENDOR_GROUP,
    OTHER_ACCOUNT_TYPE,
    is_refused_token,
    may_lack_role,
)
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.doctor import advice
from tap_amazon_vendor.doctor.questions import GET_PARTICIPATIONS, Participations, Questions, says
from tap_amazon_vendor.doctor.result import Check, Diagnosis, Permission, State
from tap_amazon_vendor.errors import (
    REPORT_IT,
    AccessDeniedError,
    AmazonError,
    CredentialsError,
    RequestRejectedError,
    UnavailableError,
)
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.streams.query_rows import QueryRows
from tap_amazon_vendor.streams.report_rows import ReportRows

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tap_amazon_vendor.amazon.auth import LwaAuthenticator
    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.doctor.questions import Queries, Reports, Roles
    from tap_amazon_vendor.streams import AnyRows
    from tap_amazon_vendor.streams.paged import Listing

    Groups = Mapping[str, Sequence[AnyRows]]
    Jobs = Reports | Queries
    ByRole = dict[tuple[str, Roles], list[AnyRows]]

#: Days after which Amazon no longer accepts a client secret, and how many days before that we warn
#: (docs/amazon/login.md#credentials).
SECRET_DAYS = 180
WARN_DAYS = 30

#: The role of every vendor and brand report.
BRAND_ANALYTICS = ("Brand Analytics",)

MARKETPLACES = "marketplaces"
DONE, FATAL = "DONE", "FATAL"

#: Of each kind of job several, and the days for which Amazon lists them.
KEPT = {"report": ("reports", 90), "query": ("queries", 30)}


def check_account(  # noqa: PLR0913  # whom, what, how, and what is known already
    account: Account,
    groups: Groups,
    api: SellingPartnerApi,
    today: date,
    *,
    only: Collection[str] | None = None,
    heard: Mapping[str, AmazonError] = MappingProxyType({}),
) -> Diagnosis:
    """Check an account, in the order in which one thing explains the next. Requests no report.

    Args:
        account: The account to check.
        groups: The streams by permission group; those of the other account type are ignored.
        api: Its client.
        today: The current UTC day.
        only: Names of the streams to check, None for all.
        heard: Errors with which Amazon just refused reports, by stream name: those calls are not repeated.

    Returns:
        The diagnosis; Amazon's refusals are part of it and not raised.
    """
    found: list[Check] = []
    for check in _check_login(account, api.auth, today):
        found.append(check)
        if check.state is State.FAILED:
            return Diagnosis(account, tuple(found))
    every = _by_role(account, groups)
    wanted = {
        key: chosen
        for key, streams in every.items()
        if (chosen := [stream for stream in streams if only is None or stream.name in only])
    }
    types: dict[Roles, list[str]] = {}
    for _, roles in wanted:
        # A stream that reads no report is judged by the reports that need its role.
        types[roles] = _types(wanted, roles) or _types(every, roles)
    answers = Questions(api, types, _heard(wanted, heard))
    for check in _check_place(account, api, answers):
        found.append(check)
        if check.state is State.FAILED:
            return Diagnosis(account, tuple(found))
    permissions: list[Permission] = []
    for (group, roles), streams in wanted.items():
        # Where a run asks what blocks it, the reports of the same role have told.
        asks = only is None or not types[roles]
        listed = [stream for stream in streams if isinstance(stream, PagedRows) and asks]
        jobs = answers.of(roles)
        # What refuses reports refuses queries.
        asks = asks and not isinstance(jobs, AmazonError)
        queried = [stream for stream in streams if isinstance(stream, QueryRows) and asks]
        if others := [stream for stream in streams if stream not in (*listed, *queried)]:
            permissions += _of_jobs(account, Permission(group, roles, _names(others)), others, jobs, "report")
        if queried:
            own = Permission(group, roles, _names(queried))
            permissions += _of_jobs(account, own, queried, answers.queries(), "query")
        if listed:
            permission = Permission(group, roles, _names(listed))
            permissions.append(_of_listing(account, permission, listed[0].listing, answers, today))
    return Diagnosis(account, tuple(found), tuple(permissions))


def tells_of_roles(error: AmazonError | None) -> bool:
    """Return whether Amazon would refuse a list call with the same error as a report."""
    return isinstance(error, AccessDeniedError) or is_other_kind(error)


def is_other_kind(error: AmazonError | None) -> bool:
    """Return whether Amazon refused a report because the authorization is for the other account type."""
    return error is not None and says(error, OTHER_ACCOUNT_TYPE)


def _types(by_role: ByRole, roles: Roles) -> list[str]:
    """Return the report types that need some roles, each once."""
    streams = [stream for (_, needed), some in by_role.items() if needed == roles for stream in some]
    return list(dict.fromkeys(stream.source for stream in streams if isinstance(stream, ReportRows)))


def _heard(by_role: ByRole, heard: Mapping[str, AmazonError]) -> dict[Roles, Reports | AmazonError]:
    """Return Amazon's errors so far for reports, by the roles that they need."""
    known: dict[Roles, Reports | AmazonError] = {}
    for (_, roles), streams in by_role.items():
        for stream in streams:
            # The error of another API may mean something else.
            if isinstance(stream, ReportRows) and tells_of_roles(heard.get(stream.name)):
                known.setdefault(roles, heard[stream.name])
    return known


def _check_login(account: Account, auth: LwaAuthenticator, today: date) -> Iterator[Check]:
    """Check the application's client, the refresh token, and whether they belong together."""
    code, error = "", None
    try:
        if not auth.is_token_valid():
            auth.update_access_token()
    except AmazonError as caught:
        error = str(caught)
        code = caught.code or "" if isinstance(caught, CredentialsError) else ""
    hints = advice.credentials(account)
    if error and code not in {"invalid_grant", "unauthorized_client"}:
        if code == "invalid_client" and (_age(account, today) or 0) >= SECRET_DAYS:
            hints = (f"The client secret is {_age(account, today)} days old. {advice.rotate()}", *hints)
        yield Check("client" if code == "invalid_client" else "login", State.FAILED, error, hints)
        return
    yield Check("client", State.OK, "Login with Amazon accepts `client_id` and `client_secret`")
    steps = (*hints, advice.new_consent(account))
    if error and code == "invalid_grant":
        yield Check("refresh token", State.FAILED, error, steps)
        return
    yield Check("refresh token", State.OK, "Login with Amazon knows `refresh_token`")
    if error:
        yield Check("client and token", State.FAILED, error, steps)
        return
    yield Check("client and token", State.OK, "Client and token belong together: Amazon issued an access token")
    if account.rotated_on is not None:
        yield _check_age(account, today)


def _age(account: Account, today: date) -> int | None:
    """Return the days since the client secret was rotated, None if unknown."""
    return None if account.rotated_on is None else (today - account.rotated_on).days


def _check_age(account: Account, today: date) -> Check:
    """Warn before Amazon stops accepting the client secret."""
    left = SECRET_DAYS - (_age(account, today) or 0)
    days = f"{left} days are left" if left >= 0 else "they are over"
    until = today + timedelta(days=left)
    text = f"A client secret is valid for {SECRET_DAYS} days, this one until {until}: {days}"
    if left > WARN_DAYS:
        return Check("client secret's age", State.OK, text)
    return Check("client secret's age", State.WARNING, text, (advice.rotate(),))


def _by_role(account: Account, groups: Groups) -> ByRole:
    """Group the streams of an account by group and roles."""
    countries = {place.country for place in account.marketplaces}
    found: ByRole = {}
    for group, streams in groups.items():
        for stream in streams:
            own = stream.countries
            if stream.account_type == account.kind and (own is None or countries & {*own}):
                found.setdefault((group, stream.roles), []).append(stream)
    return found


def _check_place(account: Account, api: SellingPartnerApi, answers: Questions) -> Iterator[Check]:
    """Check that the region's host knows the account, and the account's type and marketplaces."""
    answer = answers.first()
    if says(answer, OTHER_ACCOUNT_TYPE):
        text = f"This is not the authorization of a {account.kind}: {answer}"
        yield Check("account type", State.FAILED, text, advice.kind(account))
        return
    if isinstance(answer, CredentialsError) and answer.code == EXPIRED_SECRET:
        yield Check("client secret", State.FAILED, answer.text, (advice.rotate(),))
        return
    known = not isinstance(answer, AmazonError) or isinstance(answer, RequestRejectedError)
    if not known and not says(answer, NO_ROLE, NO_VENDOR_GROUP):
        refuses = isinstance(answer, AccessDeniedError)
        text = f"{account.api_url} {'refuses the account' if refuses else 'does not answer as Amazon does'}: {answer}"
        steps: tuple[str, ...] = advice.region(account) if refuses else (advice.host(account),)
        if is_refused_token(answer):
            steps = advice.token(account)
        elif says(answer, NO_TOKEN):
            steps = (REPORT_IT,)
        elif isinstance(answer, UnavailableError):
            steps = (*steps, "If they are right, Amazon has an outage: try again later")
        yield Check("region", State.FAILED, text, steps)
        return
    yield Check("region", State.OK, f"{account.api_url} knows the account")
    yield _seller_marketplaces(account, api) if account.kind == "seller" else _vendor_marketplaces(account, answer)


def _seller_marketplaces(account: Account, api: SellingPartnerApi) -> Check:
    """Compare the marketplaces with those in which the seller participates."""
    try:
        answer = api.call(GET_PARTICIPATIONS, answer=Participations)
    except AmazonError as error:
        return Check(MARKETPLACES, State.UNKNOWN, f"Amazon does not say where the seller sells: {error}")
    own = {each.marketplace.id: each.marketplace.country_code for each in answer.payload}
    missing = ", ".join(place.country for place in account.marketplaces if place.marketplace_id not in own)
    has = f"The account sells in {', '.join(sorted(own.values()))}"
    if not missing:
        return Check(MARKETPLACES, State.OK, has)
    steps = (f"Remove {missing} from `marketplaces`, or authorize the account that sells there",)
    return Check(MARKETPLACES, State.FAILED, f"{has}, not in {missing}", steps)


def _vendor_marketplaces(account: Account, answer: Reports | AmazonError) -> Check:
    """Compare the marketplace with that of earlier reports: no call returns that of a vendor group."""
    reports = [] if isinstance(answer, AmazonError) else answer
    done = {id_ for report in reports if report.processing_status == DONE for id_ in report.marketplace_ids or ()}
    if not done:
        return Check(MARKETPLACES, State.UNKNOWN, "Unknown until the first report: Amazon does not say it earlier")
    wrong = ", ".join(place.country for place in account.marketplaces if place.marketplace_id not in done)
    if not wrong:
        return Check(MARKETPLACES, State.OK, "Reports came from it within the last 90 days")
    have = ", ".join(sorted(BY_ID[id_].country if id_ in BY_ID else id_ for id_ in done))
    steps = ("Set `marketplaces` to the vendor group's marketplace",)
    return Check(MARKETPLACES, State.FAILED, f"All reports of this account are from {have}, none from {wrong}", steps)


def _names(streams: Iterable[AnyRows]) -> tuple[str, ...]:
    return tuple(stream.name for stream in streams)


def _of_listing(
    account: Account, permission: Permission, listing: Listing, answers: Questions, today: date
) -> Permission:
    """Check streams of paged APIs: one listing stands for those of the same roles."""
    name = listing.operation.name
    error = answers.can_read(listing, account, today)
    if error is None:
        text = f"Amazon gives a restricted data token for {name}" if listing.restricted else f"Amazon answers {name}"
        return replace(permission, authorized=State.OK, permitted=State.OK, text=text)
    if not may_lack_role(error):
        return replace(permission, text=str(error), answered=False)
    if not permission.roles:
        return replace(
            permission,
            authorized=State.FAILED,
            text=f"The API authorization lacks a role, and Amazon does not document which one {name} needs: {error}",
            steps=(f"Ask Amazon's developer support which role {name} needs, or deselect the streams",),
        )
    return _without_role(account, permission, error)


def _without_role(account: Account, permission: Permission, error: AmazonError) -> Permission:
    role = " or ".join(permission.roles)
    return replace(
        permission,
        authorized=State.FAILED,
        text=f"The API authorization lacks the role {role}: {error}",
        steps=advice.role_steps(account, role),
        request=advice.role_request(account, role),
    )


def _of_jobs(
    account: Account,
    permission: Permission,
    streams: Sequence[AnyRows],
    answer: Reports | Queries | AmazonError,
    job: str,
) -> Iterator[Permission]:
    """Check whether the streams of a group that need the same role can be read.

    Those of whose report type or view one came are told apart from the others: it proves nothing of another type.
    """
    jobs = [] if isinstance(answer, AmazonError) else answer
    done = {each.job_type for each in jobs if each.processing_status == DONE}
    for proved in (True, False):
        some = tuple(stream for stream in streams if (stream.source in done) is proved)
        if some:
            yield _permission(account, replace(permission, streams=_names(some)), some, answer, job)


def _permission(
    account: Account,
    permission: Permission,
    streams: Sequence[AnyRows],
    answer: Reports | Queries | AmazonError,
    job: str,
) -> Permission:
    """Judge the streams of which reports or queries came, or those of which none came."""
    group = permission.group
    if isinstance(answer, AmazonError):
        if says(answer, NO_VENDOR_GROUP):
            return replace(
                permission,
                authorized=State.OK,
                permitted=State.FAILED,
                text=f"The account or its user lacks the permission: {answer}",
                steps=advice.user_steps(account, group),
                request=advice.user_request(account, group),
            )
        if not may_lack_role(answer):
            return replace(permission, text=str(answer), answered=False)
        return _without_role(account, permission, answer)
    types = {stream.source for stream in streams}
    ends = [each.processing_status for each in answer if each.job_type in types]
    several, days = KEPT[job]
    if DONE in ends:
        text = f"{several.capitalize()} came within the last {days} days"
        return replace(permission, authorized=State.OK, permitted=State.OK, text=text)
    if FATAL in ends:
        return replace(
            permission,
            permitted=State.WARNING,
            text=f"No {job} succeeded: all {ends.count(FATAL)} {several} of the last {days} days ended in an error",
            steps=(
                "See Amazon's reason in `report_ledger`. If it is about permissions:",
                *advice.user_steps(account, group),
            ),
            request=advice.user_request(account, group),
        )
    return replace(permission, text=f"Unknown until the first {job}: an accepted list call proves nothing")

"""The WSGI application: routes, the gate before each operation, the log of calls.

One host plays five: SP-API, the Ads API under `/ads`, LWA, the document host, and the sandbox's own
pages under `/sandbox`, which have nothing to do with Amazon.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from amazon_sandbox import (
    ads_app,
    ads_consent,
    consent,
    data_kiosk_api,
    direct_fulfillment_api,
    documents,
    errors,
    faults,
    finances_api,
    invoices_api,
    pages,
    reports_api,
    sellers_api,
    tokens_api,
    vendor_orders_api,
    vendor_shipments_api,
    wire,
)
from amazon_sandbox.ads_accounts import AdsAccount
from amazon_sandbox.amazon import Call
from amazon_sandbox.api import ApiCall
from amazon_sandbox.chance import derive
from amazon_sandbox.documents import S3Error
from amazon_sandbox.errors import AmazonError
from amazon_sandbox.lwa import LwaError, consent_revoked, lwa_incident
from amazon_sandbox.spoilt import SHAPES, spoil, spoil_download

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    # The types of wsgiref exist for type checkers only.
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.datastructures import MultiDict

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.api import Answer, Operation
    from amazon_sandbox.lwa import Token

OPERATIONS: tuple[Operation, ...] = (
    *reports_api.OPERATIONS,
    *tokens_api.OPERATIONS,
    *finances_api.OPERATIONS,
    *sellers_api.OPERATIONS,
    *vendor_orders_api.OPERATIONS,
    *vendor_shipments_api.OPERATIONS,
    *invoices_api.OPERATIONS,
    *direct_fulfillment_api.OPERATIONS,
    *data_kiosk_api.OPERATIONS,
)

# The model gives the header to these answers and to no other ones.
WITH_RATE = (200, 201, 202, 204, 400, 404)
LONGEST_USER_AGENT = 500

# Amazon refuses unknown query parameters on some APIs (docs/amazon/requests.md#query-parameters: Data Kiosk).
# On the APIs here these four pass: python-amazon-sp-api has long sent them along
# with every GET, against the real thing.
TOLERATED = frozenset({"MarketplaceId", "MarketplaceIds", "marketplace_ids", "marketplaceIds"})

_ANY_CALL = frozenset(
    {
        "server_error_500",
        "service_unavailable_503",
        "html_200",
        "token_expired_early",
        "token_malformed",
        "security_token_incident",
    }
)
_GATE_FAULTS = {
    "createReport": frozenset({"quota_exceeded"}),
    "createQuery": frozenset({"quota_exceeded"}),
    "getDocument": frozenset({"document_gone", "document_gone_tersely"}),
    "getReportDocument": frozenset({"document_gone", "document_gone_tersely"}),
}
# A listing is optional: if it fails, a client continues as if it were empty.
_LISTINGS = {"getReports", "getQueries"}
_GATE_ERRORS: Mapping[str, Callable[[], AmazonError]] = {
    "quota_exceeded": errors.quota_exceeded,
    "quota_exceeded_get": errors.quota_exceeded,
    "server_error_500": errors.internal_failure,
    "security_token_incident": errors.incident,
    "document_gone": partial(errors.not_found, what="Document"),
}
_ANY_ANSWER = frozenset({"read_timeout", "answer_cut_off", "answer_drips"}) | SHAPES
_ANSWER_FAULTS = {
    "createReport": frozenset({"connection_reset"}),
    "createQuery": frozenset({"connection_reset"}),
    "getReportDocument": frozenset({"gzip_unlabelled"}),
}


# Writes a Decimal as a number with its exact digits.
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Reset(Exception):  # noqa: N818 - an event on the wire, no error of ours
    """The connection is to be broken instead of answered."""


class _Stall(Exception):  # noqa: N818
    """The answer is to be held back."""


@dataclass(frozen=True)
class _File:
    """A document that can be downloaded.

    Attributes:
        account: Label of whose it is.
        content: Gives its bytes.
        content_type: What the answer says that it is.
        compressed: Whether it is gzip.
        told: Whether the answer says so.
    """

    account: str
    content: Callable[[], documents.Content]
    content_type: str
    compressed: bool
    told: bool = False


@dataclass
class _Trace:
    """What the log will say of a request."""

    operation: str
    ids: Mapping[str, str]
    account: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


@cache
def _routes() -> Map:
    """Lay out the routes, alike for each sandbox of a process."""
    routes = [Rule(operation.path, methods=[operation.method], endpoint=operation.name) for operation in OPERATIONS]
    routes += [
        Rule(ads_app.PREFIX + operation.path, methods=[operation.method], endpoint=operation.name)
        for operation in ads_app.OPERATIONS.values()
    ]
    routes += [
        Rule("/auth/o2/token", methods=["POST"], endpoint="token"),
        Rule(consent.PATH, methods=["GET", "POST"], endpoint="consent"),
        Rule(ads_consent.PATH, methods=["GET", "POST"], endpoint="ads_consent"),
        Rule("/documents/<documentId>", methods=["GET"], endpoint="download"),
    ]
    return Map(routes, strict_slashes=True, merge_slashes=False)


class Application:
    """The sandbox as a WSGI application.

    Args:
        sandbox: What it serves.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        """Find the routes."""
        self._sandbox = sandbox
        self._operations = {operation.name: operation for operation in OPERATIONS}
        self._routes = _routes()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, and record it."""
        request = Request(environ)
        own = pages.respond(self._sandbox, request)
        if own is not None:
            return own(environ, start_response)
        try:
            name, ids = self._routes.bind_to_environ(environ).match()
        except HTTPException:
            name, ids = "unknown", {}
        trace = _Trace(name, ids, request=dict(ids))
        at = self._sandbox.clock()
        try:
            response = self._respond(request, trace, at)
        except (_Reset, _Stall) as event:
            self._sandbox.record(Call(name, trace.account, 0, at, trace.request))
            if isinstance(event, _Stall):
                sandbox = self._sandbox
                wire.stall(environ, sandbox.closing, sandbox.stall_seconds)
            raise wire.reset(environ) from None
        call = Call(name, trace.account, response.status_code, at, trace.request)
        number = self._sandbox.record(call)
        request_id = UUID(int=derive("request", number) << 64 | derive("id", number))
        response.headers["x-amzn-RequestId"] = str(request_id)
        return response(environ, start_response)

    def _respond(self, request: Request, trace: _Trace, now: datetime) -> Response:
        if trace.operation == "token":
            return self._token(request, trace, now)
        if trace.operation in {"consent", "ads_consent"}:
            return self._consent(request, trace, now)
        if trace.operation == "download":
            return self._download(request, trace, now)
        if trace.operation in ads_app.OPERATIONS:
            return self._ads(request, trace, now)
        if request.path.startswith(f"{ads_app.PREFIX}/"):
            return _json(404, {"message": "Not Found"})
        operation = self._operations.get(trace.operation)
        try:
            # Two threads must not take the same token of a bucket or the same id.
            with self._sandbox.lock:
                token = self._authenticate(request, trace, now)
                if operation is None:
                    raise errors.denied()
                response = self._operate(request, trace, operation, token, now)
        except AmazonError as error:
            response = _json(error.status, error.body())
            response.headers["x-amzn-ErrorType"] = error.error_type
        if operation is not None and response.status_code in WITH_RATE:
            rate = self._sandbox.quotas.rate(operation.name)
            response.headers["x-amzn-RateLimit-Limit"] = str(round(float(rate), 6))
        return response

    def _authenticate(self, request: Request, trace: _Trace, now: datetime) -> Token:
        """Let nobody in without a good access token.

        See docs/amazon/requests.md#headers and docs/amazon/reports-api.md#restricted-documents.
        """
        access_token = request.headers.get("x-amz-access-token")
        if not access_token:
            raise errors.missing_token()
        token = self._sandbox.lwa.find(access_token)
        if token is None or token.account is None or isinstance(token.account, AdsAccount):
            raise errors.denied(errors.TOKEN_MALFORMED if token is None else "")
        trace.account = token.account.label
        if now >= token.expires_at:
            raise errors.denied(errors.TOKEN_EXPIRED)
        operation = self._operations.get(trace.operation)
        paths = {request.path} if operation is None else {request.path, operation.template}
        if token.resources is not None and token.resources.isdisjoint((request.method, path) for path in paths):
            raise errors.denied()
        user_agent = request.headers.get("user-agent", "")
        if not user_agent:
            raise errors.missing_parameters(names=["user-agent"])
        if len(user_agent) > LONGEST_USER_AGENT:
            raise errors.invalid_input(details="Invalid input in user-agent")
        return token

    def _operate(
        self,
        request: Request,
        trace: _Trace,
        operation: Operation,
        token: Token,
        now: datetime,
    ) -> Response:
        sandbox, account = self._sandbox, token.account
        assert account is not None, "a grantless token got past the gate"  # noqa: S101 - for the type checker
        query = _joined(request.args)
        sent = request.environ.get("REQUEST_URI", request.path).partition("?")[0]
        # A slash of an identifier has to be percent-encoded.
        if sent.count("/") != operation.path.count("/"):
            raise errors.denied()
        if set(query) - set(operation.query) - (TOLERATED if operation.tolerant else set()):
            raise errors.denied()
        query = {name: query[name] for name in query if name in operation.query}
        trace.request = {**trace.ids, **query, **_body(request)}
        page = self._gate(request, operation.name, now)
        if page is not None:
            return page
        if not operation.allows(account) or (operation.restricted and token.resources is None):
            raise errors.denied()
        if not sandbox.quotas.take(account, operation.name, now):
            raise errors.quota_exceeded()
        call = ApiCall(
            account=account,
            now=now,
            ids=trace.ids,
            query=query,
            content_type=request.mimetype,
            body=request.get_data(),
            base_url=sandbox.url or request.host_url.rstrip("/"),
            restricted=token.resources is not None,
        )
        answer = operation.handler(sandbox, call)
        fault = self._after(operation.name, answer)
        if answer.body is None:
            return Response(status=answer.status)
        return spoil(fault, _json(answer.status, answer.body), request.environ, sandbox.pause)

    def _gate(self, request: Request, operation: str, now: datetime) -> Response | None:
        """Let a fault strike before the operation does anything."""
        fitting = _ANY_CALL | _GATE_FAULTS.get(operation, frozenset())
        if request.method == "GET":
            fitting |= {"connection_reset_get"}
            fitting |= set() if operation in _LISTINGS else {"quota_exceeded_get"}
        fault = self._sandbox.faults.strike(fitting)
        access_token = request.headers["x-amz-access-token"]
        if fault is None:
            return None
        if fault == "connection_reset_get":
            raise _Reset
        if fault == "token_expired_early":
            # For good: repeating the call with the same token must not help.
            self._sandbox.lwa.expire(access_token, now)
            raise errors.denied(errors.TOKEN_EXPIRED)
        if fault == "token_malformed":
            self._sandbox.lwa.revoke(access_token)
            raise errors.denied(errors.TOKEN_MALFORMED)
        if fault == "document_gone_tersely":
            return _json(404, {"errors": [{"code": "NotFound"}]})
        if fault == "service_unavailable_503":
            return _html(503)
        if fault == "html_200":
            return _html(200)
        raise _GATE_ERRORS[fault]()  # noqa: RSE102 - a function that makes the error

    def _after(self, operation: str, answer: Answer) -> str | None:
        """Let a fault strike after the operation has done its work."""
        fitting = _ANY_ANSWER | _ANSWER_FAULTS.get(operation, frozenset())
        fault = self._sandbox.faults.strike(fitting)
        if fault == "connection_reset":
            raise _Reset
        if fault == "read_timeout":
            raise _Stall
        if fault == "gzip_unlabelled" and answer.body is not None:
            answer.body.pop("compressionAlgorithm", None)
        return fault

    def _ads(self, request: Request, trace: _Trace, now: datetime) -> Response:
        trace.request = {**trace.ids, **_joined(request.args), **_body(request)}
        scope = request.headers.get("Amazon-Advertising-API-Scope")
        if scope:
            trace.request["profileId"] = scope

        def known(label: str) -> None:
            trace.account = label

        with self._sandbox.lock:
            operation = ads_app.OPERATIONS[trace.operation]
            response, fault = ads_app.respond(self._sandbox, request, operation, ids=trace.ids, now=now, known=known)
        if fault == "ads_connection_reset":
            raise _Reset
        if fault == "ads_read_timeout":
            raise _Stall
        return spoil(fault, response, request.environ, self._sandbox.pause)

    def _token(self, request: Request, trace: _Trace, now: datetime) -> Response:
        form = _joined(request.form)
        lwa = self._sandbox.lwa
        trace.request = {"grant_type": form.get("grant_type", "")}
        with self._sandbox.lock:
            account = lwa.account_of(form)
            trace.account = account.label if account else ""
            fault = self._sandbox.faults.strike({**faults.LOGIN, **faults.CONSENT})
            if fault == "lwa_reset":
                raise _Reset
            if fault in {"lwa_503", "lwa_html_200"}:
                return _html(503 if fault == "lwa_503" else 200)
            if fault == "lwa_500":
                return _lwa_error(lwa_incident())
            if fault == "consent_revoked":
                return _lwa_error(consent_revoked())
            try:
                return _json(200, lwa.grant(request.mimetype, form, now))
            except LwaError as error:
                return _lwa_error(error)

    def _consent(self, request: Request, trace: _Trace, now: datetime) -> Response:
        sandbox, values = self._sandbox, _joined(request.values)
        trace.request = {name: values[name] for name in ("application_id", "decision") if name in values}
        trace.account = values.get("account", "")
        ads = trace.operation == "ads_consent"
        if request.method == "GET":
            return ads_consent.show(sandbox, values) if ads else consent.show(sandbox, values)
        with sandbox.lock:
            return ads_consent.decide(sandbox, values, now) if ads else consent.decide(sandbox, values, now)

    def _file(self, document_id: str, now: datetime) -> _File | None:
        """Find a document, whichever API it belongs to; None for one that is not there, or no longer."""
        sandbox = self._sandbox
        job = sandbox.jobs.with_document(document_id, now)
        if job is not None:
            content, kind = partial(sandbox.documents.content, job), sandbox.documents.content_type(job)
            return _File(job.account.label, content, kind, compressed=sandbox.documents.compressed(job))
        asked = sandbox.queries.with_document(document_id, now)
        if asked is not None and asked.kept(now):
            # That a document of Data Kiosk is compressed, nothing but the download tells.
            packed = asked.compressed
            return _File(asked.account.label, asked.content, "application/json", compressed=packed, told=packed)
        advertised = sandbox.ads_reports.file(document_id, now)
        if advertised is not None:
            return _File(advertised.account.label, advertised.content, "application/octet-stream", compressed=True)
        return None

    def _download(self, request: Request, trace: _Trace, now: datetime) -> Response:
        sandbox, document_id = self._sandbox, trace.ids["documentId"]
        query = _joined(request.args)
        fault = None
        try:
            with sandbox.lock:
                file = self._file(document_id, now)
                trace.account = file.account if file else ""
                sandbox.presigner.check(document_id, query, dict(request.headers), now)
                if file is None:
                    raise documents.no_such_key()
                fault = sandbox.faults.strike(faults.of_download(compressed=file.compressed))
                if fault == "url_expired":
                    raise documents.url_expired()
                if fault == "download_slow_down":
                    raise documents.slow_down()
            content = documents.spoil(fault, file.content())
        except S3Error as error:
            return _xml(error)
        response = Response(content.chunks(), content_type=file.content_type)
        response.content_length = content.length
        if file.told or query.get("response-content-encoding") == "gzip":
            response.headers["Content-Encoding"] = "gzip"
        if spoil_download(fault, response, content, request.environ, sandbox.pause):
            return response
        try:
            response.make_conditional(request, accept_ranges=True, complete_length=content.length)
        except RequestedRangeNotSatisfiable:
            return _xml(S3Error(416, "InvalidRange", "The requested range is not satisfiable"))
        # The server writes a Date of its own.
        response.headers.remove("Date")
        return response


def _joined(values: MultiDict[str, str]) -> dict[str, str]:
    """Repeated parameters as one list with commas, which the model prescribes."""
    return {name: ",".join(values.getlist(name)) for name in values}


def _body(request: Request) -> dict[str, Any]:
    """The JSON body of a request for the log, as far as it is one."""
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(_encode(body), status, mimetype="application/json")


def _lwa_error(error: LwaError) -> Response:
    return _json(error.status, {"error": error.error, "error_description": error.description})


def _xml(error: S3Error) -> Response:
    return Response(error.body(), error.status, mimetype="application/xml")


def _html(status: int) -> Response:
    return Response(documents.HTML, status, mimetype="text/html")

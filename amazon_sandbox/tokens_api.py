"""The operation of the Tokens API 2021-03-01: restricted data tokens.

See docs/amazon/reports-api.md#restricted-documents and the model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_sandbox import direct_fulfillment_api, errors
from amazon_sandbox.api import Answer, ApiCall, Operation
from amazon_sandbox.reports import RULES
from amazon_sandbox.reports_api import DOCUMENTS

if TYPE_CHECKING:
    from amazon_sandbox.amazon import Sandbox

MOST_RESOURCES = 50
METHODS = frozenset({"GET", "PUT", "POST", "DELETE"})
MALFORMED = "Request is missing or has invalid parameters"
UNSUPPORTED = "Invalid or unsupported document ID found"
NO_ACCESS = "Application do not have access to some or all requested resource"


def create_restricted_data_token(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Make a token that opens just the report documents and the operations of direct fulfilment that are named."""
    listed = call.json("restrictedResources").get("restrictedResources")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_RESOURCES:
        raise errors.AmazonError(400, "InvalidRequest", MALFORMED, "Resource not provided.")
    resources = frozenset(_resource(sandbox, call, resource) for resource in listed)
    return Answer(200, sandbox.lwa.restrict(call.account, resources, call.now))


def _resource(sandbox: Sandbox, call: ApiCall, resource: object) -> tuple[str, str]:
    method, path = (resource.get("method"), resource.get("path")) if isinstance(resource, dict) else (None, None)
    if method not in METHODS or not isinstance(path, str):
        raise errors.AmazonError(400, "InvalidRequest", MALFORMED, "Resource not provided.")
    operation = _operation(method, path)
    if operation is not None:
        if not operation.allows(call.account):
            raise errors.invalid_input(message=NO_ACCESS)
        return method, path
    folder, _, document_id = path.rpartition("/")
    job = sandbox.jobs.with_document(document_id, call.now)
    # The path with its placeholder written out is no document either (docs/amazon/reports-api.md#restricted-documents).
    if (method, folder) != ("GET", DOCUMENTS) or job is None or job.account.label != call.account.label:
        raise errors.invalid_input(message=UNSUPPORTED)
    rule = RULES[job.request.report_type]
    if not rule.restricted:
        raise errors.invalid_input(message=UNSUPPORTED)
    if set(rule.roles).isdisjoint(call.account.roles):
        raise errors.invalid_input(message=NO_ACCESS)
    return method, path


def _operation(method: str, path: str) -> Operation | None:
    """The restricted operation of a path, exact or with its placeholder written out."""
    for operation in direct_fulfillment_api.OPERATIONS:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.template))
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    return None


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "createRestrictedDataToken",
        "POST",
        "/tokens/2021-03-01/restrictedDataToken",
        create_restricted_data_token,
    ),
)

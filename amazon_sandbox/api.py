"""What all operations of SP-API have in common: a call that passed the gate, and its answer."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from amazon_sandbox import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from amazon_sandbox.accounts import Kind, SandboxAccount
    from amazon_sandbox.amazon import Sandbox

    Handler = Callable[["Sandbox", "ApiCall"], "Answer"]


@dataclass(frozen=True)
class ApiCall:
    """A request that has passed the gate.

    Attributes:
        account: Who calls.
        now: When.
        ids: What stands in the path.
        query: The query parameters.
        content_type: Media type of the body, without parameters.
        body: The body.
        base_url: The host that documents are to be fetched from.
        restricted: Whether the token is a restricted data token, made for this very call.
    """

    account: SandboxAccount
    now: datetime
    ids: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str
    body: bytes
    base_url: str
    restricted: bool = False

    def json(self, needed: str) -> dict[str, Any]:
        """The body as a JSON object.

        Args:
            needed: The parameter that is called missing when there is no such body.

        Raises:
            AmazonError: 415 for another content type; 400 for anything that is no
                JSON object, which Amazon takes for missing parameters (docs/amazon/errors.md#http-errors).
        """
        if self.content_type != "application/json":
            raise errors.unsupported_media_type()
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise errors.missing_parameters(names=[needed])
        return body

    def values(self, name: str, most: int) -> tuple[str, ...] | None:
        """A query parameter that is a list with commas; None when it is left out."""
        if name not in self.query:
            return None
        values = tuple(value for value in self.query[name].split(",") if value)
        if not 1 <= len(values) <= most:
            raise errors.invalid_input(details=f"Invalid input in {name}")
        return values

    def moment(self, name: str) -> datetime | None:
        """A query parameter that is a date and time; None when it is left out."""
        return moment(name, self.query.get(name))

    def size(self, name: str, default: int, most: int) -> int:
        """A query parameter that is the size of a page."""
        value = self.query.get(name, str(default))
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise errors.invalid_input(details=f"Invalid input in {name}")
        return int(value)


@dataclass(frozen=True)
class Answer:
    """What an operation answers.

    Attributes:
        status: HTTP status.
        body: The JSON body; None for no body.
    """

    status: int
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Operation:
    """One operation of a model.

    Attributes:
        name: Amazon's name.
        method: HTTP method.
        path: Path in the notation of Werkzeug's routing.
        handler: What answers it.
        query: The query parameters that it knows.
        kind: The kind of account that it is for; None for both.
        roles: The roles of which it needs one; none for no role, or where the report type
            decides.
        restricted: Whether it needs a restricted data token.
        tolerant: Whether it lets the marketplace pass as a query parameter that it does not know.
    """

    name: str
    method: str
    path: str
    handler: Handler
    query: tuple[str, ...] = ()
    kind: Kind | None = None
    roles: tuple[str, ...] = ()
    restricted: bool = False
    tolerant: bool = True

    @property
    def template(self) -> str:
        """The path with its placeholders written out, as the models write it."""
        return self.path.replace("<path:", "{").replace("<", "{").replace(">", "}")

    def allows(self, account: SandboxAccount) -> bool:
        """Whether the authorization of an account covers it."""
        fits = self.kind is None or self.kind == account.kind
        return fits and (not self.roles or not set(self.roles).isdisjoint(account.roles))


def moment(name: str, value: object) -> datetime | None:
    """Read a date and time of a request.

    Args:
        name: The parameter, for the refusal.
        value: What was sent; None when it was left out.

    Returns:
        An aware datetime in UTC; None for None.

    Raises:
        AmazonError: 400 for anything else.
    """
    if value is None:
        return None
    try:
        # Python 3.10 does not know the Z.
        text = str(value).replace("Z", "+00:00").replace("z", "+00:00")
        read = datetime.fromisoformat(text)
    except ValueError:
        raise errors.invalid_input(details=f"Invalid input in {name}") from None
    return read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)


def write_token(content: Mapping[str, str]) -> str:
    """Put what the next page needs to know into a nextToken."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def read_token(token: str) -> dict[str, str]:
    """Read a nextToken.

    Raises:
        AmazonError: 400 for a token that was not given out.
    """
    try:
        content = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        content = None
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise errors.invalid_input(details="Invalid nextToken")
    return content

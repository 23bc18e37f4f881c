"""Lists that come in pages: windows of time, filters that are checked, and tokens that expire.

A token names the place in the list at which the next page begins, goes along with the
filters of the first call (docs/amazon/vendor-apis.md#paging), and is of no use after a while. How long that is
is not documented: an hour here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from amazon_sandbox import errors
from amazon_sandbox.api import read_token, write_token
from amazon_sandbox.faults import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.api import ApiCall
    from amazon_sandbox.data.catalogue import Row

T = TypeVar("T")
Place = list[str]

TOKEN_LIFETIME = timedelta(hours=1)
WIDEST = timedelta(days=7)
OLDEST = timedelta(days=183)


@dataclass(frozen=True)
class Window:
    """A range of time: from its start on, and before its end."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        records: What is on it.
        pagination: The Pagination of the models: empty on the last page.
    """

    records: list[T]
    pagination: Row


def window(  # noqa: PLR0913 - the rules of a window differ
    call: ApiCall,
    after: str,
    before: str,
    *,
    widest: timedelta | None = WIDEST,
    oldest: timedelta | None = OLDEST,
    required: bool = False,
) -> Window | None:
    """Read a pair of dates.

    Args:
        call: The request.
        after: The parameter that starts the window.
        before: The parameter that ends it; without it the window ends with the request.
        widest: How long the window may be; None for as long as you like.
        oldest: How long ago it may start.
        required: Whether both have to be there.

    Returns:
        The window; None when neither is there.

    Raises:
        AmazonError: 400 for a window that is not allowed.
    """
    missing = [name for name in (after, before) if name not in call.query]
    if required and missing:
        raise errors.missing_parameters(names=missing)
    if after not in call.query and before not in call.query:
        return None
    end = call.moment(before) or call.now
    start = call.moment(after) or end - (widest or OLDEST)
    if start > end:
        raise errors.invalid_input(details=f"{after} is later than {before}")
    if any("token" in name.casefold() for name in call.query):
        # Was allowed when the list began; the token sees to it that it is the same one.
        return Window(start, end)
    if widest is not None and end - start > widest:
        raise errors.invalid_input(details=f"{after} and {before} are more than {widest.days} days apart")
    if oldest is not None and start < call.now - oldest:
        raise errors.invalid_input(details=f"{after} is more than 6 months ago")
    return Window(start, end)


def choice(call: ApiCall, name: str, allowed: Iterable[str], default: str | None = None) -> str | None:
    """A query parameter that is one of some words."""
    value = call.query.get(name, default)
    if value is not None and name in call.query and value not in allowed:
        raise errors.invalid_input(details=f"Invalid input in {name}")
    return value


def flag(call: ApiCall, name: str, *, default: bool) -> bool:
    """A query parameter that is true or false."""
    return choice(call, name, ("true", "false"), str(default).lower()) == "true"


def page(  # noqa: PLR0913 - what tells one list from another
    sandbox: Sandbox,
    call: ApiCall,
    records: Callable[[datetime], Iterable[T]],
    place: Callable[[T], tuple[str, ...]],
    size: int,
    *,
    newest_first: bool = False,
    token: str = "nextToken",  # noqa: S107 - a name, no secret
) -> Page[T]:
    """Cut one page out of a list.

    Args:
        sandbox: Its faults may strike, and it may cap the size of a page.
        call: The request; a token in it says which page.
        records: Gives the records as of the request that began the list.
        place: Where a record stands: texts that sort.
        size: The most records of a page.
        newest_first: Whether the places sort the other way.
        token: The name of the parameter.

    Raises:
        AmazonError: 400 for a token that is too old, is another account's, or comes with
            other filters than the first call.
    """
    filters = {name: value for name, value in call.query.items() if name != token}
    arguments = {**filters, **call.ids, "account": call.account.label}
    size = min(size, sandbox.page_records or size)
    began, last, first = call.now, None, None
    fault = None
    if token in call.query:
        began, last, first = _place_of(call, token, arguments)
        fault = sandbox.faults.strike(PAGE)
    if fault == "page_refused":
        raise errors.invalid_input()
    if fault == "page_token_expired":
        raise errors.invalid_input(details=f"{token} has expired")
    every = sorted(records(began), key=place, reverse=newest_first)
    places = [list(place(record)) for record in every]
    start = _index(places, last, newest_first=newest_first)
    if fault == "page_repeated":
        again = _index(places, first, newest_first=newest_first)
        return Page(every[again:start], {"nextToken": call.query[token]})
    if fault == "page_empty":
        return Page([], {"nextToken": call.query[token]})
    stop = start + size
    pagination: Row = {}
    if stop < len(every):
        content = {
            "arguments": json.dumps(arguments, sort_keys=True),
            "began": began.isoformat(),
            "given": call.now.isoformat(),
            "first": json.dumps(last),
            "last": json.dumps(places[stop - 1]),
        }
        pagination["nextToken"] = write_token(content)
    return Page(every[start - (fault == "page_overlap") : stop], pagination)


def _index(places: list[Place], last: Place | None, *, newest_first: bool) -> int:
    """How many records come before those of the next page."""
    if last is None:
        return 0
    return sum(1 for each in places if (each >= last if newest_first else each <= last))


def _place_of(call: ApiCall, token: str, arguments: Mapping[str, str]) -> tuple[datetime, Place | None, Place | None]:
    content = read_token(call.query[token])
    try:
        sent = json.loads(content["arguments"])
        began, given = (datetime.fromisoformat(content[name]) for name in ("began", "given"))
        last, first = json.loads(content["last"]), json.loads(content["first"])
    except (KeyError, ValueError):
        raise errors.invalid_input(details=f"Invalid {token}") from None
    if sent != arguments:
        raise errors.invalid_input(details=f"{token} needs the parameters of the call that gave it out")
    if call.now - given > TOKEN_LIFETIME:
        raise errors.invalid_input(details=f"{token} has expired")
    return began, last, first

"""Declarations of paged APIs: an operation that lists elements page by page, and the streams of its rows."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import msgspec

from tap_amazon_vendor.amazon.answers import Answer, decode
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.reports.calendars import Calendar, Horizon
    from tap_amazon_vendor.reports.windows import Window

    Context = Mapping[str, t.Any]

#: Column of the streams of paged APIs: when the tap saw this version of what the row is of.
SEEN_AT = "seen_at"


#: What tells an element from others: a text that is not blank.
Identifier = t.Annotated[str, msgspec.Meta(pattern=r"\S")]


@dataclass(frozen=True)
class RereadHours(Hours):
    """Hours of which each run reads the newest again.

    Attributes:
        least: Days that are read again at least, whatever `restatement_days` says.
        most: Days that are read again at most.
    """

    least: int = 1
    most: int = 10_000

    def restated(self, horizon: Horizon) -> datetime:
        """Return the first of the hours that are read again."""
        return self.newest(horizon) - timedelta(days=min(self.most, max(self.least, horizon.restatement_days)))


@dataclass(frozen=True, eq=False)
class Listing:
    """An operation that lists elements in pages. Streams that share one read the same pages, once.

    Attributes:
        operation: The operation.
        elements: Dotted path of the array of elements in a page.
        next_token: Dotted path of the next page's token in a page, beside the elements or in an object beside them.
        identifiers: Fields that identify an element. Without them it is no row.
        ranges: Parameters for start and end of a window. Of several pairs each is asked with on its own: what changed
            in one way or the other is found.
        time: How time is split into windows.
        roles: Amazon's roles, any one of which suffices; none where Amazon does not say which.
        parameters: Parameters of every call.
        account_type: Account type that has the operation.
        restricted: Its rows hold personal data: Amazon wants a restricted data token.
        per_marketplace: Every call names a marketplace. If not, a call brings the rows of the whole account.
        overlap: How much earlier than its window a range starts: whether Amazon's start is inclusive is not documented.
        most_pages: Pages of one window, far more than any account has.
        element: What is read of an element before it is shaped, besides its identifiers.
        marketplace: Returns the id of the marketplace that an element names, None if it names none.
    """

    operation: Operation
    elements: str
    next_token: str
    identifiers: tuple[str, ...]
    ranges: tuple[tuple[str, str], ...]
    time: Calendar
    roles: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    account_type: str = "vendor"
    restricted: bool = False
    per_marketplace: bool = False
    overlap: timedelta = timedelta(seconds=1)
    most_pages: int = 5_000
    element: type[msgspec.Struct] = Answer
    marketplace: Callable[[t.Any], str | None] = lambda _: None

    @cached_property
    def page(self) -> type[t.Any]:
        """The type of a page."""
        return page_type(self.elements, self.next_token)

    @cached_property
    def element_type(self) -> type[t.Any]:
        """The type of an element, as far as it is read before it is shaped."""
        own = [(name, Identifier) for name in self.identifiers]
        return msgspec.defstruct("Element", own, bases=(self.element,), kw_only=True)

    def identity(self, element: bytes | msgspec.Raw) -> Hashable:
        """Return what tells an element from others: its identifiers, else its content."""
        return self.identify(element)[0]

    def identify(self, element: bytes | msgspec.Raw) -> tuple[Hashable, str | None]:
        """Return what tells an element from others, and why it can't be read, or None if it can."""
        return _identity(element, self.element_type, self.identifiers)

    def queries(self, window: Window, context: Context) -> Iterator[dict[str, str]]:
        """Yield the query parameters for a window, of one listing each.

        Args:
            window: The requested time, whose end is exclusive.
            context: The partition.
        """
        for after, before in self.ranges:
            start = t.cast("datetime", window.start) - self.overlap
            yield {**self._constant(context), after: to_text(start), before: to_text(window.end)}

    def _constant(self, context: Context) -> dict[str, str]:
        own = {"marketplaceId": context["marketplace_id"]} if self.per_marketplace else {}
        return {**self.parameters, **own}


@dataclass(frozen=True)
class Detail:
    """An operation that returns the parts of one element of a listing, in pages.

    Attributes:
        operation: The operation; its path has one placeholder, for the element's first identifier.
        elements: Name of the array of parts in a page.
        next_token: Name of the next page's token in a page.
        parameter: Query parameter for that token.
        identifier: Field that tells a part from the others.
        element: Name of the element in a page, beside its parts: a file that somebody kept has nothing else of it.
    """

    operation: Operation
    elements: str
    next_token: str
    parameter: str
    identifier: str
    element: str

    @cached_property
    def page(self) -> type[t.Any]:
        """The type of a page: it has the parts, and the element itself as `header`."""
        page = page_type(self.elements, self.next_token)
        header = ("header", msgspec.Raw, msgspec.Raw(b"null"))
        return msgspec.defstruct("DetailPage", [header], bases=(page,), rename={"header": self.element})

    @cached_property
    def _part_type(self) -> type[t.Any]:
        return msgspec.defstruct("Part", [(self.identifier, Identifier)])

    def identify(self, part: msgspec.Raw) -> tuple[Hashable, str | None]:
        """Return what tells a part from the others of its element, and why it can't be read, or None if it can."""
        return _identity(part, self._part_type, (self.identifier,))


@dataclass(frozen=True, eq=False)
class PagedRows:
    """A stream of a paged API: the elements of a listing, or what lies within them. Its schema file has its name.

    Rows of elements keep nested objects, with snake_case keys. Where the schema has the columns of an object's fields
    instead of the object's, as for money and in streams of items, they are flat.

    Attributes:
        name: Name of the stream.
        listing: What is read.
        key_columns: Columns that identify a row within an account and marketplace.
        path: Fields that lead from an element to the array or object that a row is of; empty for the element itself.
        inherits: Fields that a row takes from what is around it, where it does not have them itself.
        lifts: Objects of a row whose fields become the row's own, the outer first: their names would only
            lengthen those of the columns.
        place: Field that gets the row's place among those of its element, from 1, where nothing else tells them apart.
        detail: What returns the rows of an element, if the listing does not hold them.
        replication_key: Column of the bookmark.
        contents: Columns with whole files, which are left out unless a catalog selects them.
    """

    name: str
    listing: Listing
    key_columns: tuple[str, ...]
    path: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    lifts: tuple[str, ...] = ()
    place: str | None = None
    detail: Detail | None = None
    replication_key: str = SEEN_AT
    contents: tuple[str, ...] = ()
    countries: frozenset[str] | None = None

    @property
    def source(self) -> str:
        """Amazon's name of the operation."""
        return self.detail.operation.name if self.detail else self.listing.operation.name

    @property
    def account_type(self) -> str:
        """Account type that has the stream."""
        return self.listing.account_type

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles, any one of which suffices."""
        return self.listing.roles

    @property
    def opt_in(self) -> bool:
        """Whether it is deselected unless a catalog selects it: if its rows hold personal data."""
        return self.listing.restricted

    def calendar(self, context: Context) -> Calendar:  # noqa: ARG002  # the same for all
        """Return how time is split into windows."""
        return self.listing.time

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each account, or for each of its marketplaces."""
        accounts = [account for account in settings.accounts if account.kind == self.account_type]
        if not self.listing.per_marketplace:
            return [{"account": account.label} for account in accounts]
        return [
            {"account": account.label, "marketplace_id": marketplace.marketplace_id}
            for account in accounts
            for marketplace in account.marketplaces
        ]


def _identity(value: bytes | msgspec.Raw, kind: type[t.Any], names: Iterable[str]) -> tuple[Hashable, str | None]:
    """Return the values of the fields that identify something and None, or its content and why it can't be read."""
    try:
        said = decode(value, kind)
    except ValueError as error:
        return bytes(value), str(error)
    return tuple(getattr(said, name) for name in names), None


def page_type(elements: str, next_token: str) -> type[t.Any]:
    """Define the type of a page: its attribute `page` has `elements` and `next_token`.

    A page without its elements is no page. The last one has no token, or nothing where the token would be. Amazon's
    models have examples of pages whose envelope is missing: they are taken as they are.

    Args:
        elements: Dotted path of the array of elements.
        next_token: Dotted path of the token.
    """
    envelope, _, array = elements.rpartition(".")
    around, _, token = next_token.removeprefix(f"{envelope}.").rpartition(".")
    token_type: t.Any = str
    if around:
        token_type = msgspec.defstruct("Pagination", [("token", str | None, None)], rename={"token": token})
    names = {"elements": array, "pagination": around or token}
    pagination = ("pagination", token_type | None, None)
    page = msgspec.defstruct(
        "Page",
        [("elements", list[msgspec.Raw]), pagination],
        rename=names,
        namespace={"next_token": property(_next_token), "page": property(lambda self: self)},
    )
    if not envelope:
        return page

    def check(self: t.Any) -> None:  # noqa: ANN401  # of the type that is defined here
        if self.envelope is None and self.elements is None:
            text = f"Object missing required field `{envelope}`"
            raise ValueError(text)
        if self.envelope is not None and self.envelope.pagination is None:
            # A token that is ignored would lose the pages after it.
            self.envelope.pagination = self.pagination

    return msgspec.defstruct(
        "Envelope",
        [("envelope", page | None, None), ("elements", list[msgspec.Raw] | None, None), pagination],
        rename={"envelope": envelope, **names},
        namespace={
            "__post_init__": check,
            "next_token": property(_next_token),
            "page": property(lambda self: self.envelope or self),
        },
    )


def _next_token(page: t.Any) -> str | None:  # noqa: ANN401  # of a type that `page_type` defines
    found = page.pagination
    return (found if isinstance(found, str) or found is None else found.token) or None

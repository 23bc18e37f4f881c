"""Streams of paged APIs: the elements that an operation returns, page by page."""

from __future__ import annotations

import itertools
import typing as t
from abc import ABC, abstractmethod
from collections import defaultdict

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.amazon.pages import Pages
from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.columns import COUNTRY_CODE
from tap_amazon_vendor.streams.row_checks import RepeatedKeys, counted

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import msgspec
    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Reject
    from tap_amazon_vendor.reports.calendars import Calendar
    from tap_amazon_vendor.reports.windows import Window


class PagedRows(ABC):
    """The declaration of a stream of a paged API. Nested objects stay nested, with snake_case keys.

    Attributes:
        name: Name of the stream, and of its schema file.
        operation: The operation that is called.
        answer: The type of a page.
        element: The type of an element, as far as it is read before it is shaped.
        key_columns: Columns that identify a row within an account and marketplace.
        replication_key: Column of the bookmark.
        time: How time is split into windows.
        account_type: Account type that has the operation.
        roles: Amazon's roles, any one of which suffices.
    """

    name: str
    operation: Operation
    answer: type[t.Any]
    element: type[t.Any]
    key_columns: tuple[str, ...]
    replication_key: str
    time: Calendar
    account_type: str = "vendor"
    roles: tuple[str, ...]
    opt_in: bool = False
    countries: frozenset[str] | None = None

    @property
    def source(self) -> str:
        """Amazon's name of the operation."""
        return self.operation.name

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:  # noqa: ARG002  # the same for all
        """Return how time is split into windows."""
        return self.time

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each account."""
        return [{"account": account.label} for account in settings.accounts if account.kind == self.account_type]

    @abstractmethod
    def query(self, window: Window) -> dict[str, str]:
        """Return the query parameters of a window."""

    @abstractmethod
    def elements(self, answer: t.Any) -> Sequence[msgspec.Raw]:  # noqa: ANN401  # of its own type
        """Return the elements of a page."""

    @abstractmethod
    def next_token(self, answer: t.Any) -> str | None:  # noqa: ANN401
        """Return the token of the next page, None on the last."""

    @abstractmethod
    def marketplace(self, element: t.Any) -> str | None:  # noqa: ANN401
        """Return the id of the marketplace that an element names, None if it names none."""


#: Pages of one window. Half a year of a great seller's transactions has some ten thousand.
MOST_PAGES = 50_000


class PagedStream(AmazonStream):
    """The rows that a `PagedRows` declares.

    `SellingPartnerApi` throttles, authenticates and retries, so this is not a REST stream of the SDK: it only has to
    follow the page tokens of each window.
    """

    declaration: PagedRows

    def __init__(self, tap: Tap, declaration: PagedRows, settings: Callable[[], Settings]) -> None:
        """Build the schema and the row shaper."""
        super().__init__(tap, declaration, settings, source=declaration.operation.name)
        self._shaper = RowShaper(self._columns, declaration.key_columns, self._warn_of_unknown)

    def chunks(
        self, api: SellingPartnerApi, account: Account, window: Window, findings: Findings
    ) -> Iterator[list[Record]]:
        """Read the rows of a window.

        Args:
            api: The account's client.
            account: The account.
            window: The requested time.
            findings: Receives the elements that can't be rows.

        Yields:
            Rows, in chunks.

        Raises:
            AmazonError: Amazon refuses, or does not answer as it should.
        """
        wanted = {marketplace.marketplace_id for marketplace in account.marketplaces}
        repeated = RepeatedKeys(self.primary_keys)
        numbers = itertools.count(1)
        for page in self._pages(api, window):
            rows: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
            for element, number in zip(page, numbers, strict=False):
                try:
                    said = decode(element, self.declaration.element)
                except ValueError as error:
                    findings.reject(number, bytes(element).decode(errors="replace"), str(error))
                    continue
                # An authorization may cover more marketplaces than the user configured.
                marketplace = self.declaration.marketplace(said) or account.marketplaces[0].marketplace_id
                if marketplace in wanted:
                    rows[marketplace].append((number, bytes(element)))
                else:
                    findings.rows_elsewhere[country_of(marketplace) or marketplace] += 1
            for marketplace, some in rows.items():
                constants = {
                    "account": account.label,
                    "marketplace_id": marketplace,
                    COUNTRY_CODE: country_of(marketplace),
                    EXTRA: None,
                }
                shaped = self._shape(some, constants, findings)
                yield from counted(shaped, findings, repeated=repeated, days=None)

    def _shape(
        self, elements: Sequence[tuple[int, bytes]], constants: Mapping[str, t.Any], findings: Findings
    ) -> Iterator[list[Record]]:
        """Shape elements of one marketplace, each with its number in the whole answer."""

        def reject(found: Reject) -> None:
            findings.reject(elements[found.number - 1][0], found.text, found.reason, found.column)

        own = Findings(reject, unreadable_cells=findings.unreadable_cells, remarks=findings.remarks)
        slices = [b"[" + b",".join(element for _, element in elements) + b"]"]
        return self._shaper.shape(slices, constants, self.declaration.source, own)

    def _pages(self, api: SellingPartnerApi, window: Window) -> Iterator[Sequence[msgspec.Raw]]:
        own = self.declaration
        query = own.query(window)
        pages = Pages(own.source, MOST_PAGES)
        while True:
            answer = api.call(own.operation, answer=own.answer, query=query)
            elements, token = own.elements(answer), own.next_token(answer)
            pages.add(elements, token)
            yield elements
            if not token:
                return
            query = {**query, "nextToken": token}

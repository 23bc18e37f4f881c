"""The elements of one window of a paged API: fetched once, kept on disk, read by each stream of the listing."""

from __future__ import annotations

import logging
import tempfile
import typing as t

from tap_amazon_vendor.amazon.pages import REMEMBERED, Page, Pages, RepeatedPageError
from tap_amazon_vendor.amazon.restricted import restricted_token
from tap_amazon_vendor.amazon.wording import is_refused_token
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.errors import AccessDeniedError, AmazonError, NotFoundError, RequestRejectedError, without_frames

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import msgspec
    from typing_extensions import Self

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams.paged import Detail, Listing

    Context = t.Mapping[str, t.Any]

logger = logging.getLogger("tap-amazon-vendor.pages")

#: Bytes of elements that are kept in memory.
IN_MEMORY = 1 << 22

#: Tries of a page that Amazon refuses though it gave the token itself (docs/amazon/vendor-apis.md#paging).
PAGE_TRIES = 3

#: Times that a window is begun: once more where a page token no longer holds, or leads in a circle.
STARTS = 2

#: Seconds between two looks at whether state is to be written, while a second hearing is waited for.
STEP = 1.0


class OddPartError(AmazonError):
    """A part of an element can't be read. It may be passing."""


class Parts(t.NamedTuple):
    """What another operation has of an element.

    Attributes:
        header: The element itself, as that operation repeats it; null if it does not.
        parts: Its parts.
    """

    header: bytes
    parts: Sequence[msgspec.Raw]


class ListedWindow:
    """What a listing holds of one window. As a context manager, it drops what it holds.

    An element that can't be read may be passing, and so may be that the parts of one that is listed are not found:
    both are asked for once more, minutes later, before they are believed. What lasts must not keep the others back.

    Attributes:
        context: The partition.
        window: The requested time.
        seen_at: When its fetching began.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # each is one fact
        self,
        listing: Listing,
        api: SellingPartnerApi,
        context: Context,
        window: Window,
        clock: Clock,
        folder: Path,
        *,
        believed: set[str] | None = None,
        first_only: bool = False,
    ) -> None:
        """Prepare; nothing is called yet.

        Args:
            listing: What is read.
            api: The account's client.
            context: The partition.
            window: The requested time.
            clock: Tells the time and waits.
            folder: A private folder for what does not fit into memory.
            believed: Why elements of the listing's other windows could not be read, both times. Receives why those of
                this one can't: what is odd in every window is waited for once.
            first_only: The first page with elements suffices: for a connection test, in which nothing is waited for.
        """
        self._listing = listing
        self._api = api
        self.context = context
        self.window = window
        self._clock = clock
        self._believed = set() if believed is None else believed
        self._doubted_at = clock()
        self._first_only = first_only
        self._token: str | None = None
        self._error: Exception | None = None
        self._fetched = False
        self._lines = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115  # closed at exit
        self._begin()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the elements."""
        self._lines.close()

    def _begin(self) -> None:
        """Forget what was fetched."""
        self.seen_at = self._clock()
        #: Why elements can't be read.
        self._odd: set[str] = set()
        self._lines.seek(0)
        self._lines.truncate()
        self._count = 0
        #: Of elements by their identifiers, the newest: number and hash.
        self._newest: dict[t.Any, tuple[int, int]] = {}
        self._older: dict[t.Any, tuple[int, int]] = {}
        #: Numbers of elements that came again, in a newer version.
        self._superseded: set[int] = set()

    def fetch(self) -> Iterator[None]:
        """Call Amazon for all pages, unless that was done.

        Yields:
            After each page: state may be written then.

        Raises:
            AmazonError: Amazon refuses, or does not answer as it should; the same for each who asks.
        """
        if self._error:
            raise self._error
        if self._fetched:
            return
        try:
            yield from self._fetch()
        except Exception as error:
            self._error = without_frames(error)
            raise
        self._fetched = True

    @property
    def repeated(self) -> int:
        """Elements that came again in another version: they changed while the pages were read."""
        return len(self._superseded)

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers, from 1, and elements. One that came twice is there once, in its last version."""
        self._lines.seek(0)
        for number, line in enumerate(self._lines, 1):
            if number not in self._superseded:
                yield number, line[:-1]

    def again(self) -> Iterator[None]:
        """Wait until what was doubtful may be asked for once more.

        Yields:
            Now and then: state may be written then.
        """
        waited = max(0.0, (self._clock() - self._doubted_at).total_seconds())
        left = 0.0 if self._first_only else RETRY_PAUSE - waited
        while left > 0:
            self._clock.sleep(min(left, STEP))
            left -= STEP
            yield

    def parts(self, detail: Detail, identifier: str, *, is_last: bool) -> Parts:
        """Call Amazon for the parts of one element.

        Args:
            detail: What returns them.
            identifier: The element's.
            is_last: What is odd is believed now.

        Raises:
            NotFoundError: Amazon does not find the element.
            RequestRejectedError: Amazon refuses it.
            OddPartError: One of them can't be read. Not if it is to be believed.
            AmazonError: Amazon refuses, or does not answer as it should.
        """
        try:
            parts = self._parts(detail, identifier)
        except (NotFoundError, RequestRejectedError):
            self._doubted_at = self._clock()
            raise
        odd = next((problem for part in parts.parts if (problem := detail.identify(part)[1])), None)
        if odd or not parts.parts:
            self._doubted_at = self._clock()
        if odd and not is_last:
            text = f"{detail.operation.name}: a part that can't be read: {odd}"
            raise OddPartError(text)
        return parts

    def _parts(self, detail: Detail, identifier: str) -> Parts:
        query = {"marketplaceId": self.context["marketplace_id"]} if self._listing.per_marketplace else {}
        for start in range(1, STARTS + 1):
            #: By their content: Amazon may repeat a part on the next page.
            parts: dict[bytes, msgspec.Raw] = {}
            header = b"null"
            pages = Pages(detail.operation.name, self._listing.most_pages)
            try:
                while not pages.finished:
                    more = {detail.parameter: pages.current_value} if pages.current_value else {}
                    page = self._call(
                        detail.operation, detail.page, query | more, is_next=bool(more), identifier=identifier
                    ).page
                    keys = [detail.identify(part)[0] for part in page.elements]
                    pages.advance(Page(page.elements, page.next_token, keys))
                    parts.update((bytes(part), part) for part in page.elements)
                    header = header if more else bytes(page.header)
            except (RequestRejectedError, RepeatedPageError):
                if pages.current_value is None or start == STARTS:
                    raise
            else:
                return Parts(header, [*parts.values()])
        raise AssertionError

    def _fetch(self) -> Iterator[None]:
        yield from self._read()
        if self._odd <= self._believed or self._first_only:
            return
        self._doubted_at = self._clock()
        logger.info(
            "%s has elements that can't be read (%s): reading it again in %.0f minutes",
            self._listing.operation.name,
            "; ".join(sorted(self._odd)),
            RETRY_PAUSE / 60,
        )
        yield from self.again()
        yield from self._read()
        self._believed |= self._odd

    def _read(self) -> Iterator[None]:
        """Fetch all pages, from the first one on."""
        for start in range(1, STARTS + 1):
            self._begin()
            pages: Pages | None = None
            try:
                for query in self._listing.queries(self.window, self.context):
                    pages = Pages(self._listing.operation.name, self._listing.most_pages)
                    for _ in self._follow(pages, query):
                        yield
                        if self._first_only and self._count:
                            return
            except (RequestRejectedError, RepeatedPageError):
                # A token that no longer holds, or leads in a circle. Nothing is doubled: no element was passed on yet.
                if pages is None or pages.current_value is None or start == STARTS:
                    raise
            else:
                return

    def _follow(self, pages: Pages, query: dict[str, str]) -> Iterator[None]:
        """Fetch the pages of one query."""
        listing = self._listing
        while not pages.finished:
            more = {"nextToken": pages.current_value} if pages.current_value else {}
            page = self._call(listing.operation, listing.page, query | more, is_next=bool(more)).page
            found = [*map(listing.identify, page.elements)]
            pages.advance(Page(page.elements, page.next_token, [key for key, _ in found]))
            self._odd.update(problem for _, problem in found if problem)
            for element, (key, _) in zip(page.elements, found, strict=True):
                self._add(element, key)
            yield

    def _call(
        self, operation: Operation, answer: type[t.Any], query: dict[str, str], *, is_next: bool, identifier: str = ""
    ) -> t.Any:  # noqa: ANN401  # of that type
        """Call for a page, for one that Amazon gave the token of several times."""
        tries = PAGE_TRIES if is_next else 1
        while True:
            token = self._restricted_token(operation)
            try:
                return self._api.call(operation, answer=answer, query=query, token=token, identifier=identifier)
            except RequestRejectedError:
                tries -= 1
                if not tries:
                    raise
            except AccessDeniedError as error:
                # A restricted token lives an hour.
                if not token or not is_refused_token(error) or tries <= 0:
                    raise
                self._token, tries = None, tries - 1

    def _restricted_token(self, operation: Operation) -> str | None:
        if self._listing.restricted and self._token is None:
            self._token = restricted_token(self._api, operation.method, operation.path)
        return self._token

    def _add(self, element: msgspec.Raw, key: t.Hashable) -> None:
        # A line break within JSON is white space.
        line = bytes(element).replace(b"\n", b" ").replace(b"\r", b" ")
        content = hash(line)
        number, before = self._newest.get(key) or self._older.get(key) or (0, None)
        if before == content:
            return
        if number:
            self._superseded.add(number)
        self._count += 1
        self._lines.write(line + b"\n")
        self._newest[key] = self._count, content
        if len(self._newest) >= REMEMBERED:
            self._older, self._newest = self._newest, {}

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

#: Seconds after which a wait is interrupted, so that the run can save its state.
STEP = 1.0


class UnreadablePartError(AmazonError):
    """A part of an element can't be read. A retry may bring a good one."""


class Parts(t.NamedTuple):
    """What another operation returns for an element.

    Attributes:
        header: JSON of the element itself, as that operation repeats it; `null` if it does not.
        parts: JSON of each of its parts.
    """

    header: bytes
    parts: Sequence[msgspec.Raw]


class ListedWindow:
    """What a listing holds of one window. As a context manager, it drops what it holds.

    Amazon may return an element that can't be read, or not find one that it lists, for a short time only. Both are
    requested again `RETRY_PAUSE` seconds later. If it says the same then, it is believed, so that the others are read.

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
        confirmed: set[str] | None = None,
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
            confirmed: Reasons why elements of other windows could not be read, the second time either: no window waits
                for them again. Receives those of this window.
            first_only: The first page with elements suffices: for a connection test, which does not wait.
        """
        self._listing = listing
        self._api = api
        self.context = context
        self.window = window
        self._clock = clock
        self._confirmed = set() if confirmed is None else confirmed
        #: When the last doubtful answer came.
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
        self._unreadable: set[str] = set()
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
        """Number of elements that came again in another version: they changed while the pages were read."""
        return len(self._superseded)

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number, from 1, and the JSON of each element; of one that came twice, only the last version."""
        self._lines.seek(0)
        for number, line in enumerate(self._lines, 1):
            if number not in self._superseded:
                yield number, line[:-1]

    def wait_to_retry(self) -> Iterator[None]:
        """Wait until `RETRY_PAUSE` seconds have passed since the last doubtful answer.

        Yields:
            Now and then: state may be written then.
        """
        waited = max(0.0, (self._clock() - self._doubted_at).total_seconds())
        left = 0.0 if self._first_only else RETRY_PAUSE - waited
        while left > 0:
            self._clock.sleep(min(left, STEP))
            left -= STEP
            yield

    def parts(self, detail: Detail, identifier: str, *, is_retry: bool) -> Parts:
        """Request the parts of one element.

        Args:
            detail: The operation that returns them.
            identifier: The element's first identifier.
            is_retry: They were requested before: a part that can't be read is returned with the others.

        Raises:
            NotFoundError: Amazon does not find the element.
            RequestRejectedError: Amazon refuses it.
            UnreadablePartError: A part can't be read, and this is no retry.
            AmazonError: Amazon refuses, or does not answer as it should.
        """
        try:
            parts, odd = self._parts(detail, identifier)
        except (NotFoundError, RequestRejectedError):
            self._doubted_at = self._clock()
            raise
        if odd or not parts.parts:
            self._doubted_at = self._clock()
        if odd and not is_retry:
            text = f"{detail.operation.name}: a part that can't be read: {odd}"
            raise UnreadablePartError(text)
        return parts

    def _parts(self, detail: Detail, identifier: str) -> tuple[Parts, str | None]:
        """Request the parts of one element; return them, and why one of them can't be read, or None if all can."""
        query = {"marketplaceId": self.context["marketplace_id"]} if self._listing.per_marketplace else {}
        for start in range(1, STARTS + 1):
            #: By their content: Amazon may repeat a part on the next page.
            parts: dict[bytes, msgspec.Raw] = {}
            header: bytes | None = None
            odd: str | None = None
            pages = Pages(detail.operation.name, self._listing.most_pages)
            try:
                for page, found in self._follow(pages, detail, detail.parameter, query, identifier):
                    parts.update((bytes(part), part) for part in page.elements)
                    header = header or bytes(page.header)
                    odd = odd or next((problem for _, problem in found if problem), None)
            except (RequestRejectedError, RepeatedPageError):
                if pages.current_value is None or start == STARTS:
                    raise
            else:
                return Parts(header or b"null", [*parts.values()]), odd
        raise AssertionError

    def _fetch(self) -> Iterator[None]:
        yield from self._read()
        if self._unreadable <= self._confirmed or self._first_only:
            return
        self._doubted_at = self._clock()
        logger.info(
            "%s has elements that can't be read (%s): reading it again in %.0f minutes",
            self._listing.operation.name,
            "; ".join(sorted(self._unreadable)),
            RETRY_PAUSE / 60,
        )
        yield from self.wait_to_retry()
        yield from self._read()
        self._confirmed |= self._unreadable

    def _read(self) -> Iterator[None]:
        """Fetch all pages, from the first one on."""
        for start in range(1, STARTS + 1):
            self._begin()
            pages: Pages | None = None
            try:
                for query in self._listing.queries(self.window, self.context):
                    pages = Pages(self._listing.operation.name, self._listing.most_pages)
                    for page, found in self._follow(pages, self._listing, "nextToken", query):
                        self._unreadable.update(problem for _, problem in found if problem)
                        for element, (key, _) in zip(page.elements, found, strict=True):
                            self._add(element, key)
                        yield
                        if self._first_only and self._count:
                            return
            except (RequestRejectedError, RepeatedPageError):
                # A token that no longer holds, or leads in a circle. Nothing is doubled: no element was passed on yet.
                if pages is None or pages.current_value is None or start == STARTS:
                    raise
            else:
                return

    def _follow(
        self, pages: Pages, source: Listing | Detail, parameter: str, query: dict[str, str], identifier: str = ""
    ) -> Iterator[tuple[t.Any, list[tuple[t.Hashable, str | None]]]]:
        """Request the pages of one query.

        Args:
            pages: Receives the token of each next page.
            source: What has the pages.
            parameter: Query parameter for the token.
            query: The other query parameters.
            identifier: The element whose parts are requested.

        Yields:
            A page; and of each of its elements the key, and why it can't be read, or None if it can.
        """
        while not pages.finished:
            more = {parameter: pages.current_value} if pages.current_value else {}
            page = self._call(
                source.operation, source.page, query | more, is_next=bool(more), identifier=identifier
            ).page
            found = [*map(source.identify, page.elements)]
            pages.advance(Page(page.elements, page.next_token, [key for key, _ in found]))
            yield page, found

    def _call(
        self, operation: Operation, answer: type[t.Any], query: dict[str, str], *, is_next: bool, identifier: str
    ) -> t.Any:  # noqa: ANN401  # of that type
        """Request a page: the first one once, one whose token Amazon gave itself up to `PAGE_TRIES` times."""
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

"""Pages of a listing: the SDK's paginator, which here also checks that each page is new and that they end."""

from __future__ import annotations

import hashlib
import typing as t

from singer_sdk.pagination import BaseAPIPaginator

from tap_amazon_vendor.errors import MalformedAnswerError

if t.TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    import msgspec

#: Pages without an element that may follow one another.
MOST_EMPTY_PAGES = 100

#: Pages with elements, all of which came before, that may follow one another. A page may bring nothing new where
#: elements move to later pages while they are read.
MOST_STALE_PAGES = 20

#: What is remembered of elements, at least, and twice as much at most: 50 MB.
REMEMBERED = 1 << 18


class RepeatedPageError(MalformedAnswerError):
    """A page, or its token, came before. It may be passing: a listing that is begun anew may do."""


class Page(t.NamedTuple):
    """One page.

    Attributes:
        elements: Its elements.
        token: The token of the page after it, None on the last.
        keys: What identifies the elements; by default their content does.
    """

    elements: Collection[msgspec.Raw]
    token: str | None
    keys: Collection[Hashable] | None = None


class Pages(BaseAPIPaginator[str | None]):
    """Follows the tokens of one listing: call with `current_value`, `advance` by the page, until it is `finished`."""

    def __init__(self, operation: str, most: int) -> None:
        """Start before the first page.

        Args:
            operation: Amazon's name of what lists them.
            most: Pages that a listing has at most.
        """
        super().__init__(None)
        self._operation = operation
        self._most = most
        self._empty = self._stale = 0
        self._tokens: set[str] = set()
        self._contents: set[bytes] = set()
        self._keys: set[int] = set()
        self._older_keys: set[int] = set()

    def advance(self, response: t.Any) -> None:  # noqa: ANN401  # the SDK's is an HTTP response
        """Check a `Page` before it is used, and go to the next one.

        Raises:
            MalformedAnswerError: The page or its token came before, or there are too many.
        """
        super().advance(response)

    def get_next(self, response: t.Any) -> str | None:  # noqa: ANN401  # the SDK passes on what `advance` got
        """Check a page; return the token of the next one.

        Args:
            response: A `Page`.

        Raises:
            MalformedAnswerError: See `advance`.
        """
        page = t.cast("Page", response)
        self._check(page)
        return page.token

    def _check(self, page: Page) -> None:
        elements, token, keys = page
        self._empty = 0 if elements else self._empty + 1
        content = hashlib.blake2b(digest_size=16)
        # In another order they are the same page.
        for element in sorted(map(bytes, elements)):
            content.update(b"%d:%b" % (len(element), element))
        if elements and content.digest() in self._contents:
            self._fail("gave the same page twice", RepeatedPageError)
        if token in self._tokens:
            self._fail("gave the same page token twice", RepeatedPageError)
        self._count_stale({*map(hash, map(bytes, elements) if keys is None else keys)})
        if token and self._stale >= MOST_STALE_PAGES:
            self._fail(f"gave nothing new on {self._stale} pages in a row")
        if token and (self.count >= self._most or self._empty >= MOST_EMPTY_PAGES):
            self._fail(f"has more than {self.count} pages, the last {self._empty} of them empty")
        self._contents.add(content.digest())
        self._tokens |= {token} if token else set()

    def _count_stale(self, keys: set[int]) -> None:
        """Count pages whose elements all came before."""
        if not keys:
            return
        is_new = bool(keys - self._keys - self._older_keys)
        self._stale = 0 if is_new else self._stale + 1
        self._keys |= keys
        if len(self._keys) >= REMEMBERED:
            self._older_keys, self._keys = self._keys, set()

    def _fail(self, problem: str, kind: type[MalformedAnswerError] = MalformedAnswerError) -> t.NoReturn:
        text = f"{self._operation} {problem}: its pages have no end"
        raise kind(text)

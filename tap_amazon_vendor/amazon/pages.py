"""Pages of a listing: each one new, and not without end."""

from __future__ import annotations

import hashlib
import typing as t

from tap_amazon_vendor.errors import MalformedAnswerError

if t.TYPE_CHECKING:
    from collections.abc import Collection

    import msgspec

#: Pages without an element that may follow one another.
MOST_EMPTY_PAGES = 100


class Pages:
    """Checks the pages of one listing in their order."""

    def __init__(self, operation: str, most: int) -> None:
        """Start before the first page.

        Args:
            operation: Amazon's name of what lists them.
            most: Pages that a listing has at most.
        """
        self._operation = operation
        self._most = most
        self._count = 0
        self._empty = 0
        self._tokens: set[str] = set()
        self._contents: set[bytes] = set()

    def add(self, elements: Collection[msgspec.Raw], token: str | None) -> None:
        """Check the next page, before it is used.

        Args:
            elements: Its elements.
            token: The token of the page after it, None on the last.

        Raises:
            MalformedAnswerError: The page or its token came before, or there are too many.
        """
        self._count += 1
        self._empty = 0 if elements else self._empty + 1
        content = hashlib.blake2b(digest_size=16)
        # In another order they are the same page.
        for element in sorted(map(bytes, elements)):
            content.update(b"%d:%b" % (len(element), element))
        if elements and content.digest() in self._contents:
            self._fail("gave the same page twice")
        if token in self._tokens:
            self._fail("gave the same page token twice")
        if token and (self._count >= self._most or self._empty >= MOST_EMPTY_PAGES):
            self._fail(f"has more than {self._count} pages, the last {self._empty} of them empty")
        self._contents.add(content.digest())
        self._tokens |= {token} if token else set()

    def _fail(self, problem: str) -> t.NoReturn:
        text = f"{self._operation} {problem}: its pages have no end"
        raise MalformedAnswerError(text)

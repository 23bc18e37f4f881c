"""The parts of listed elements, which another operation has: asked for element by element."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import msgspec

from tap_amazon_vendor.errors import NotFoundError, RequestRejectedError
from tap_amazon_vendor.streams.listed_window import OddPartError, Parts

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.streams.paged import Detail, Listing

#: Most elements that the state holds because Amazon does not find their parts. More are believed at once.
MOST_UNFOUND = 100

#: What Amazon says of one element, by its identifier: the others have nothing to do with it.
OF_ONE = (NotFoundError, RequestRejectedError)


class Element(t.NamedTuple):
    """A listed element that can be read.

    Attributes:
        number: Its number in the listing, from 1.
        text: Its JSON.
        marketplace: The marketplace where it belongs.
        identifier: Its first identifier.
        is_listed: The listing has it; if not, an earlier one had.
    """

    number: int
    text: bytes
    marketplace: str
    identifier: str
    is_listed: bool = True


class Elements(t.Protocol):
    """The elements that rows are made of, and what they were read for: of a window, or of a file."""

    context: Mapping[str, t.Any]
    seen_at: datetime

    @property
    def repeated(self) -> int:
        """How many of them came again in another version."""

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers, from 1, and elements, each once."""

    def parts(self, detail: Detail, identifier: str, *, is_last: bool) -> Parts:
        """Return the parts of an element that another operation has; what is odd raises unless it is the last word."""

    def again(self) -> Iterator[None]:
        """Wait until what was odd may be asked for once more; yield now and then."""


@dataclass
class Unfound:
    """Identifiers of elements that Amazon lists and whose parts it does not find, or refuses, or that have none.

    Attributes:
        earlier: Those of the last run: what Amazon says of them again is believed.
        now: Those of this run.
        most: How many are kept at most; none where no later run asks again.
    """

    earlier: Sequence[str] = ()
    now: list[str] = field(default_factory=list)
    most: int = MOST_UNFOUND
    _recalled: bool = False

    def recall(self) -> Iterator[str]:
        """Yield those of the last run, once in a run: what is new may be listed no more."""
        if not self._recalled:
            self._recalled = True
            yield from self.earlier

    def keep(self, identifier: str) -> bool:
        """Keep an identifier for the next run; return whether there is room."""
        if identifier not in self.now and len(self.now) < self.most:
            self.now.append(identifier)
        return identifier in self.now


@dataclass
class Details:
    """Asks for the parts of the elements of a window.

    That Amazon does not find what it lists, refuses it (HTTP 404, 400), or has no parts of it, contradicts itself: it
    is asked once more, minutes later, and by the next run, before that is believed. The others are not kept back.

    Attributes:
        listed: What they are read for.
        listing: What lists the elements.
        detail: What returns their parts.
        marketplace: Where what is listed no more belongs.
        unfound: Those that were not found before. Receives those of this window.
        findings: Receives what is rejected, or left to the next run.
    """

    listed: Elements
    listing: Listing
    detail: Detail
    marketplace: str
    unfound: Unfound
    findings: Findings
    _answered: bool = False
    _left: int = 0
    _is_news: bool = False

    def of(self, elements: Iterable[Element]) -> Iterator[tuple[Element, Parts] | None]:
        """Yield elements and their parts.

        Yields:
            Each element with its parts; None now and then while waiting.

        Raises:
            AmazonError: No element is found, which is another fault; or Amazon does not answer as it should.
        """
        doubted: list[Element] = []
        for element in self._and_recalled(elements):
            parts = self._first_word(element)
            if parts and parts.parts:
                yield element, parts
            else:
                doubted.append(element)
        if self._is_news:
            for _ in self.listed.again():
                yield None
        for element in doubted:
            if found := self._last_word(element):
                yield element, found
        if self._left:
            self.findings.remarks.append(
                f"{self.detail.operation.name} tells nothing of {self._left} of those that "
                f"{self.listing.operation.name} lists: the next run asks for them once more"
            )

    def _and_recalled(self, elements: Iterable[Element]) -> Iterator[Element]:
        """Yield elements, and those that the last run did not find if they are not among them."""
        missing, number = dict.fromkeys(self.unfound.recall()), 0
        for element in elements:
            missing.pop(element.identifier, None)
            number = element.number
            yield element
        for place, identifier in enumerate(missing, number + 1):
            text = msgspec.json.encode({self.listing.identifiers[0]: identifier})
            yield Element(place, text, self.marketplace, identifier, is_listed=False)

    def _first_word(self, element: Element) -> Parts | None:
        """Ask for the first time; note whether what is odd is new."""
        is_known = element.identifier in self.unfound.earlier
        parts = None
        try:
            parts = self.listed.parts(self.detail, element.identifier, is_last=False)
        except OF_ONE:
            pass
        except OddPartError:
            is_known = False
        else:
            self._answered = True
        self._is_news = self._is_news or not (is_known or (parts and parts.parts))
        return parts

    def _last_word(self, element: Element) -> Parts | None:
        """Ask once more; return None for what is rejected, or left to the next run."""
        known = element.identifier in self.unfound.earlier
        parts = error = None
        try:
            parts = self.listed.parts(self.detail, element.identifier, is_last=True)
        except OF_ONE as refusal:
            if not (self._answered or known):
                raise
            error = refusal
        else:
            self._answered = True
            if parts.parts:
                return parts
        is_kept = element.is_listed and self.unfound.keep(element.identifier)
        if is_kept and not known:
            self._left += 1
            return None
        if error:
            self.findings.reject(element.number, element.text.decode(errors="replace"), str(error))
            self.findings.unfound += 1
        return parts

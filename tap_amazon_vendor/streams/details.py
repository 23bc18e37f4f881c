"""The parts of listed elements, such as the lines of invoices: another operation returns them, one element a call."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import msgspec

from tap_amazon_vendor.errors import NotFoundError, RequestRejectedError
from tap_amazon_vendor.streams.listed_window import Parts, UnreadablePartError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.streams.paged import Detail, Listing

#: Most identifiers that the state holds for a partition. Other elements that are not found are rejected at once.
MOST_UNFOUND = 100

#: What Amazon answers about one element, by its identifier: it says nothing about the others.
OF_ONE = (NotFoundError, RequestRejectedError)


class Element(t.NamedTuple):
    """A listed element that can be read.

    Attributes:
        number: Its number in the listing, from 1.
        text: Its JSON.
        marketplace: Id of the marketplace where it belongs.
        identifier: Value of the listing's first identifier, with which its parts are requested.
        is_listed: The listing has it; if not, the last run's listing had.
    """

    number: int
    text: bytes
    marketplace: str
    identifier: str
    is_listed: bool = True


class Elements(t.Protocol):
    """The elements of a window or of a file.

    Attributes:
        context: The partition.
        seen_at: When they were read, aware.
    """

    context: Mapping[str, t.Any]
    seen_at: datetime

    @property
    def repeated(self) -> int:
        """Number of elements that came again in another version."""

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers, from 1, and elements, each once."""

    def parts(self, detail: Detail, identifier: str, *, is_retry: bool) -> Parts:
        """Return the parts of an element; see `ListedWindow.parts`."""

    def wait_to_retry(self) -> Iterator[None]:
        """Wait until what was doubtful may be requested again; yield now and then."""


@dataclass
class Unfound:
    """Identifiers of elements that Amazon lists and whose parts it does not find, or refuses, or that have none.

    Attributes:
        earlier: Those of the last run. If Amazon says the same again, it is believed.
        now: Those of this run.
        most: How many are kept at most; 0 where no later run requests them again.
    """

    earlier: Sequence[str] = ()
    now: list[str] = field(default_factory=list)
    most: int = MOST_UNFOUND
    _recalled: bool = False

    def recall(self) -> Iterator[str]:
        """Yield those of the last run, at the first call only: the listings of this run may no longer have them."""
        if not self._recalled:
            self._recalled = True
            yield from self.earlier

    def keep(self, identifier: str) -> bool:
        """Keep an identifier for the next run; return whether there was room."""
        if identifier not in self.now and len(self.now) < self.most:
            self.now.append(identifier)
        return identifier in self.now


@dataclass
class Details:
    """Requests the parts of the elements of a window.

    Amazon contradicts itself if it does not find what it lists, refuses it (HTTP 404, 400) or has no parts of it. Such
    an element is requested again minutes later, and by the next run, before that is believed. The rows of the others
    are written meanwhile.

    Attributes:
        listed: The window or file.
        listing: What lists the elements.
        detail: What returns their parts.
        marketplace: Id of the marketplace where elements belong that are no longer listed.
        unfound: The elements that were not found in the last run. Receives those of this window.
        findings: Receives what is rejected, and a remark about what is left to the next run.
    """

    listed: Elements
    listing: Listing
    detail: Detail
    marketplace: str
    unfound: Unfound
    findings: Findings
    _found_any: bool = False
    _postponed: int = 0
    _has_new_doubts: bool = False

    def read(self, elements: Iterable[Element]) -> Iterator[tuple[Element, Parts] | None]:
        """Request the parts of elements, and of those that the last run did not find.

        Yields:
            Each element that is found, with its parts; None now and then while waiting.

        Raises:
            AmazonError: Amazon finds none of them, so these elements are not what is wrong; or it does not answer as
                it should.
        """
        doubted: list[Element] = []
        for element in self._with_recalled(elements):
            parts = self._ask(element)
            if parts and parts.parts:
                yield element, parts
            else:
                doubted.append(element)
        if self._has_new_doubts:
            for _ in self.listed.wait_to_retry():
                yield None
        for element in doubted:
            if found := self._ask_again(element):
                yield element, found
        if self._postponed:
            self.findings.remarks.append(
                f"{self.detail.operation.name} has nothing for {self._postponed} of the elements that "
                f"{self.listing.operation.name} lists: the next run requests them again"
            )

    def _with_recalled(self, elements: Iterable[Element]) -> Iterator[Element]:
        """Yield elements, then those that the last run did not find and that are not among them."""
        missing, number = dict.fromkeys(self.unfound.recall()), 0
        for element in elements:
            missing.pop(element.identifier, None)
            number = element.number
            yield element
        for place, identifier in enumerate(missing, number + 1):
            text = msgspec.json.encode({self.listing.identifiers[0]: identifier})
            yield Element(place, text, self.marketplace, identifier, is_listed=False)

    def _ask(self, element: Element) -> Parts | None:
        """Request the parts of an element for the first time; note whether what is doubtful is new."""
        is_known = element.identifier in self.unfound.earlier
        parts = None
        try:
            parts = self.listed.parts(self.detail, element.identifier, is_retry=False)
        except OF_ONE:
            pass
        except UnreadablePartError:
            is_known = False
        else:
            self._found_any = True
        self._has_new_doubts = self._has_new_doubts or not (is_known or (parts and parts.parts))
        return parts

    def _ask_again(self, element: Element) -> Parts | None:
        """Request the parts of an element again; return None if it is rejected, or left to the next run."""
        is_known = element.identifier in self.unfound.earlier
        parts = error = None
        try:
            parts = self.listed.parts(self.detail, element.identifier, is_retry=True)
        except OF_ONE as refusal:
            if not (self._found_any or is_known):
                raise
            error = refusal
        else:
            self._found_any = True
            if parts.parts:
                return parts
        is_kept = element.is_listed and self.unfound.keep(element.identifier)
        if is_kept and not is_known:
            self._postponed += 1
            return None
        if error:
            self.findings.reject(element.number, element.text.decode(errors="replace"), str(error))
            self.findings.unfound += 1
        return parts

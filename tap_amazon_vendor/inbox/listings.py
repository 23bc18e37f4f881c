"""Recognises files in the inbox with answers of paged APIs: pages, single elements, or lists of either."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import msgspec

from tap_amazon_vendor.documents.files import Document, content_of
from tap_amazon_vendor.documents.json_slices import not_json
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.streams.listed_window import Parts
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.surrogates import with_whole_pairs

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.streams.paged import Detail, Listing

#: Bytes of a file at most: it is read into memory. Amazon's pages have a hundredth of that.
MOST_BYTES = 1 << 26

#: Bytes within which an identifier, or an empty array, is looked for.
_HEAD = 1 << 16

#: Elements by which a listing is recognised.
_ENOUGH = 20

_PAYLOAD = "payload"

_values = msgspec.json.Decoder(msgspec.Raw)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder()


class FiledElements:
    """The elements in a file, read by the streams of their listing like those of a `ListedWindow`.

    Attributes:
        context: The partition.
        seen_at: When the file was last changed.
        repeated: Elements that are there in several versions: the last one is taken.
    """

    def __init__(self, found: ListingFile, context: Mapping[str, t.Any], seen_at: datetime) -> None:
        """Find the last version of each."""
        listing = found.listing
        self.context = context
        self.seen_at = seen_at
        self._parts = found.parts
        last: dict[t.Hashable, tuple[int, bytes]] = {}
        repeated = 0
        for number, element in enumerate(found.elements, 1):
            key = listing.identity(element)
            repeated += key in last and last[key][1] != element
            last[key] = number, element
        self.repeated = repeated
        self._elements = sorted(last.values())

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers, from 1, and elements."""
        yield from self._elements

    def parts(self, detail: Detail, identifier: str, *, is_retry: bool) -> Parts:  # noqa: ARG002  # there is one
        """Return the parts of an element that another operation has, of all its pages in the file, each once."""
        return Parts(b"null", [*map(msgspec.Raw, dict.fromkeys(self._parts.get((identifier,), ())))])

    def wait_to_retry(self) -> Iterator[None]:
        """Do not wait: a file does not change."""
        yield from ()


@dataclass(frozen=True)
class ListingFile:
    """What a file was recognised as.

    Attributes:
        listing: The operation whose answers it holds.
        elements: Their elements, in the order of the file.
        parts: The parts that its elements have by another operation, by the elements' identifiers.
        document: The file.
    """

    listing: Listing
    elements: Sequence[bytes]
    parts: Mapping[t.Hashable, Sequence[bytes]]
    document: Document

    @property
    def streams(self) -> list[str]:
        """Names of the streams that read it: those whose rows are within the elements, or are their parts."""
        return [rows.name for rows in _rows_of()[self.listing] if self.parts or not rows.detail]


class _Page(t.NamedTuple):
    """Parts of an element: whose they are, if the page says it, and whether more of them follow on another."""

    whose: t.Hashable
    parts: Sequence[bytes]
    has_more: bool


class _Found(t.NamedTuple):
    """Elements of a file, and the listings that they may be of: of one that is in no page, all.

    What is none, as an error that was kept with the pages, has no listings: it is rejected with them.
    """

    listings: frozenset[Listing]
    elements: Sequence[bytes]
    page: _Page | None = None


def recognise_listing(file: InboxFile) -> ListingFile | None:
    """Return what a file holds of a paged API, None if it holds nothing of the kind.

    Raises:
        DocumentError: It is damaged, too large, or may be of several operations.
    """
    with content_of(file.path) as content:
        if not _may_be_listing(content.read(_HEAD)):
            return None
    with content_of(file.path) as content:
        text = content.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        problem = f"it is larger than {MOST_BYTES >> 20} MB: split it"
        raise DocumentError(problem)
    try:
        found = [*itertools.chain.from_iterable(_find(value) for value in _decoded(text))]
        listing = _listing_of(file, [each for each in found if each.listings])
    except RecursionError:
        problem = "it is nested too deeply"
        raise not_json(problem) from None
    if listing is None:
        return None
    elements = [element for each in found for element in each.elements]
    document = Document(file.path, file.path.stat().st_size, None, None, empty=not elements)
    return ListingFile(listing, elements, _parts_of(each.page for each in found if each.page), document)


def _listing_of(file: InboxFile, found: Sequence[_Found]) -> Listing | None:
    """Return the one listing that all of a file is of."""
    if not found:
        return None
    listings = frozenset.intersection(*(each.listings for each in found))
    if not listings:
        problem = "it holds responses of several operations: put each operation's into its own file"
        raise DocumentError(problem)
    return _choose(file, listings, [element for each in found for element in each.elements])


def _parts_of(pages: Iterable[_Page]) -> Mapping[t.Hashable, Sequence[bytes]]:
    """Return the parts of each element. A page that does not say whose they are goes on with the one before it."""
    parts: dict[t.Hashable, list[bytes]] = defaultdict(list)
    unfinished: t.Hashable = None
    for page in pages:
        whose = unfinished if page.whose is None else page.whose
        if whose is None:
            problem = "it holds lines without their invoice: put the pages of an invoice into one file, the first first"
            raise DocumentError(problem)
        parts[whose] += page.parts
        unfinished = whose if page.has_more else None
    return parts


@cache
def _rows_of() -> Mapping[Listing, list[PagedRows]]:
    """Return the streams of each listing."""
    found: dict[Listing, list[PagedRows]] = defaultdict(list)
    for rows in STREAMS:
        if isinstance(rows, PagedRows):
            found[rows.listing].append(rows)
    return found


@cache
def _arrays() -> Mapping[str, frozenset[Listing]]:
    """Return the listings whose pages have an array of a name."""
    names = [(listing.elements.rpartition(".")[2], listing) for listing in _rows_of()]
    return {name: frozenset(listing for other, listing in names if other == name) for name, _ in names}


@cache
def _details() -> Mapping[Detail, Listing]:
    """Return the operations that tell the parts of an element, and the listing of that element."""
    return {rows.detail: listing for listing, some in _rows_of().items() for rows in some if rows.detail}


@cache
def _known_names(listing: Listing) -> frozenset[str]:
    """Return the names that the schemas of a listing's streams have at any depth."""
    names: set[str] = set()
    for rows in _rows_of()[listing]:
        names |= set(_names_in(load_schema(rows.name))) | set(map(column_name, rows.path))
    return frozenset(names)


def _names_in(schema: Mapping[str, t.Any]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _names_in(inner)
    yield from _names_in(schema["items"]) if "items" in schema else ()


def _may_be_listing(head: bytes) -> bool:
    """Return whether the begin of a file has what tells an element, or a page without any."""
    if not head.lstrip().startswith((b"{", b"[")) or b'"reportSpecification"' in head:
        return False
    identifiers = {name for listing in _rows_of() for name in listing.identifiers}
    identifiers |= {detail.elements for detail in _details()}
    arrays = "|".join(map(re.escape, _arrays()))
    return any(f'"{name}"'.encode() in head for name in identifiers) or bool(
        re.search(rf'"({arrays})"\s*:\s*\[\s*\]'.encode(), head)
    )


def _decoded(text: bytes) -> Sequence[bytes]:
    """Return the values in a file: one, or one a line. What is no character is replaced, as in Amazon's answers."""
    text = with_whole_pairs(str(text, "utf-8", "replace").encode())
    try:
        return [bytes(_values.decode(text))]
    except ValueError:
        try:
            return [*map(bytes, _values.decode_lines(text))]
        except ValueError as error:
            raise not_json(str(error)) from None


def _find(value: bytes) -> Iterator[_Found]:
    """Yield what a value is, or what it lists."""
    value = value.strip()
    if value.startswith(b"["):
        for inner in _array.decode(value):
            yield from _find(bytes(inner))
    elif value.startswith(b"{"):
        fields = {name: bytes(inner).strip() for name, inner in _object.decode(value).items()}
        if fields.get(_PAYLOAD, b"").startswith((b"{", b"[")):
            yield from _find(fields[_PAYLOAD])
        else:
            yield _page_of(fields) or _Found(
                frozenset(listing for listing in _rows_of() if _is_element(listing, fields)), [value]
            )
    else:
        yield _Found(frozenset(), [value])


def _page_of(fields: Mapping[str, bytes]) -> _Found | None:
    """Return what a page holds, None if an object is no page."""
    for detail, listing in _details().items():
        element, parts = fields.get(detail.element, b""), fields.get(detail.elements, b"")
        if element.startswith(b"{") or parts.startswith(b"["):
            own = [element] if element.startswith(b"{") else []
            some = [*map(bytes, _array.decode(parts))] if parts.startswith(b"[") else []
            has_more = fields.get(detail.next_token, b"null") not in {b"null", b'""'}
            page = _Page(listing.identity(element) if own else None, some, has_more)
            return _Found(frozenset({listing}), own, page)
    for name, listings in _arrays().items():
        if fields.get(name, b"").startswith(b"["):
            return _Found(listings, [*map(bytes, _array.decode(fields[name]))])
    return None


def _is_element(listing: Listing, fields: Iterable[str]) -> bool:
    """Return whether an object may be an element. One of identifiers alone is the receipt of something sent."""
    return set(listing.identifiers) < set(fields)


def _choose(file: InboxFile, listings: frozenset[Listing], elements: Sequence[bytes]) -> Listing | None:
    """Return the listing whose streams know most of the elements' fields; of equal ones the one that the path names."""
    names: set[str] = set()
    for element in elements[:_ENOUGH]:
        names |= set(_names_of(_anything.decode(element)))
    fits = {listing: len(names & _known_names(listing)) for listing in listings}
    best = [listing for listing, fit in fits.items() if fit == max(fits.values())]
    if names and 2 * max(fits.values()) <= len(names):
        return None
    path = file.name.lower()
    named = [
        listing
        for listing in best
        if listing.operation.name.lower() in path or any(rows.name in path for rows in _rows_of()[listing])
    ]
    if len(named or best) != 1:
        operations = " or ".join(sorted(listing.operation.name for listing in best))
        problem = f"the file may be a response of {operations}: put one of these names into the file's name"
        raise DocumentError(problem)
    (listing,) = named or best
    return listing


def _names_of(value: t.Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    """Yield the names of all fields in a value, as columns are named."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield column_name(name)
            yield from _names_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names_of(inner)

"""Streams of paged APIs: from the elements that an operation returns to rows."""

from __future__ import annotations

import itertools
import typing as t
from collections import defaultdict
from functools import cached_property

import msgspec

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper, camel_case
from tap_amazon_vendor.errors import NotFoundError
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.columns import COUNTRY_CODE
from tap_amazon_vendor.streams.paged import SEEN_AT, PagedRows
from tap_amazon_vendor.streams.row_checks import RepeatedKeys, counted

if t.TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.singerlib import MetadataMapping

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Reject
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.streams.paged import Detail

    #: The number of an element, or of a row within one, and its JSON.
    Numbered = tuple[int, bytes]


class Elements(t.Protocol):
    """The elements that rows are made of, and what they were read for: of a window, or of a file."""

    context: Mapping[str, t.Any]
    seen_at: datetime

    @property
    def repeated(self) -> int:
        """How many of them came again in another version."""

    def elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers, from 1, and elements, each once."""

    def parts(self, detail: Detail, identifier: str) -> Sequence[msgspec.Raw]:
        """Return the parts of an element that another operation has."""


#: Elements that are shaped at once.
CHUNK = 200

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


class PagedStream(AmazonStream):
    """The rows that a `PagedRows` declares.

    `SellingPartnerApi` throttles, authenticates and retries, so this is not a REST stream of the SDK; the pages follow
    the SDK's paginator (see `amazon.pages`).
    """

    declaration: PagedRows

    def __init__(self, tap: Tap, declaration: PagedRows, settings: Callable[[], Settings]) -> None:
        """Build the schema."""
        seen = {
            "type": "string",
            "format": "date-time",
            "description": f"When the tap read this version of the row from {declaration.source}, in UTC.",
        }
        super().__init__(tap, declaration, settings, source=declaration.source, after={SEEN_AT: seen})
        self.restricted = declaration.listing.restricted

    @property
    def metadata(self) -> MetadataMapping:
        """The SDK's metadata; columns with whole files are left out unless a catalog selects them."""
        metadata = super().metadata
        for column in self.declaration.contents:
            if entry := metadata.get(("properties", column)):
                entry.selected_by_default = False
        return metadata

    def chunks(self, listed: Elements, account: Account, findings: Findings, written: Container[int]) -> Iterator[Rows]:
        """Read the rows of a window.

        Args:
            listed: What was fetched of it.
            account: Its account.
            findings: Receives what can't be rows.
            written: Hashes of the elements that this run wrote before, in the same version: they are left out.

        Yields:
            Rows, in chunks.

        Raises:
            AmazonError: Amazon refuses to tell the parts of an element, or does not answer as it should.
        """
        findings.repeated_keys += listed.repeated
        rows = self._rows(listed, account, findings, written)
        repeated = RepeatedKeys(self.primary_keys)
        return counted(rows, findings, repeated=repeated, days=None, one_may_be_dirty=True)

    def _rows(self, listed: Elements, account: Account, findings: Findings, written: Container[int]) -> Iterator[Rows]:
        listing = self.declaration.listing
        asked = listed.context.get("marketplace_id") or account.marketplaces[0].marketplace_id
        own = frozenset(marketplace.marketplace_id for marketplace in account.marketplaces)
        numbers = itertools.count(1)
        elements = ((number, element) for number, element in listed.elements() if hash(element) not in written)
        # Each detail is a call: its rows are passed on before the next.
        at_once = 1 if self.declaration.detail else CHUNK
        gone: list[tuple[int, bytes, NotFoundError]] = []
        answered, bare = False, 0
        while some := list(itertools.islice(elements, at_once)):
            rows: dict[str, list[Numbered]] = defaultdict(list)
            for number, element in some:
                try:
                    said = decode(element, listing.element_type)
                except ValueError as error:
                    findings.reject(number, element.decode(errors="replace"), str(error))
                    continue
                # An authorization may cover more marketplaces than the user configured.
                marketplace = listing.marketplace(said) or asked
                if marketplace in own:
                    try:
                        found = [*self._rows_of(listed, said, number, element, numbers)]
                        rows[marketplace] += found
                        answered, bare = True, bare + (not found)
                    except NotFoundError as error:
                        gone.append((number, element, error))
                else:
                    findings.rows_elsewhere[country_of(marketplace) or marketplace] += 1
            for marketplace, own_rows in rows.items():
                constants = {
                    "account": account.label,
                    "marketplace_id": marketplace,
                    COUNTRY_CODE: country_of(marketplace),
                    SEEN_AT: listed.seen_at.isoformat(timespec="seconds"),
                    EXTRA: None,
                }
                yield from self._shape(own_rows, constants, findings)
        if bare and (detail := self.declaration.detail):
            text = f"{detail.operation.name} has no rows for {bare} of those that {listing.operation.name} lists"
            findings.remarks.append(text)
        # Listed, but without parts of its own: it must not keep those of the others. If all are, it is another fault.
        for number, element, unknown in gone:
            if not answered:
                raise unknown
            findings.reject(number, element.decode(errors="replace"), str(unknown))

    def _rows_of(
        self,
        listed: Elements,
        said: t.Any,  # noqa: ANN401  # of the listing's own type
        number: int,
        element: bytes,
        numbers: Iterator[int],
    ) -> Iterator[Numbered]:
        """Yield the rows of an element, each with its number: the element's, or its own among all parts of elements."""
        own = self.declaration
        if not own.path and not own.detail:
            yield number, element
            return
        parts: Iterable[bytes | msgspec.Raw] = (element,)
        around: dict[str, msgspec.Raw] = {}
        if own.detail:
            parts = listed.parts(own.detail, getattr(said, own.listing.identifiers[0]))
            around = {name: value for name, value in _object.decode(element).items() if name in own.inherits}
        found = itertools.chain.from_iterable(_parts(part, own.path, own.inherits, around) for part in parts)
        for place, row in enumerate(found, 1):
            lifted = _lifted(row, own.lifts) if own.lifts else row
            yield next(numbers), _with_place(lifted, own.place, place) if own.place else lifted

    def _shape(self, rows: Sequence[Numbered], constants: Mapping[str, t.Any], findings: Findings) -> Iterator[Rows]:
        """Shape rows of one marketplace."""

        def reject(found: Reject) -> None:
            findings.reject(rows[found.number - 1][0], found.text, found.reason, found.column)

        if rows:
            own = Findings(reject, unreadable_cells=findings.unreadable_cells, remarks=findings.remarks)
            slices = [b"[" + b",".join(row for _, row in rows) + b"]"]
            yield from self._shaper.shape(slices, constants, self.declaration.source, own)

    @cached_property
    def _shaper(self) -> RowShaper:
        """Shapes rows; made when the selection is final: whole files that nobody wants are not even decoded."""
        mask = self.mask
        unwanted = {name for name in self.declaration.contents if not mask.get(("properties", name), False)}
        return RowShaper(
            {name: schema for name, schema in self._columns.items() if name not in unwanted},
            self.declaration.key_columns,
            self._warn_of_unknown,
            leaves_out=map(camel_case, unwanted),
            # An item without its number is told from the others of its order by nothing: one would replace another.
            required=self.declaration.key_columns[-1:],
            texts=True,
        )


def _parts(
    value: bytes | msgspec.Raw, path: Sequence[str], inherits: Sequence[str], inherited: Mapping[str, msgspec.Raw]
) -> Iterator[bytes]:
    """Yield what lies within a value, with the fields that it takes from what is around it.

    Args:
        value: JSON.
        path: Fields that lead to it. An array on the way, or at its end, is each of its elements.
        inherits: The fields that it takes.
        inherited: Those that are known already.

    Yields:
        JSON objects; and what is none where one is due, which is no row.
    """
    text = bytes(value)
    if text.startswith(b"["):
        for element in _array.decode(text):
            yield from _parts(element, path, inherits, inherited)
    elif not text.startswith(b"{"):
        if text != b"null":
            yield text
    elif path:
        own = _object.decode(text)
        name, *rest = path
        if name in own:
            handed_down = {**inherited, **{name: own[name] for name in inherits if name in own}}
            yield from _parts(own[name], rest, inherits, handed_down)
    else:
        yield msgspec.json.encode(_beside(inherited, _object.decode(text))) if inherited else text


def _lifted(row: bytes, names: Iterable[str]) -> bytes:
    """Put the fields of some objects of a row beside its own, which win."""
    if not row.startswith(b"{"):
        return row
    fields = _object.decode(row)
    for name in names:
        if bytes(fields.get(name, msgspec.Raw())).startswith(b"{"):
            fields = _beside(_object.decode(fields.pop(name)), fields)
    return msgspec.json.encode(fields)


def _beside(others: Mapping[str, msgspec.Raw], own: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Put a row's own fields beside others. Its own win, unless they are null: a row keeps the key of its order."""
    return {**others, **{name: value for name, value in own.items() if name not in others or bytes(value) != b"null"}}


def _with_place(row: bytes, field: str, place: int) -> bytes:
    """Add a field with a row's place."""
    return msgspec.json.encode({field: place, **_object.decode(row)}) if row.startswith(b"{") else row

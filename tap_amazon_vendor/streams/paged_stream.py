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
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.columns import COUNTRY_CODE
from tap_amazon_vendor.streams.details import Details, Element, Unfound
from tap_amazon_vendor.streams.paged import SEEN_AT, PagedRows
from tap_amazon_vendor.streams.row_checks import RepeatedKeys, counted

if t.TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.singerlib import MetadataMapping

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Reject
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.streams.details import Elements
    from tap_amazon_vendor.streams.listed_window import Parts

    #: The number of an element, or of a row within one, and its JSON.
    Numbered = tuple[int, bytes]


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

    def chunks(
        self,
        listed: Elements,
        account: Account,
        findings: Findings,
        written: Container[int],
        unfound: Unfound | None = None,
    ) -> Iterator[Rows]:
        """Read the rows of a window.

        Args:
            listed: What was fetched of it.
            account: Its account.
            findings: Receives what can't be rows.
            written: Hashes of the elements that this run wrote before, in the same version: they are left out.
            unfound: Elements whose parts Amazon did not find in the last run. Receives those of the window. None for a
                file.

        Yields:
            Rows, in chunks.

        Raises:
            AmazonError: Amazon refuses to tell the parts of an element, or does not answer as it should.
        """
        findings.repeated_keys += listed.repeated
        rows = self._rows(listed, account, findings, written, unfound or Unfound(most=0))
        repeated = RepeatedKeys(self.primary_keys)
        return counted(rows, findings, repeated=repeated, days=None, layout_known=True)

    def _rows(
        self, listed: Elements, account: Account, findings: Findings, written: Container[int], unfound: Unfound
    ) -> Iterator[Rows]:
        listing, detail = self.declaration.listing, self.declaration.detail
        asked = listed.context.get("marketplace_id") or account.marketplaces[0].marketplace_id
        elements = self._elements(listed, account, findings, written, asked)
        numbers = itertools.count(1)
        found: Iterator[dict[str, list[Numbered]]]
        if detail:
            details = Details(listed, listing, detail, asked, unfound, findings)
            found = self._rows_of_parts(details.read(elements), numbers, findings)
        else:
            found = self._rows_within(elements, numbers)
        for rows in found:
            if not rows:
                # Nothing to write while waiting for a retry; the run may save its state.
                yield []
            for marketplace, own_rows in rows.items():
                constants = {
                    "account": account.label,
                    "marketplace_id": marketplace,
                    COUNTRY_CODE: country_of(marketplace),
                    SEEN_AT: listed.seen_at.isoformat(timespec="seconds"),
                    EXTRA: None,
                }
                yield from self._shape(own_rows, constants, findings)

    def _elements(
        self, listed: Elements, account: Account, findings: Findings, written: Container[int], asked: str
    ) -> Iterator[Element]:
        """Yield the elements that can be read, those of the account's own marketplaces."""
        listing = self.declaration.listing
        # An authorization may cover more marketplaces than the user configured.
        own = frozenset(marketplace.marketplace_id for marketplace in account.marketplaces)
        for number, text in listed.elements():
            if hash(text) in written:
                continue
            try:
                said = decode(text, listing.element_type)
            except ValueError as error:
                findings.reject(number, text.decode(errors="replace"), str(error))
                continue
            marketplace = listing.marketplace(said) or asked
            if marketplace in own:
                yield Element(number, text, marketplace, getattr(said, listing.identifiers[0]))
            else:
                findings.rows_elsewhere[country_of(marketplace) or marketplace] += 1

    def _rows_within(self, elements: Iterator[Element], numbers: Iterator[int]) -> Iterator[dict[str, list[Numbered]]]:
        """Yield the rows of some elements, by marketplace: those that lie within them, else they themselves."""
        while some := list(itertools.islice(elements, CHUNK)):
            rows: dict[str, list[Numbered]] = defaultdict(list)
            for element in some:
                if self.declaration.path:
                    rows[element.marketplace] += self._numbered((element.text,), {}, numbers)
                else:
                    rows[element.marketplace].append((element.number, element.text))
            yield rows

    def _rows_of_parts(
        self, found: Iterable[tuple[Element, Parts] | None], numbers: Iterator[int], findings: Findings
    ) -> Iterator[dict[str, list[Numbered]]]:
        """Yield the rows of each element's parts, by marketplace; an empty dictionary while waiting."""
        own = self.declaration
        bare = 0
        for each in found:
            if each is None:
                yield {}
                continue
            element, (header, parts) = each
            # If the element is no longer listed, only the header of its parts has the fields that rows inherit.
            text = header if header.startswith(b"{") and not element.is_listed else element.text
            around = {name: value for name, value in _object.decode(text).items() if name in own.inherits}
            rows = [*self._numbered(parts, around, numbers)]
            bare += not rows
            yield {element.marketplace: rows}
        if bare and own.detail:
            remark = (
                f"{own.detail.operation.name} has no rows for {bare} of the elements that "
                f"{own.listing.operation.name} lists"
            )
            findings.remarks.append(remark)

    def _numbered(
        self, parts: Iterable[bytes | msgspec.Raw], around: Mapping[str, msgspec.Raw], numbers: Iterator[int]
    ) -> Iterator[Numbered]:
        """Yield the rows within the parts of an element, each with its number among those of all elements."""
        own = self.declaration
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
            # Only its number tells an item from the others of its order: without it, one would replace another.
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

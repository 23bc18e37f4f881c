"""Which report a file of the inbox is.

A file is recognised by what is in it: JSON by its specification, or by its arrays where it has none; a flat file by its
header. Its name, and those of the folders that it lies in, decide only where the content leaves a choice.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from datetime import date

from tap_amazon_vendor.config.marketplaces import MARKETPLACES, find_marketplace
from tap_amazon_vendor.documents.delimited import Header, Table, read_header
from tap_amazon_vendor.documents.encodings import find_charset, head_text
from tap_amazon_vendor.documents.files import first_rows, open_document, open_flat_file
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.documents.unzip import unzipped
from tap_amazon_vendor.errors import DocumentError, UnknownReportError
from tap_amazon_vendor.reports.calendars import PERIODS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.documents.flat_files import FlatFile
    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.reports.options import Option
    from tap_amazon_vendor.streams.report_rows import ReportRows

#: Bytes at the beginning of a file that tell whether it is JSON.
_HEAD = 1 << 20

#: Containers of files, among them the workbooks of office programs.
_ZIP = b"PK\x03\x04"

#: Fewest known columns by which a flat file is recognised: a list of SKUs alone may be anything.
_FEWEST = 4

#: A report is recognised if no other fits nearly as well.
_NEARLY = 0.95

#: From this on a fit tells something: what file and report both have, in parts of what any of them has.
_ALIKE = 0.5

#: Names that are told of a file that nothing recognises.
_TOLD = 20

#: Longest name of a column.
_LONGEST_NAME = 80

#: Columns that say the marketplace, as its country code, its id or the domain of its store.
_MARKETPLACE_COLUMNS = ("sales_channel", "marketplace", "marketplace_name", "amazon_store", "marketplace_id")

_WORDS = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class Recognised:
    """What a file is.

    Attributes:
        streams: Those that read it. They are of one report type.
        document: The file, known to be whole as far as that shows without decoding it.
        flat: How it is written, where it is a flat file.
        names: Names in the header of a flat file.
        rows: Of a document without a specification, the first row of each array.
    """

    streams: tuple[ReportRows, ...]
    document: Document
    flat: FlatFile | None = None
    names: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, t.Any]] | None = None

    @property
    def said(self) -> dict[str, t.Any]:
        """What the document's specification says, with the report options."""
        specification = self.document.specification or {}
        options = specification.get("reportOptions")
        return {**specification, **(options if isinstance(options, dict) else {})}


class _Fit(t.NamedTuple):
    """How well a file fits a report: names that both have, names of the file, columns of the report."""

    known: int
    names: int
    columns: int

    @property
    def alike(self) -> float:
        """What both have, in parts of what any has."""
        return self.known / (self.names + self.columns - self.known)


class Recogniser:
    """Says which streams read a file."""

    def __init__(self, streams: Iterable[ReportRows], columns: Callable[[str], Mapping[str, t.Any]]) -> None:
        """Prepare.

        Args:
            streams: All report streams.
            columns: Gives the schemas of a stream's own columns by its name.
        """
        self._streams = tuple(streams)
        self._columns = {stream: columns(stream.name) for stream in self._streams}
        self._readers = {
            stream: FlatFileReader(stream.report.layout, self._columns[stream], (), _ignore, _ignore)
            for stream in self._streams
            if stream.report.layout
        }

    def recognise(self, file: InboxFile, country: str | None = None) -> Recognised:
        """Say what a file is.

        Args:
            file: The file.
            country: Country of its marketplace, where it is known: charsets hang on it.

        Raises:
            UnknownReportError: It is no report that a stream reads. Names what is in its header, and no value.
            DocumentError: It is damaged, or may be one of several reports.
        """
        with unzipped(file.path, file.name) as content:
            head = content.read(_HEAD)
        if head.startswith(_ZIP):
            text = "the file is a ZIP archive or a workbook: unpack it, or save its sheet as text, and put that here"
            raise DocumentError(text)
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
        if not start:
            text = "the file is empty"
            raise UnknownReportError(text)
        if start[:1] in {b"{", b"["}:
            return self._json(file)
        if start.startswith(b"<"):
            raise _page(file)
        return self._flat(file, country)

    def _json(self, file: InboxFile) -> Recognised:
        document = open_document(file.path)
        if document.error:
            text = f"the file holds an error of Amazon's instead of rows: {document.error}"
            raise UnknownReportError(text)
        report_type = (document.specification or {}).get("reportType")
        if isinstance(report_type, str):
            streams = tuple(stream for stream in self._streams if stream.report.name == report_type)
            if not streams:
                text = f"no stream reads the report {report_type!a}"
                raise UnknownReportError(text)
            _check_specification(document, streams)
            found = Recognised(streams, document)
        else:
            rows = first_rows(document)
            found = Recognised(self._by_arrays(file, rows), document, rows=rows)
        for stream in found.streams:
            for name, value in stream.report.fixed_options.items():
                if found.said.get(name, value) != value:
                    text = f"the report was made with {name}={found.said[name]}, the stream reads {name}={value}"
                    raise UnknownReportError(text)
        return found

    def _by_arrays(self, file: InboxFile, rows: Mapping[str, Mapping[str, t.Any]]) -> tuple[ReportRows, ...]:
        """Return the streams of the report that has a document's arrays."""
        candidates = [
            stream
            for stream in self._streams
            if stream.records_path.partition(".")[0] in rows and "." not in stream.records_path
        ]
        types = {stream.report.name for stream in candidates}
        if not types:
            text = f"no stream reads such a file. Its arrays are {_listed(rows)}"
            raise UnknownReportError(text)
        if len(types) > 1:
            names = {stream: _flattened(rows[stream.records_path]) for stream in candidates}
            fits = {
                stream: _Fit(
                    len(names[stream] & set(self._columns[stream])), len(names[stream]), len(self._columns[stream])
                )
                for stream in candidates
            }
            types = {self._choose(file, fits).report.name}
        return tuple(stream for stream in self._streams if stream.report.name in types)

    def _flat(self, file: InboxFile, country: str | None) -> Recognised:
        header = read_header(file.path, country=country)
        whole: dict[ReportRows, _Fit] = {}
        damaged: dict[ReportRows, _Fit] = {}
        for stream, reader in self._readers.items():
            known = {column for name in header.names if (column := reader.column(name))}
            fit = _Fit(len(known), len(header.names), len(self._columns[stream]))
            constant = {"snapshot_time", stream.report.layout.numbered if stream.report.layout else None}
            if len(known) < _FEWEST or 2 * len(known) <= len(header.names):
                continue
            if known.issuperset(key for key in stream.key_columns if key not in constant):
                whole[stream] = fit
            elif fit.alike > _ALIKE:
                # So much of it is there: reading it will say which key is missing.
                damaged[stream] = fit
        if not whole and not damaged:
            text = f"no stream reads such a file. Its header is {_listed(header.names)}"
            raise UnknownReportError(text)
        stream = self._choose(file, whole or damaged)
        document = open_flat_file(file.path)
        return Recognised(
            (stream,), document, _dialect(t.cast("FlatFile", stream.report.layout), header), tuple(header.names)
        )

    def _choose(self, file: InboxFile, fits: Mapping[ReportRows, _Fit]) -> ReportRows:
        """Return the stream that fits best; of several that fit alike, the one that the file's name names.

        First counts how many of the file's names a report knows, then how few of the report's are missing in the file:
        that tells something if most are there.
        """
        known = max(fit.known for fit in fits.values())
        alike = [stream for stream, fit in fits.items() if fit.known >= _NEARLY * known]
        best = max(fits[stream].alike for stream in alike)
        if best > _ALIKE:
            alike = [stream for stream in alike if fits[stream].alike >= _NEARLY * best]
        if len(alike) > 1:
            alike = _named(file.name, alike) or alike
        if len(alike) > 1:
            choices = " or ".join(f"{stream.name} ({stream.report.name})" for stream in alike)
            text = f"the file may be {choices}: put one of these names into the file's name, or into its folder's"
            raise DocumentError(text)
        return alike[0]

    def named(self, file: InboxFile) -> set[str]:
        """Return the report types that a file's name names."""
        return {stream.report.name for stream in _named(file.name, self._streams)}

    def said_marketplaces(self, file: InboxFile, found: Recognised) -> set[str]:
        """Return the ids of the marketplaces that a file names, in its specification or else in its rows.

        Reads a flat file through where it has a column that says them.

        Raises:
            DocumentError: It is damaged.
        """
        ids = found.said.get("marketplaceIds")
        if isinstance(ids, list) and ids:
            return {marketplace for marketplace in ids if isinstance(marketplace, str)}
        if found.rows is not None:
            return _known_marketplaces(str(row.get("marketplaceId", "")) for row in found.rows.values())
        stream = found.streams[0]
        if not found.flat or not stream.report.layout:
            return set()
        reader = self._readers[stream]
        columns = {reader.column(name): index for index, name in enumerate(found.names)}
        for name in _MARKETPLACE_COLUMNS:
            if name in columns and (known := _known_marketplaces(_cells(file, found.flat, columns[name]))):
                return known
        return set()


def option_value(option: Option, file: InboxFile, found: Recognised) -> str:
    """Return the value of a report option that a file was made with.

    From its specification; else from its name or its folders' names, where one of the values is a word of them; else,
    of a period, from the days of its first row.

    Raises:
        DocumentError: Nothing says it.
    """
    value = found.said.get(option.name)
    if isinstance(value, str):
        return value
    words = set(_WORDS.split(file.name.lower()))
    named = [each for each in option.values if each.lower() in words]
    if len(named) == 1:
        return named[0]
    if option.setting == "report_periods":
        for row in (found.rows or {}).values():
            period = _period(row.get("startDate"), row.get("endDate"), option.values)
            if period:
                return period
    choices = ", ".join(option.values)
    text = f"the file does not say its {option.name}: put {choices} into its name or its folder's"
    raise DocumentError(text)


def marketplace_of(word: str) -> str | None:
    """Return the id of a marketplace by its country code, its id or the domain of its store; None if it is none."""
    known = find_marketplace(word)
    return known.marketplace_id if known else _stores().get(word.strip().lower())


def _stores() -> dict[str, str]:
    """Return the ids of marketplaces by the domains of their stores."""
    stores = {}
    for each in MARKETPLACES:
        hosts = (each.seller_central, each.vendor_central)
        own = [host.partition(".")[2] for host in hosts if host.startswith(("sellercentral.", "vendorcentral."))]
        stores.update({domain: each.marketplace_id for domain in own if domain != "amazon.me"})
    return stores


def _known_marketplaces(texts: Iterable[str]) -> set[str]:
    return {found for text in texts if (found := marketplace_of(text))}


def _cells(file: InboxFile, flat: FlatFile, index: int) -> set[str]:
    """Return the different texts of a column of a flat file."""
    table = Table(file.path, find_charset(file.path, file.name, _ignore), flat.delimiter, file.name, quoted=flat.quoted)
    return {row[index] for _, rows in table.chunks() for row in rows}


def _dialect(flat: FlatFile, header: Header) -> FlatFile:
    """Return how a file is written: Seller Central's downloads have commas and quotes where the API has tabs."""
    comma = header.delimiter == ","
    return replace(flat, delimiter=header.delimiter, quoted=flat.quoted or header.quoted or comma)


def _named(name: str, streams: Iterable[ReportRows]) -> list[ReportRows]:
    """Return the streams that a file's path names, by their names or report types: those with the longest name."""
    path = f"_{_WORDS.sub('_', name.lower())}_"
    lengths = {
        stream: max(
            (len(each) for each in (stream.name, stream.report.name.lower()) if f"_{each}_" in path),
            default=0,
        )
        for stream in streams
    }
    return [stream for stream, length in lengths.items() if length and length == max(lengths.values())]


def _flattened(row: Mapping[str, t.Any], prefix: str = "") -> set[str]:
    """Return the columns of a row of JSON."""
    names: set[str] = set()
    for name, value in row.items():
        column = f"{prefix}{column_name(name)}"
        names |= _flattened(value, f"{column}_") if isinstance(value, dict) else {column}
    return names


def _period(start: object, end: object, names: Iterable[str]) -> str | None:
    """Return the period from one day to another, None if there is none."""
    try:
        first, last = date.fromisoformat(str(start)[:10]), date.fromisoformat(str(end)[:10])
    except ValueError:
        return None
    periods = [PERIODS[name] for name in names if name in PERIODS]
    return next(
        (period.name for period in periods if (period.first_day(first), period.last_day(first)) == (first, last)), None
    )


def _check_specification(document: Document, streams: Iterable[ReportRows]) -> None:
    """Check what a specification says for all rows.

    Raises:
        DocumentError: It is not of the type that Amazon writes.
    """
    specification = document.specification or {}
    options = specification.get("reportOptions") or {}
    if not isinstance(options, dict):
        text = "its reportSpecification has reportOptions that are no object"
        raise DocumentError(text)
    said = {**specification, **options}
    days = ("dataStartTime", "dataEndTime")
    for name in {*days, *(field for stream in streams for field in stream.from_specification.values())} & said.keys():
        try:
            good = isinstance(said[name], str) and (name not in days or date.fromisoformat(said[name][:10]))
        except ValueError:
            good = False
        if not good:
            text = f"its reportSpecification has a {name} that is none"
            raise DocumentError(text)


def _page(file: InboxFile) -> UnknownReportError:
    """Say what a file of elements is."""
    tags = re.findall(r"<([A-Za-z][\w.:-]*)", head_text(file.path, file.name))
    return UnknownReportError(f"no stream reads such a file. Its first elements are {_listed(dict.fromkeys(tags))}")


def _listed(names: Iterable[str]) -> str:
    """List names for a message. What looks like a value rather than a name is not shown."""
    told = [name if _is_name(name) else "…" for name in names]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + more if told else "empty, or no text"


def _is_name(text: str) -> bool:
    """Say whether a text may be the name of a column: short, a letter first, no address and no long number."""
    return text[:1].isalpha() and len(text) <= _LONGEST_NAME and text.isprintable() and not re.search(r"@|\d{4}", text)


def _ignore(_: str) -> None:
    """Take a warning that the reading of the file will give."""

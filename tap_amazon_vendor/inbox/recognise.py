"""Recognises which report an inbox file is.

A file is recognised by its content: JSON by its specification, or by its arrays where it has none; a flat file by its
header. Its name, and the names of its folders, decide only where the content is ambiguous.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import date

from tap_amazon_vendor.documents.delimited import Table
from tap_amazon_vendor.documents.dialects import read_header
from tap_amazon_vendor.documents.encodings import find_charset, head_text
from tap_amazon_vendor.documents.files import first_rows, open_document, open_flat_file, text_start
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.documents.unzip import unzipped
from tap_amazon_vendor.errors import DocumentError, UnknownReportError
from tap_amazon_vendor.reports.belonging import named_marketplace
from tap_amazon_vendor.reports.calendars import PERIODS
from tap_amazon_vendor.reports.specification import stated

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.documents.flat_files import FlatFile
    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.reports.options import Option
    from tap_amazon_vendor.streams.report_rows import ReportRows

#: Bytes at the beginning of a file that show whether it is JSON.
_HEAD = 1 << 20

#: First bytes of ZIP archives, including office workbooks.
_ZIP = b"PK\x03\x04"

#: Minimum of known columns to recognise a flat file: a list of SKUs alone may be anything.
_FEWEST = 4

#: A report is recognised if no other one's fit is at least this part of its own.
_NEARLY = 0.95

#: Fits above this are meaningful: names that file and report share, as a fraction of all names of both.
_ALIKE = 0.5

#: Maximum of names that a message lists of an unrecognised file.
_TOLD = 20

#: Largest share of names that may look like values: with more, the line is data instead of a header.
_MOST_MASKED = 0.1

#: Longest name of a column.
_LONGEST_NAME = 80

#: Columns that hold the marketplace, as a country code, an id or the domain of a store.
_MARKETPLACE_COLUMNS = ("sales_channel", "marketplace", "marketplace_name", "amazon_store", "marketplace_id")

_WORDS = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class Recognised:
    """What a file was recognised as.

    Attributes:
        streams: The streams that read it. They are of one report type.
        document: The file, complete as far as can be checked without decoding it.
        names: Names in the header of a flat file; none of any other.
        rows: For a document without a specification, the first row of each array.
    """

    streams: tuple[ReportRows, ...]
    document: Document
    names: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, t.Any]] | None = None

    @property
    def said(self) -> dict[str, t.Any]:
        """What the document's specification states, with the report options at the top level.

        Raises:
            DocumentError: It is not what Amazon writes.
        """
        return stated(self.document.specification)


class _Fit(t.NamedTuple):
    """How well a file fits a report: number of shared names, of the file's names, and of the report's columns."""

    known: int
    names: int
    columns: int

    @property
    def alike(self) -> float:
        """Shared names as a fraction of all names."""
        return self.known / (self.names + self.columns - self.known)


class Recogniser:
    """Finds the streams that read a file."""

    def __init__(self, streams: Iterable[ReportRows], columns: Callable[[str], Mapping[str, t.Any]]) -> None:
        """Prepare.

        Args:
            streams: All report streams.
            columns: Returns the schemas of a stream's own columns by its name.
        """
        self._streams = tuple(streams)
        self._columns = {stream: columns(stream.name) for stream in self._streams}
        self._readers = {
            stream: FlatFileReader(stream.report.layout, self._columns[stream], (), _ignore, _ignore)
            for stream in self._streams
            if stream.report.layout
        }

    def recognise(self, file: InboxFile, country: str | None = None) -> Recognised:
        """Recognise a file.

        Args:
            file: The file.
            country: Country of its marketplace, if known: the charset depends on it.

        Raises:
            UnknownReportError: No stream reads it. The message lists the names in its header, and no values.
            DocumentError: It is damaged, or may be one of several reports.
        """
        with unzipped(file.path, file.name) as content:
            head = content.read(_HEAD)
        if head.startswith(_ZIP):
            text = (
                "the file is a ZIP archive or a workbook: unpack it, or save its sheet as text, and put the result here"
            )
            raise DocumentError(text)
        start = text_start(head)
        if not start:
            text = "the file is empty"
            raise UnknownReportError(text)
        if start.startswith(("{", "[")):
            return self._json(file)
        if start.startswith("<"):
            raise _page(file)
        return self._flat(file, country)

    def _json(self, file: InboxFile) -> Recognised:
        document = open_document(file.path)
        if document.error:
            text = f"the file holds an error from Amazon instead of rows: {document.error}"
            raise UnknownReportError(text)
        if report_type := stated(document.specification).get("reportType"):
            streams = tuple(stream for stream in self._streams if stream.report.name == report_type)
            if not streams:
                text = f"no stream reads the report {report_type!a}"
                raise UnknownReportError(text)
            found = Recognised(streams, document)
        else:
            rows = first_rows(document)
            found = Recognised(self._by_arrays(file, rows), document, rows=rows)
        for stream in found.streams:
            for name, value in stream.report.fixed_options.items():
                if found.said.get(name, value) != value:
                    said = shown(found.said[name])
                    text = f"the report was made with {name}={said}, the stream reads {name}={value}"
                    raise UnknownReportError(text)
        return found

    def _by_arrays(self, file: InboxFile, rows: Mapping[str, Mapping[str, t.Any]]) -> tuple[ReportRows, ...]:
        """Return the streams of the report type that has a document's arrays."""
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
            names = {stream: flattened(rows[stream.records_path]) for stream in candidates}
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
            layout = t.cast("FlatFile", stream.report.layout)
            constant = {"snapshot_time", layout.numbered, *layout.derived}
            if len(known) < _FEWEST or 2 * len(known) <= len(header.names):
                continue
            if known.issuperset(key for key in stream.key_columns if key not in constant):
                whole[stream] = fit
            elif fit.alike > _ALIKE:
                # Most of it is present: reading it will report which key is missing.
                damaged[stream] = fit
        if not whole and not damaged:
            text = f"no stream reads such a file. Its header is {_listed(header.names)}"
            raise UnknownReportError(text)
        stream = self._choose(file, whole or damaged)
        document = open_flat_file(file.path)
        return Recognised((stream,), document, tuple(header.names))

    def _choose(self, file: InboxFile, fits: Mapping[ReportRows, _Fit]) -> ReportRows:
        """Return the stream that fits best; of equally good ones, the one that the file's name contains.

        First criterion: how many of the file's names a report knows. Second: how few of the report's are missing from
        the file, which is meaningful if most are present.
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
        """Return the report types that a file's path names."""
        return {stream.report.name for stream in _named(file.name, self._streams)}

    def said_marketplaces(self, file: InboxFile, found: Recognised) -> set[str]:
        """Return the ids of the marketplaces that a file names, in its specification or else in its rows.

        Reads a whole flat file if it has such a column.

        Raises:
            DocumentError: It is damaged.
        """
        if ids := found.said.get("marketplaceIds"):
            return set(map(_specified_marketplace, ids))
        if found.rows is not None:
            return _known_marketplaces(str(row.get("marketplaceId", "")) for row in found.rows.values())
        stream = found.streams[0]
        if not found.names:
            return set()
        reader = self._readers[stream]
        columns = {reader.column(name): index for index, name in enumerate(found.names)}
        for name in _MARKETPLACE_COLUMNS:
            if name in columns and (known := _known_marketplaces(_cells(file, columns[name]))):
                return known
        return set()


def option_value(option: Option, file: InboxFile, found: Recognised) -> str:
    """Return the value of a report option that a file was generated with.

    From its specification; else from its name or its folders' names, where one of the values is a word of them; else,
    for a period, from the days of its first row.

    Raises:
        DocumentError: It is not specified, or is none of the report's.
    """
    if (value := found.said.get(option.name)) is not None:
        if value not in option.values:
            text = f"its reportSpecification has {option.name} {shown(value)}, which is none of "
            raise DocumentError(text + ", ".join(option.values))
        return str(value)
    words = set(_WORDS.split(file.name.lower()))
    named = [each for each in option.values if each.lower() in words]
    if len(named) == 1:
        return named[0]
    if option.setting == "report_periods":
        for row in (found.rows or {}).values():
            period = period_of(row.get("startDate"), row.get("endDate"), option.values)
            if period:
                return period
    choices = ", ".join(option.values)
    text = f"the file does not say its {option.name}: put {choices} into its name or its folder's"
    raise DocumentError(text)


def _specified_marketplace(name: str) -> str:
    marketplace = named_marketplace(name)
    if marketplace is None:
        text = f"its reportSpecification has an unknown marketplace: {shown(name)}"
        raise DocumentError(text)
    return marketplace


def _known_marketplaces(texts: Iterable[str]) -> set[str]:
    return {found for text in texts if (found := named_marketplace(text))}


def _cells(file: InboxFile, index: int) -> set[str]:
    """Return the distinct texts in a column of a flat file."""
    table = Table(file.path, find_charset(file.path, file.name, _ignore), file.name)
    return {text for chunk in table.chunks() for text in chunk.columns[index]}


def _named(name: str, streams: Iterable[ReportRows]) -> list[ReportRows]:
    """Return the streams that a file's path names, by stream name or report type: those with the longest match."""
    path = f"_{_WORDS.sub('_', name.lower())}_"
    lengths = {
        stream: max(
            (len(each) for each in (stream.name, stream.report.name.lower()) if f"_{each}_" in path),
            default=0,
        )
        for stream in streams
    }
    return [stream for stream, length in lengths.items() if length and length == max(lengths.values())]


def flattened(row: Mapping[str, t.Any], prefix: str = "") -> set[str]:
    """Return the column names of a JSON row."""
    names: set[str] = set()
    for name, value in row.items():
        column = f"{prefix}{column_name(name)}"
        names |= flattened(value, f"{column}_") if isinstance(value, dict) else {column}
    return names


def period_of(start: object, end: object, names: Iterable[str]) -> str | None:
    """Return the period from one day to another, None if no period matches."""
    try:
        first, last = date.fromisoformat(str(start)[:10]), date.fromisoformat(str(end)[:10])
    except ValueError:
        return None
    periods = [PERIODS[name] for name in names if name in PERIODS]
    return next(
        (period.name for period in periods if (period.first_day(first), period.last_day(first)) == (first, last)), None
    )


def _page(file: InboxFile) -> UnknownReportError:
    """Return the error for a markup file, which lists its first elements."""
    tags = re.findall(r"<([A-Za-z][\w.:-]*)", head_text(file.path, file.name))
    return UnknownReportError(f"no stream reads such a file. Its first elements are {_listed(dict.fromkeys(tags))}")


def _listed(names: Iterable[str]) -> str:
    """List names for a message: masked where they look like values, and not at all where many do."""
    told = [name if _is_name(name) else "…" for name in names]
    if told.count("…") > len(told) * _MOST_MASKED:
        # A line of data: the other cells may hold a buyer's name or comment.
        return "missing, or has values instead of names"
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + more if told else "empty, or no text"


def _is_name(text: str) -> bool:
    """Return whether a text may be a column name: short, a letter first, no email address and no long number."""
    return text[:1].isalpha() and len(text) <= _LONGEST_NAME and text.isprintable() and not re.search(r"@|\d{4}", text)


def _ignore(_: str) -> None:
    """Drop a warning: reading the file will repeat it."""

"""XML reports: from the elements of a document to typed rows, in constant memory."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from itertools import chain
from xml.parsers import expat

from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.charsets import find_charset, head_text, texts
from tap_amazon_vendor.reports.keys import NONE, is_blank, without_value
from tap_amazon_vendor.reports.rows import EXTRA, column_name, extra_text, in_order
from tap_amazon_vendor.reports.texts import Convention, kind_of, text_converter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    Row = dict[str, t.Any]

#: Rows in a chunk, at most.
ROWS = 250

_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True)
class XmlFile:
    """Where an XML report has its rows: what a stream declares.

    Attributes:
        rows: Path of the elements that are rows, from the document's root on, with dots: ``Envelope.Message.Order``.
        inherits: Fields that a row takes from the elements around it. A field's name is its path within the element
            around, with dots. Within the element right around the row it may come after the row, else before.
        leaves_out: Elements within a row that are neither columns nor unknown, by their paths within the row.
    """

    rows: str
    inherits: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()


class XmlFileReader:
    """Reads the XML files of one stream.

    Elements within a row take the names of those around them as prefix: ``<Price><Amount>`` is ``price_amount``. An
    attribute is a column of its own: ``<Amount currency="EUR">`` gives ``amount`` and ``amount_currency``. Namespaces
    do not count.
    """

    def __init__(
        self,
        xml: XmlFile,
        columns: Mapping[str, Mapping[str, t.Any]],
        keys: Iterable[str],
        unknown: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Prepare the columns.

        Args:
            xml: Where the rows are.
            columns: JSON Schema of each column.
            keys: Key columns: never null, and never empty text (see `keys`).
            unknown: Called with the name of a field that the schema does not know, each time.
            warn: Called with a sentence on what a person should look at.
        """
        self._xml = xml
        kinds = {name: kind_of(schema) for name, schema in columns.items() if name != EXTRA}
        self._converts = {name: text_converter(kind, only=_convention(kind)) for name, kind in kinds.items()}
        self._has_extra = EXTRA in columns
        self._keys = tuple(keys)
        self._key_texts = tuple(key for key in self._keys if kinds.get(key) == "string")
        self._unknown = unknown
        self._warn = warn

    def read(
        self,
        path: Path,
        constants: Mapping[str, t.Any],
        source: str,
        *,
        charset: str | None = None,
        country: str | None = None,
    ) -> Iterator[list[Row]]:
        """Read a file.

        Args:
            path: The file, gzip or plain.
            constants: Columns that have the same value in each row.
            source: What to call the file in an error.
            charset: What the document host named. The document's own declaration goes before it.
            country: Country of the marketplace, where it is known.

        Yields:
            Chunks of rows with every column of the schema. What is absent is null.

        Raises:
            DocumentError: The document is not well-formed, has a document type, has no such rows, or a value is not
                of its column's type, or its keys have none. Names file, line and column, and never the value.
        """
        declared = _DECLARED.match(head_text(path, source).lstrip("\ufeff"))
        found = find_charset(
            path, source, self._warn, declared=declared.group(1) if declared else charset, country=country
        )
        columns = [*self._converts, *([EXTRA] if self._has_extra else ())]
        template = {name: constants.get(name) for name in in_order(constants, columns)}
        elements = _Elements(self._xml, source)
        chunk: list[Row] = []
        for text in chain(texts(path, found, source), [None]):
            for line, fields in elements.feed(text):
                chunk.append(self._shape(fields, template, f"{source}, line {line}"))
                if len(chunk) == ROWS:
                    yield chunk
                    chunk = []
        if chunk:
            yield chunk

    def _shape(self, fields: Mapping[str, list[str]], template: Row, place: str) -> Row:
        row = template.copy()
        for name, values in fields.items():
            column = "_".join(map(column_name, name.split(".")))
            convert = self._converts.get(column)
            if convert is None:
                self._unknown(name)
                value = values[0] if len(values) == 1 else values
                row[EXTRA] = {**(row.get(EXTRA) or {}), name: value or None}
                continue
            if len(values) > 1:
                text = f"{place}, column {column} is there {len(values)} times"
                raise DocumentError(text)
            try:
                row[column] = convert(values[0])
            except ValueError as error:
                text = f"{place}, column {column} {error}"
                raise DocumentError(text) from None
        for key in self._key_texts:
            if is_blank(row[key]):
                row[key] = NONE
        missing = [key for key in self._keys if row.get(key) is None][:1]
        if self._key_texts and all(row[key] is NONE for key in self._key_texts):
            missing = list(self._key_texts)
        if missing:
            text = f"{place}, {without_value(missing)}"
            raise DocumentError(text)
        if row.get(EXTRA):
            row[EXTRA] = extra_text(row[EXTRA])
        return row


def _convention(kind: str) -> Convention | None:
    """XML numbers have a decimal point, as XML Schema says. Dates with two readings are nobody's standard."""
    return Convention.ENGLISH if kind in {"integer", "number"} else None


class _Elements:
    """Finds the rows in the text of a document, as it comes."""

    def __init__(self, xml: XmlFile, source: str) -> None:
        self._path = xml.rows.split(".")
        self._inherits = frozenset(xml.inherits)
        self._leaves_out = tuple(path.split(".") for path in xml.leaves_out)
        self._source = source
        #: The open elements and, of each, its text.
        self._open: list[str] = []
        self._texts: list[str] = []
        self._is_leaf = False
        #: Of each open element on the way to the rows, the fields that rows inherit.
        self._inherited: list[dict[str, list[str]]] = []
        self._row: dict[str, list[str]] = {}
        self._line = 0
        #: Rows that wait for what they inherit, and those that are complete.
        self._waiting: list[tuple[int, dict[str, list[str]]]] = []
        self._complete: list[tuple[int, dict[str, list[str]]]] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, text: str | None) -> list[tuple[int, dict[str, list[str]]]]:
        """Take the next piece of the document, None for its end.

        Returns:
            The rows that are complete: the line of each, and its fields with their texts.

        Raises:
            DocumentError: The document is not well-formed, is another one, or has a document type.
        """
        try:
            self._parser.Parse(text or "", text is None)
        except expat.ExpatError as error:
            place = f"{self._source}, line {error.lineno}, column {error.offset + 1}"
            message = f"{place}: the document is not well-formed XML: {expat.ErrorString(error.code)}"
            raise DocumentError(message) from None
        complete, self._complete = self._complete, []
        return complete

    def _doctype(self, *_: object) -> None:
        # No report has one, and what it defines may grow without end.
        text = f"{self._source}, line {self._parser.CurrentLineNumber}: the document has a document type"
        raise DocumentError(text)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(_local(name))
        self._texts.append("")
        depth = len(self._open)
        if depth == 1 and self._open != self._path[:1]:
            line = self._parser.CurrentLineNumber
            text = f"{self._source}, line {line}: the document begins with another element than {self._path[0]}"
            raise DocumentError(text)
        self._is_leaf = True
        if self._is_on_the_way():
            self._inherited.append({})
            if depth == len(self._path):
                self._row = {}
                self._line = self._parser.CurrentLineNumber
        for attribute, text in attributes.items():
            if attribute.startswith("xmlns"):
                continue
            self._keep([*self._open, _local(attribute)], text)

    def _text(self, text: str) -> None:
        self._texts[-1] += text

    def _end(self, _: str) -> None:
        text = self._texts.pop()
        if self._is_on_the_way():
            self._leave()
        elif self._is_leaf or text.strip():
            self._keep(self._open, text)
        self._is_leaf = False
        self._open.pop()

    def _is_on_the_way(self) -> bool:
        """Say whether the open element is a row, or one around rows."""
        return self._open == self._path[: len(self._open)]

    def _keep(self, path: list[str], text: str) -> None:
        """Keep a text, if it is a field of a row or is inherited by rows."""
        within = path[len(self._inherited) :]
        name = ".".join(within)
        if len(self._inherited) == len(self._path):
            if not any(within[: len(left_out)] == left_out for left_out in self._leaves_out):
                self._row.setdefault(name, []).append(text)
        elif name in self._inherits:
            self._inherited[-1].setdefault(name, []).append(text)

    def _leave(self) -> None:
        """Leave a row, or the element around it: what its rows inherit is known by then."""
        depth = len(self._open)
        if depth == len(self._path):
            self._waiting.append((self._line, self._row))
        if depth == len(self._path) - 1 or not self._inherits:
            inherited = {name: texts for level in self._inherited for name, texts in level.items()}
            self._complete += [(line, {**inherited, **row}) for line, row in self._waiting]
            self._waiting.clear()
        self._inherited.pop()


def _local(name: str) -> str:
    """Return a name without its namespace's prefix."""
    return name.rpartition(":")[2]

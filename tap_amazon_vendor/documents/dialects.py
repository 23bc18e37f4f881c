"""How a delimited file is written, by its content: what is between its cells, and whether they are quoted."""

from __future__ import annotations

import csv
import re
import typing as t

from tap_amazon_vendor.documents.encodings import head_text
from tap_amazon_vendor.documents.text_lines import BOM

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Characters at the beginning of a file that tell how it is written.
HEAD = 1 << 16

#: Most lines before the header.
_MOST_BEFORE = 5

#: A line with fewer cells is not taken for a header after a title.
_FEWEST_NAMES = 4

#: Tells spreadsheets what is between cells.
_SEPARATOR = re.compile(r'"?sep=([^"])"?[\t,;]*', re.IGNORECASE)
_LINE_END = re.compile(r"[\r\n]+")
_IN_QUOTES = re.compile(r'"[^"]*"')


class Dialect(t.NamedTuple):
    """How a file is written.

    Attributes:
        delimiter: Between cells: a tab, or a comma or a semicolon where the header has no tab.
        quoted: Cells may be enclosed in quotes. In other files a quote is data (docs/amazon/documents.md#quotes).
        quote: What encloses them: single quotes where all names of the header are in such.
    """

    delimiter: str
    quoted: bool
    quote: str = '"'


class Header(t.NamedTuple):
    """The line of a file that names its columns.

    Attributes:
        names: Amazon's names; empty if the file is empty.
        dialect: How the file is written.
        before: Lines with a value before it: a title, or a spreadsheet's ``sep=;``.
    """

    names: list[str]
    dialect: Dialect
    before: int = 0


def read_header(path: Path, charset: str | None = None, country: str | None = None) -> Header:
    """Read a file's header, whatever its dialect. Reads the head of the file only.

    Args:
        path: The file, gzip or plain.
        charset: What the document host named.
        country: Country of the marketplace, if known.

    Returns:
        The header, without names if it is no text.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    header = header_of(head_text(path, path.name, declared=charset, country=country))
    is_text = all(char >= " " for name in header.names for char in name)
    return header if is_text else header._replace(names=[])


def header_of(head: str) -> Header:
    """Return the header by the beginning of a file, at least its first line with a value."""
    lines = [line for line in _LINE_END.split(head.replace(BOM, "").replace("\0", "")) if not line.isspace() and line]
    separator = _SEPARATOR.fullmatch(lines[0]) if lines else None
    before = 1 if separator else 0
    while (
        before < _MOST_BEFORE
        and before + 1 < len(lines)
        and _is_title(lines[before], lines[before + 1 : _MOST_BEFORE + 1])
    ):
        before += 1
    line, rest = (lines[before], lines[before + 1 :]) if len(lines) > before else ("", [])
    dialect = _dialect(line, rest[:-1] or rest)
    if separator and separator[1] in line:
        dialect = dialect._replace(delimiter=separator[1], quoted=dialect.quoted or separator[1] != "\t")
    return Header(header_names(line, dialect), dialect, before)


def header_names(line: str, dialect: Dialect) -> list[str]:
    """Return the names in a header, without the empty ones at its end.

    White space around a name is left out, unless the same name is there without it: then it is another column.
    """
    cells = line.split(dialect.delimiter)
    if dialect.quoted:
        cells = next(csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote), [])
    cells = [cell.strip(f"{BOM}{dialect.quote}\0\r\n") for cell in cells]
    bare = {*cells}
    names = [cell.strip(f"{BOM}{dialect.quote}\0 \t\r\n\u00a0") for cell in cells]
    names = [cell if name and name != cell and name in bare else name for cell, name in zip(cells, names, strict=True)]
    while names and not names[-1]:
        names.pop()
    return names


def _dialect(header: str, lines: Sequence[str]) -> Dialect:
    bare = _IN_QUOTES.sub("", header)
    delimiter = "\t"
    if "\t" not in header and ("," in bare or ";" in bare):
        delimiter = max(",", ";", key=bare.count)
    names = [name.strip() for name in header.split(delimiter)]
    if len(names) > 1 and all(len(name) > 1 and name[0] == name[-1] == "'" for name in names):
        return Dialect(delimiter, quoted=True, quote="'")
    quoted = delimiter != "\t" or header.lstrip().startswith('"') or f'{delimiter}"' in header
    return Dialect(delimiter, quoted or _are_quoted(lines, delimiter))


def _is_title(line: str, below: Sequence[str]) -> bool:
    """Return whether a line stands above the header: it has less than half of the cells of one of the next lines."""
    own = _filled(line, _dialect(line, ()).delimiter)
    for other in below:
        delimiter = _dialect(other, ()).delimiter
        names = _filled(other, delimiter)
        # A line with many commas is the header, even if cells below it contain tabs.
        if names >= _FEWEST_NAMES and 2 * max(own, _filled(line, delimiter)) < names:
            return True
    return False


def _filled(line: str, delimiter: str) -> int:
    """Return how many cells of a line have a value."""
    return sum(bool(cell.strip(' "')) for cell in line.split(delimiter))


def _are_quoted(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether most cells are enclosed in quotes."""
    cells = [cell for line in lines for cell in line.split(delimiter) if cell]
    enclosed = sum(cell.startswith('"') and cell.endswith('"') and cell != '"' for cell in cells)
    return 2 * enclosed > len(cells)

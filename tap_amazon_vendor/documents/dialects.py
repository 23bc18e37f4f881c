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

_LINE_END = re.compile(r"[\r\n]+")
_IN_QUOTES = re.compile(r'"[^"]*"')


class Dialect(t.NamedTuple):
    """How a file is written.

    Attributes:
        delimiter: Between cells: a tab, or a comma or a semicolon where the header has no tab.
        quoted: Cells may be enclosed in quotes. In other files a quote is data (docs/amazon/documents.md#quotes).
    """

    delimiter: str
    quoted: bool


class Header(t.NamedTuple):
    """The first line of a file.

    Attributes:
        names: Amazon's names; empty if the file is empty.
        dialect: How the file is written.
    """

    names: list[str]
    dialect: Dialect


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
    line = lines[0] if lines else ""
    dialect = _dialect(line, lines[1:-1] or lines[1:])
    return Header(header_names(line, dialect), dialect)


def header_names(line: str, dialect: Dialect) -> list[str]:
    """Return the names in a header, without the empty ones at its end."""
    names = line.split(dialect.delimiter)
    if dialect.quoted:
        names = next(csv.reader([line], delimiter=dialect.delimiter), [])
    names = [name.strip(f'{BOM}"\0 \t\r\n\u00a0') for name in names]
    while names and not names[-1]:
        names.pop()
    return names


def _dialect(header: str, lines: Sequence[str]) -> Dialect:
    bare = _IN_QUOTES.sub("", header)
    delimiter = "\t"
    if "\t" not in header and ("," in bare or ";" in bare):
        delimiter = max(",", ";", key=bare.count)
    quoted = delimiter != "\t" or header.lstrip().startswith('"') or f'{delimiter}"' in header
    return Dialect(delimiter, quoted or _are_quoted(lines, delimiter))


def _are_quoted(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether most cells are enclosed in quotes."""
    cells = [cell for line in lines for cell in line.split(delimiter) if cell]
    enclosed = sum(cell.startswith('"') and cell.endswith('"') and cell != '"' for cell in cells)
    return 2 * enclosed > len(cells)

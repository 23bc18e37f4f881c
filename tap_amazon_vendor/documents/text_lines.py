"""From a document on disk to lines of text, however they end, in bounded memory."""

from __future__ import annotations

import re
import typing as t

from tap_amazon_vendor.documents.encodings import texts

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_amazon_vendor.documents.encodings import Charset

#: Lines in a batch, at most: short lines would become many messages.
BATCH = 1000

#: No line of a report has more characters. What is longer is not collected in memory.
LONGEST = 1 << 20

#: The first line end tells how lines end: ``\n``, perhaps after ``\r``, or ``\r`` alone.
_LINE_END = re.compile(r"\r*\n|\r(?!\Z)")

BOM = "\ufeff"

#: What is none of a line's text, before it.
_BEFORE = f"{BOM}\r"

#: Ends a text file of DOS.
_END_OF_FILE = "\x1a"


class Lines(t.NamedTuple):
    r"""Some lines of a document, without their ends.

    Attributes:
        number: Of the first line, from 1.
        texts: The lines. One that is too long has been cut to `LONGEST` + 1 characters.
        plain: None is too long or holds a NUL, nor, where returns are not kept, ``\r``.
        end: The character that ends lines.
        cut: The last of them is the document's last, and has no end.
    """

    number: int
    texts: list[str]
    plain: bool
    end: str
    cut: bool = False


def read_lines(path: Path, charset: Charset, source: str, *, keep_returns: bool) -> Iterator[Lines]:
    r"""Read lines.

    Args:
        path: The file, gzip or plain.
        charset: How to decode it.
        source: What to call the document in an error.
        keep_returns: Cells may hold line breaks, in quotes: only what ends the first line ends a line, and a ``\r``
            before ``\n`` is left in place. If not, both end a line where the first line ends with ``\r``; where it ends
            with ``\n``, a ``\r`` within a line is left in it.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    number, end, rest, long = 1, "", "", ""
    for text in texts(path, charset, source):
        rest += text
        if not end:
            found = _LINE_END.search(rest)
            if not found and len(rest) <= LONGEST:
                continue
            end = found.group()[-1] if found else "\n"
        lines, plain = _split(rest, end) if keep_returns else _split_anywhere(rest, end)
        rest = lines.pop()
        if len(rest) > LONGEST:
            # The rest of the file may have line ends of the other kind.
            *more, rest = rest.split("\r" if end == "\n" else "\n")
            lines += more
        if long:
            if not lines:
                rest = ""
                continue
            lines[0], long, plain = long, "", False
        for start in range(0, len(lines), BATCH):
            yield Lines(number + start, lines[start : start + BATCH], plain, end)
        number += len(lines)
        if len(rest) > LONGEST:
            long, rest = rest[: LONGEST + 1], ""
    rest = rest.rstrip(_END_OF_FILE)
    if long or rest:
        is_cut = bool(long) or not rest.endswith("\r")
        yield Lines(number, [long or rest.lstrip(_BEFORE)], plain=False, end=end, cut=is_cut)


def _split_anywhere(text: str, end: str) -> tuple[list[str], bool]:
    """Return lines that no line break is part of; and whether they are sound, as `_split` does, and hold no return."""
    if "\r" not in text:
        return _split(text, "\n")
    held = "\r" if text.endswith("\r") else ""  # Its \n may follow.
    text = text.removesuffix(held).replace("\r\n", "\n")
    if end == "\r":
        text = text.replace("\r", "\n")
    lines, plain = _split(text, "\n")
    lines[-1] += held
    return lines, plain and "\r" not in text


def _split(text: str, end: str) -> tuple[list[str], bool]:
    """Return lines, the last without its end, and whether there is no NUL in them."""
    lines = text.split(end)
    # Files that were put together have a mark at the beginning of each. A few old programs end lines with \n\r.
    if BOM in text or ("\r" in text and ("\n\r" in text or text.startswith("\r"))):
        *whole, rest = lines
        lines = [*(line.lstrip(_BEFORE) for line in whole), rest]
    return lines, "\0" not in text

"""In which charset a document is written.

Amazon declares no charset per report; the document host's ``Content-Type`` may name one, and has been seen wrong
(docs/amazon/documents.md#charsets). So the bytes decide, all of them: one letter in the last line counts as
much as one in the first.
"""

from __future__ import annotations

import codecs
import typing as t

from tap_amazon_vendor.documents.unzip import unzipped

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

#: Bytes that are decoded at once. The cells of more lines do not fit into a processor's cache, which takes more time.
TEXT_BLOCK = 48 * 1024

#: The longer first: UTF-32's begins with UTF-16's.
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

#: Where the NUL bytes are in the first four, if the first letters are ASCII and there is no byte order mark.
_WIDE: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}

#: Names in Java or an old standard for what is in fact the larger Windows charset.
_WINDOWS = {
    **dict.fromkeys(("ascii", "iso8859-1", "latin-1"), "cp1252"),
    **dict.fromkeys(("shift_jis", "windows-31j", "x-sjis", "x-ms932"), "cp932"),
}

REPLACEMENT = "\ufffd"
_SAMPLE = 1 << 16

#: In another charset, hardly any two letters beyond ASCII make one of UTF-8.
_WHOLE_PER_BROKEN = 4
_TELLING = 1000


class Charset(t.NamedTuple):
    """How to decode a document.

    Attributes:
        name: Python's name of the codec.
        errors: ``strict``, or ``replace`` if no charset fits the whole document.
    """

    name: str
    errors: str = "strict"


UTF_8 = Charset("utf-8")


def is_utf_8(blocks: Iterable[bytes], declared: str | None) -> bool:
    """Return whether a document is certainly UTF-8. Always reads all of it.

    Args:
        blocks: The document.
        declared: Charset that the document host named.

    Returns:
        False also for a case that `find_charset` handles: replacement characters, or a declared charset in which text
        looks like other text in ASCII.
    """
    label = _codec(declared)
    sure = label is None or _extends_ascii(label)
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    is_first = True
    for block in blocks:
        if is_first:
            sure, is_first = sure and not _wide(block), False
        if not sure or (not rest and block.isascii()):
            continue
        try:
            sure = REPLACEMENT not in decoder.decode(block)
        except UnicodeDecodeError:
            sure = False
        rest, _ = decoder.getstate()
    return sure and not rest


def texts(path: Path, charset: Charset, source: str) -> Iterator[str]:
    """Decode a document block by block.

    Args:
        path: The file, gzip or plain.
        charset: How to decode it.
        source: What to call the document in an error.

    Raises:
        DocumentError: The gzip data is truncated or damaged.
        UnicodeDecodeError: The charset is not the document's.
    """
    decoder = codecs.getincrementaldecoder(charset.name)(charset.errors)
    with unzipped(path, source) as file:
        while block := file.read(TEXT_BLOCK):
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)


def find_charset(
    path: Path, source: str, warn: Callable[[str], None], *, declared: str | None = None, country: str | None = None
) -> Charset:
    """Decide how to decode a document. Reads it through, in constant memory.

    In order: a byte order mark; UTF-8 with a letter beyond ASCII, which no other charset yields by chance, while UTF-8
    decodes by most wrong labels too; the declared charset; what Amazon uses in the country; the best guess. Each only
    if the whole document decodes. UTF-8 with a few broken letters, and what fits nothing, is read with replacement
    characters.

    Args:
        path: The file, gzip or plain.
        source: What to call the document.
        warn: Takes the warning that the document has replacement characters, ours or Amazon's own.
        declared: Charset that the document host named.
        country: Country of the marketplace, if known.

    Raises:
        DocumentError: The gzip data is truncated or damaged.
    """
    with unzipped(path, source) as file:
        head = file.read(4)
    certain, likely = _candidates(head, declared, country)
    for charset in _attempts(path, source, certain, likely):
        replaced = _replacements(path, charset, source)
        if replaced is not None:
            break
    if replaced and replaced.total:
        warn(
            f"{source}: {replaced.total} characters cannot be read (charset {charset.name}) and became "
            f"{REPLACEMENT!a}, the first in line {replaced.first_line}"
        )
    return charset


def _attempts(path: Path, source: str, certain: list[str], likely: list[str]) -> Iterator[Charset]:
    """Yield the charsets to try, in order; the last one fits every document."""
    yield from map(Charset, certain)
    if _is_damaged_utf_8(path, source):
        yield Charset("utf-8-sig", "replace")
    yield from map(Charset, likely)
    guess = _guess(path, source)
    if guess:
        yield Charset(guess)
    yield Charset(likely[0], "replace")


def head_text(path: Path, source: str, *, declared: str | None = None, country: str | None = None) -> str:
    """Decode the head of a document, judging by the head alone.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    with unzipped(path, source) as file:
        head = file.read(_SAMPLE)
    certain, likely = _candidates(head, declared, country)
    for name in (*certain, *likely):
        try:
            return codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeError:  # noqa: PERF203  # a handful
            continue
    return head.decode(likely[0], "replace")


def _candidates(head: bytes, declared: str | None, country: str | None) -> tuple[list[str], list[str]]:
    """Return the charsets that are recognisable, and those in which most bytes decode, the most likely first."""
    by_mark = next((name for mark, name in _BOMS.items() if head.startswith(mark)), None) or _wide(head)
    by_label = _codec(declared)
    # UTF-16, say, or ISO-2022-JP: its bytes may look like another text in ASCII.
    disguised = by_label if by_label and not _extends_ascii(by_label) else None
    by_country = ("cp932", "cp1252") if country == "JP" else ("cp1252", "cp932")
    return (
        list(dict.fromkeys(filter(None, (by_mark, disguised, "utf-8")))),
        list(dict.fromkeys(filter(None, (by_label, *by_country)))),
    )


def _wide(head: bytes) -> str | None:
    """Return the charset of a text of wide letters that has no byte order mark."""
    return _WIDE.get(tuple(not byte for byte in head[:4]))


def _codec(label: str | None) -> str | None:
    """Return Python's name of a charset, None if it is not a usable charset."""
    if label is None:
        return None
    label = label.strip(" \"'").lower()
    label = _WINDOWS.get(label, label)
    try:
        b"a".decode(label, "replace")
        name = codecs.lookup(label).name
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return None
    return _WINDOWS.get(name, name)


def _extends_ascii(name: str) -> bool:
    ascii_bytes = bytes(range(128)) + b"\x1b$B$+"
    return ascii_bytes.decode(name, "replace") == ascii_bytes.decode("ascii")


class _Replacements(t.NamedTuple):
    total: int
    first_line: int


def _replacements(path: Path, charset: Charset, source: str) -> _Replacements | None:
    """Count the replacement characters of a whole document, None if it does not decode."""
    count = first = line = 0
    try:
        for text in texts(path, charset, source):
            if not text.isascii() and (here := text.count(REPLACEMENT)):
                count += here
                first = first or line + text.count("\n", 0, text.index(REPLACEMENT)) + 1
            line += text.count("\n")
    except UnicodeError:
        return None
    return _Replacements(count, first)


def _is_damaged_utf_8(path: Path, source: str) -> bool:
    """Return whether a document is UTF-8 but for a few errors: letters cut in the middle, or a damaged byte.

    A thousand letters are enough to tell.
    """
    broken = whole = 0
    for text in texts(path, Charset("utf-8", "replace"), source):
        if not text.isascii():
            here = text.count(REPLACEMENT)
            broken += here
            whole += len(text) - len(text.encode("ascii", "ignore")) - here
        if broken + whole >= _TELLING:
            break
    return whole > _WHOLE_PER_BROKEN * broken


def _guess(path: Path, source: str) -> str | None:
    """Let charset-normalizer guess from the lines with letters beyond ASCII."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  # only if nothing else fits

    sample = bytearray()
    with unzipped(path, source) as file:
        while len(sample) < _SAMPLE and (line := file.readline(_SAMPLE)):
            if not line.isascii():
                sample += line
    best = from_bytes(bytes(sample)).best()
    return _codec(best.encoding) if best else None

"""Opens a document for reading, gzip or plain."""

from __future__ import annotations

import gzip
import typing as t
import zlib
from contextlib import contextmanager

from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Magic number of gzip. Amazon's own label has been wrong both ways (docs/amazon/documents.md#compression).
GZIP_MAGIC = b"\x1f\x8b"

_gzip_file: type[gzip.GzipFile]
_inflate_error: type[Exception]
try:
    # Reads the same as Python's, in a third of the time.
    from isal import igzip, isal_zlib
except ImportError:  # There are no wheels for some computers.
    _gzip_file, _inflate_error = gzip.GzipFile, zlib.error
else:
    _gzip_file, _inflate_error = igzip.IGzipFile, t.cast("t.Any", isal_zlib.error)


@contextmanager
def unzipped(path: Path, source: str = "") -> Iterator[t.IO[bytes]]:
    """Open a file for reading its content, whatever its label.

    Args:
        path: The file.
        source: What to call the document in an error.

    Raises:
        DocumentError: The gzip data is truncated or damaged.
    """
    with path.open("rb") as raw:
        zipped = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        try:
            yield t.cast("t.IO[bytes]", _gzip_file(fileobj=raw) if zipped else raw)
        except (EOFError, gzip.BadGzipFile, _inflate_error) as error:
            text = f"{source}: " if source else ""
            text += f"the document is truncated or damaged: {error}"
            raise DocumentError(text) from None

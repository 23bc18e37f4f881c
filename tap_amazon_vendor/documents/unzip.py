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
            yield t.cast("t.IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            text = f"{source}: " if source else ""
            text += f"the document is truncated or damaged: {error}"
            raise DocumentError(text) from None

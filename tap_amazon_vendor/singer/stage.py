"""Holds the messages of a window back until it is known whether they may be written.

Whether a document may be believed shows at its end: how many of its lines can't be rows, whether its JSON is whole. So
its messages are staged first, small ones in memory and large ones on disk, and then written all or not at all.
"""

from __future__ import annotations

import tempfile
import typing as t
from collections import Counter, deque

from singer_sdk.helpers._batch import SDKBatchMessage

from tap_amazon_vendor.singer.batches import Batch, new_batch

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from singer_sdk.helpers._batch import BatchConfig
    from typing_extensions import Self

    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.singer.writer import RecordWriter

#: Bytes of staged messages that are kept in memory. What is more goes to disk, with all that was before it: that takes
#: about a tenth of the time of reading and writing the rows.
IN_MEMORY = 1 << 24


class Stage:
    """RECORD messages of one window, of any streams. As a context manager, it drops what was not written."""

    def __init__(self, folder: Path) -> None:
        """Start empty.

        Args:
            folder: A private folder for what does not fit into memory.
        """
        self._folder = folder
        self._in_memory: deque[bytes] = deque()
        self._on_disk: t.IO[bytes] | None = None
        #: Bytes of each piece of whole lines, in order, wherever it is.
        self._sizes: list[int] = []
        self._bytes = 0
        self._records: Counter[RecordWriter] = Counter()

    def __enter__(self) -> Self:
        """Return the stage."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop what is left."""
        self._in_memory.clear()
        if self._on_disk:
            self._on_disk.close()

    def add(self, writer: RecordWriter, records: Rows) -> None:
        """Stage records.

        Args:
            writer: The writer of their stream.
            records: Some records. They may be modified: deselected columns are removed.
        """
        if not records:
            return
        for lines in writer.lines(records):
            self._sizes.append(len(lines))
            self._in_memory.append(lines)
            self._bytes += len(lines)
            if self._bytes > IN_MEMORY:
                if self._on_disk is None:
                    self._on_disk = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed at exit
                while self._in_memory:
                    self._on_disk.write(self._in_memory.popleft())
        self._records[writer] += len(records)

    def write(self) -> Iterator[None]:
        """Write what is staged, piece by piece: state may be written between two of them."""
        if self._on_disk:
            self._on_disk.seek(0)
        for writer in list(self._records)[:1]:
            for size in self._sizes:
                writer.write_lines(self._on_disk.read(size) if self._on_disk else self._in_memory.popleft())
                yield
        self._sizes.clear()
        for writer, count in self._records.items():
            writer.written(count)
        self._records.clear()


class BatchStage(Stage):
    """Records of one window in files, for BATCH messages; those of other streams are RECORD messages.

    Only JSON Lines are held back. The SDK stores files of other encodings as soon as they are full; if the window is
    not written then, no message names them.
    """

    def __init__(self, folder: Path, batched: RecordWriter, config: BatchConfig) -> None:
        """Start empty.

        Args:
            folder: A private folder for files that are not yet stored.
            batched: The writer of the stream whose records go into files.
            config: The files' encoding and storage.
        """
        super().__init__(folder)
        self._batched = batched
        self._config = config
        self._open: dict[str, Batch] = {}
        self._full: list[tuple[str, Batch]] = []

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop what is left."""
        super().__exit__(kind, value, traceback)
        for batch in (*self._open.values(), *(batch for _, batch in self._full)):
            batch.drop()

    def add(self, writer: RecordWriter, records: Rows) -> None:
        """Stage records."""
        if writer is not self._batched:
            super().add(writer, records)
            return
        for alias, mapped in writer.mapped(records):
            left = mapped
            while left:
                batch = self._open.get(alias)
                if batch is None:
                    batch = self._open[alias] = new_batch(writer.tap_name, alias, self._config, self._folder)
                left = batch.add(left)
                if batch.full:
                    self._seal(alias)
        self._records[writer] += len(records)

    def write(self) -> Iterator[None]:
        """Store the files and write the messages that name them."""
        for alias in list(self._open):
            self._seal(alias)
        while self._full:
            alias, batch = self._full[0]
            manifest = batch.store()
            self._batched.write_batch(SDKBatchMessage(stream=alias, encoding=self._config.encoding, manifest=manifest))
            del self._full[0]
            yield
        yield from super().write()

    def _seal(self, alias: str) -> None:
        batch = self._open.pop(alias)
        batch.seal()
        self._full.append((alias, batch))

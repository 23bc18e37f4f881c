"""Files of records, for BATCH messages. The SDK handles their storage, and formats other than JSON Lines."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import typing as t
from uuid import uuid4

from singer_sdk.batch import Batcher
from singer_sdk.contrib.msgspec import encoder

if t.TYPE_CHECKING:
    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Record


def new_batch(tap: str, stream: str, config: BatchConfig) -> Batch:
    """Start a file.

    Args:
        tap: Name of the tap.
        stream: Name of the stream in the target.
        config: The file's encoding and storage.

    Raises:
        ValueError: The SDK has no such encoding.
    """
    kind = JsonLinesBatch if config.encoding.format == "jsonl" else SdkBatch
    return kind(tap, stream, config)


class Batch:
    """Records of one stream that go into one file."""

    def __init__(self, tap: str, stream: str, config: BatchConfig) -> None:
        self._tap = tap
        self._stream = stream
        self._config = config
        self._room = config.batch_size

    @property
    def full(self) -> bool:
        """Whether the file holds the maximum of records."""
        return self._room <= 0

    def add(self, records: list[Record]) -> list[Record]:
        """Add records. Return those that no longer fit."""
        taken, left = records[: self._room], records[self._room :]
        self._room -= len(taken)
        self._write(taken)
        return left

    def close(self) -> list[str]:
        """Store the file. Return its URL, in a list as BATCH messages need it."""
        raise NotImplementedError

    def _write(self, records: list[Record]) -> None:
        raise NotImplementedError


class JsonLinesBatch(Batch):
    """One record per line, gzip or plain. Written to a temporary file first, so that no incomplete file is stored."""

    def __init__(self, tap: str, stream: str, config: BatchConfig) -> None:
        super().__init__(tap, stream, config)
        packed = config.encoding.compression == "gzip"
        self._name = f"{config.storage.prefix or ''}{tap}--{stream}-{uuid4()}.json{'.gz' if packed else ''}"
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `close`
        # Level 1: a third of the default's time, and files a quarter larger.
        self._lines = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=1) if packed else self._file

    def _write(self, records: list[Record]) -> None:
        self._lines.write(encoder.encode_lines(records))

    def close(self) -> list[str]:
        """Store the file and return its URL."""
        if self._lines is not self._file:
            self._lines.close()
        storage = self._config.storage
        with self._file, storage.open(self._name, "wb") as target:
            self._file.seek(0)
            shutil.copyfileobj(self._file, target)
        return [storage.get_url(self._name)]


class SdkBatch(Batch):
    """A file that an SDK encoder writes, such as Parquet. Its records are held in memory until then."""

    def __init__(self, tap: str, stream: str, config: BatchConfig) -> None:
        super().__init__(tap, stream, config)
        self._records: list[Record] = []

    def _write(self, records: list[Record]) -> None:
        self._records += records

    def close(self) -> list[str]:
        """Write the file with the SDK and return its URLs."""
        (manifest,) = Batcher(self._tap, self._stream, self._config).get_batches(iter(self._records))
        return manifest

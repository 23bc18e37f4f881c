"""Files of records, for BATCH messages. The SDK handles their storage, and formats other than JSON Lines."""

from __future__ import annotations

import gzip
import shutil
import typing as t
from uuid import uuid4

from singer_sdk.batch import Batcher
from singer_sdk.contrib.msgspec import encoder

if t.TYPE_CHECKING:
    from pathlib import Path

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Record


def new_batch(tap: str, stream: str, config: BatchConfig, folder: Path) -> Batch:
    """Start a file.

    Args:
        tap: Name of the tap.
        stream: Name of the stream in the target.
        config: The file's encoding and storage.
        folder: A private folder for what is not yet stored.

    Raises:
        ValueError: The SDK has no such encoding.
    """
    kind = JsonLinesBatch if config.encoding.format == "jsonl" else SdkBatch
    return kind(tap, stream, config, folder)


class Batch:
    """Records of one stream that go into one file: added, sealed, then stored or dropped."""

    def __init__(self, tap: str, stream: str, config: BatchConfig, folder: Path) -> None:
        self._tap = tap
        self._stream = stream
        self._config = config
        self._folder = folder
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

    def seal(self) -> None:
        """End the file: no more records are added."""
        raise NotImplementedError

    def store(self) -> list[str]:
        """Store the sealed file. Return its URL, in a list as BATCH messages need it."""
        raise NotImplementedError

    def drop(self) -> None:
        """Forget the records."""
        raise NotImplementedError

    def _write(self, records: list[Record]) -> None:
        raise NotImplementedError


class JsonLinesBatch(Batch):
    """One record per line, gzip or plain. Written to a private file first, so that no incomplete file is stored."""

    def __init__(self, tap: str, stream: str, config: BatchConfig, folder: Path) -> None:
        super().__init__(tap, stream, config, folder)
        packed = config.encoding.compression == "gzip"
        self._name = f"{config.storage.prefix or ''}{tap}--{stream}-{uuid4()}.json{'.gz' if packed else ''}"
        self._path = folder / uuid4().hex
        # Level 1: a third of the default's time, and files a quarter larger.
        self._lines: gzip.GzipFile | t.IO[bytes] = (
            gzip.open(self._path, "wb", compresslevel=1) if packed else self._path.open("wb")  # noqa: SIM115  # sealed
        )

    def _write(self, records: list[Record]) -> None:
        self._lines.write(encoder.encode_lines(records))

    def seal(self) -> None:
        """Close the file."""
        self._lines.close()

    def store(self) -> list[str]:
        """Copy the file into the storage and return its URL."""
        storage = self._config.storage
        with self._path.open("rb") as file, storage.open(self._name, "wb") as target:
            shutil.copyfileobj(file, target)
        self._path.unlink()
        return [storage.get_url(self._name)]

    def drop(self) -> None:
        """Delete the file."""
        self._lines.close()
        self._path.unlink(missing_ok=True)


class SdkBatch(Batch):
    """A file that an SDK encoder writes, such as Parquet. Its records are held in memory until it is sealed."""

    def __init__(self, tap: str, stream: str, config: BatchConfig, folder: Path) -> None:
        super().__init__(tap, stream, config, folder)
        self._records: list[Record] = []
        self._manifest: list[str] = []

    def _write(self, records: list[Record]) -> None:
        self._records += records

    def seal(self) -> None:
        """Let the SDK write and store the file, because its records do not fit into memory with those of others."""
        (self._manifest,) = Batcher(self._tap, self._stream, self._config).get_batches(iter(self._records))
        self._records.clear()

    def store(self) -> list[str]:
        """Return the URLs."""
        return self._manifest

    def drop(self) -> None:
        """Forget the records. A file that is stored already stays, and no message names it."""
        self._records.clear()

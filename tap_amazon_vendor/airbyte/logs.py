"""What is logged, as LOG messages."""

from __future__ import annotations

import logging
import typing as t

from tap_amazon_vendor.config.redaction import Redactor

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LEVELS = {"CRITICAL": "FATAL", "WARNING": "WARN"}


class LogMessages(logging.Handler):
    """Writes what the process logs, warnings too, as LOG messages; as a context manager, while it is entered."""

    def __init__(self, write: Callable[[str, str], None]) -> None:
        """Write nothing yet.

        Args:
            write: Writes a LOG message of a level and a text; called in any thread.
        """
        super().__init__()
        self._write = write
        self.redactor = Redactor()
        self.addFilter(self.redactor)

    def __enter__(self) -> None:
        """Take over the log."""
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.addHandler(self)
        logging.captureWarnings(capture=True)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the log."""
        logging.captureWarnings(capture=False)
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self._write(_LEVELS.get(record.levelname, record.levelname), self.format(record))

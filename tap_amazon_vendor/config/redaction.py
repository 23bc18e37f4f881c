"""Secrets: a type that does not print them, and the one place that takes them out of texts."""

from __future__ import annotations

import logging
import re
import traceback
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: What stands in a text where a secret was.
MASK = "***"

#: A shorter text is no secret; taking it out would only spoil the words around it.
_SHORTEST = 4

#: What Amazon's secrets look like (docs/amazon/login.md#credentials), so that also those are found that nobody
#: announced: tokens, client secrets, authorization codes and the signatures of presigned URLs.
_SHAPES = re.compile(
    r"Atz(?:[ar]|\.sprdt)(?:\||%7C)[\w.+/=%-]+"
    r"|amzn1\.oa2-cs\.v\d+\.[\w.-]+"
    r"|(?<=spapi_oauth_code=)[^&\s\"']+"
    r"|(?<=X-Amz-Signature=)[^&\s\"']+"
    r"|(?<=X-Amz-Credential=)[^&\s\"']+"
    r"|(?<=X-Amz-Security-Token=)[^&\s\"']+",
    re.IGNORECASE,
)


@dataclass(frozen=True, repr=False)
class Secret:
    """A text that prints as a mask; whoever needs it says so with `reveal`."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself, to send it to whom it is for."""
        return self._text

    def __bool__(self) -> bool:
        """Say whether there is a text."""
        return bool(self._text)

    def __repr__(self) -> str:
        """Return the mask, also for `str` and f-strings."""
        return MASK


class Redactor(logging.Filter):
    """Takes secrets out of texts, and as a logging filter out of log records."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Know some secrets; those of Amazon's shapes need not be told."""
        super().__init__()
        self._known: set[str] = set()
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Know some more secrets, also as they stand in a URL or a form."""
        texts = [secret.reveal() for secret in secrets]
        self._known |= {
            form
            for text in texts
            if len(text) >= _SHORTEST
            for form in (text, quote(text, safe="", errors="replace"), quote_plus(text, errors="replace"))
        }

    def redact(self, text: str) -> str:
        """Return a text with a mask in place of each secret."""
        # The longest first: one secret may be the beginning of another.
        for known in sorted(self._known, key=len, reverse=True):
            text = text.replace(known, MASK)
        return _SHAPES.sub(MASK, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Take secrets out of a record: its message, its traceback and whatever else is text in it."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A wrong call of the logger, about which the handler complains.
            return True
        clean = self.redact(message)
        if record.exc_info and record.exc_info[0]:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if self.redact(trace) != trace:
                clean = f"{clean}\n{self.redact(trace)}"
                record.exc_info = None
        if clean != message:
            record.msg, record.args = clean, ()
        for name, value in vars(record).items():
            if isinstance(value, str) and name != "msg":
                setattr(record, name, self.redact(value))
        return True


def keep_out_of_logs(secrets: Iterable[Secret]) -> None:
    """Take secrets out of everything that the process logs from now on, at any level.

    Filters of loggers do not see what their children log, so each handler gets one.

    Args:
        secrets: What must not be seen. May be called again when there are more.
    """
    known = list(secrets)
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
    # The last resort writes where nobody set up logging.
    for handler in filter(None, (*handlers, logging.lastResort)):
        redactors = [each for each in handler.filters if isinstance(each, Redactor)]
        if redactors:
            redactors[0].learn(known)
        else:
            handler.addFilter(Redactor(known))

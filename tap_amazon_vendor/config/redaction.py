"""Secrets: a type that does not print them, and the one place that redacts texts."""

from __future__ import annotations

import logging
import re
import traceback
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Replaces a secret in a text.
MASK = "***"

#: A shorter text is not a secret; redacting it would only garble the text around it.
_SHORTEST = 4

#: What Amazon's secrets look like (docs/amazon/login.md#credentials), so that unregistered ones are found
#: too: tokens, client secrets, authorization codes and the signatures of presigned URLs.
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
    """A text that prints as a mask; callers that need it use `reveal`."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself, to send it where it belongs."""
        return self._text

    def __bool__(self) -> bool:
        """Return whether there is a text."""
        return bool(self._text)

    def __repr__(self) -> str:
        """Return the mask, also for `str` and f-strings."""
        return MASK


class Redactor(logging.Filter):
    """Redacts secrets in texts, and as a logging filter in log records."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Register secrets; those of Amazon's shapes are known anyway."""
        super().__init__()
        self._known: set[str] = set()
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Register more secrets, also as encoded in a URL or a form."""
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
        """Redact a record: its message, its traceback and any other text in it."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # An invalid logger call, which the handler reports.
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
    """Redact secrets in everything that the process logs from now on, at any level.

    Filters of loggers do not see what their children log, so each handler gets one.

    Args:
        secrets: What to redact. May be called again with more.
    """
    known = list(secrets)
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
    # The last resort writes if logging is not set up.
    for handler in filter(None, (*handlers, logging.lastResort)):
        redactors = [each for each in handler.filters if isinstance(each, Redactor)]
        if redactors:
            redactors[0].learn(known)
        else:
            handler.addFilter(Redactor(known))

"""Secrets: a type that does not print them, and the one place that redacts texts."""

from __future__ import annotations

import html
import json
import logging
import re
import traceback
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Replaces a secret in a text.
MASK = "***"

#: A shorter text is not a secret; redacting it would only garble the text around it.
_SHORTEST = 4

_PERCENT = re.compile(r"%[0-9A-F]{2}")

#: Names whose values are secret, in a URL, a form, JSON or a header (docs/amazon/login.md#token-endpoint).
_NAMES = (
    r"(?:(?:client_?secret|refresh_?token|access_?token|restricted_?Data_?Token|spapi_oauth_code)"
    r"|X-Amz-(?:Signature|Credential|Security-Token|Access-Token)|AWSAccessKeyId|(?<=[?&])Signature)"
)

#: A bar, an equals sign, a quote: as they are, or as URLs (once or twice encoded), JSON and HTML write them.
_BAR = r"(?:\||%(?:25)*7C|\\+u007c)"
_EQUALS = r"(?:\s?=\s?|%(?:25)*3D|\\+u003d)"
_QUOTE = r"(?:\\*[\"']|%(?:25)*22|&quot;|&\#3[49];)"
_COLON = r"\s*(?::|=|%(?:25)*3A)\s*"

#: What Amazon's secrets look like (docs/amazon/login.md#credentials), so that unregistered ones are found
#: too: tokens, client secrets, the values of the names above, and passwords in URLs.
_SHAPES = re.compile(
    rf"Atz(?:[ar]|\.sprdt){_BAR}[\w.+/=%-]+"
    r"|amzn1\.oa2-cs\.v\d+\.[\w.-]+"
    rf"|(?P<quoted>{_NAMES}{_QUOTE}?{_COLON}{_QUOTE})(?:(?!{_QUOTE}).)+"
    rf"|(?P<named>{_NAMES}{_EQUALS})(?:(?!%(?:25)*(?:26|22)|&|[\s\"'\\,;<>(){{}}]).)+"
    r"|(?P<header>x-amz-access-token:\s*)\S+"
    r"|(?P<place>://)[^/\s:@]+:[^/\s@]+(?=@)",
    re.IGNORECASE,
)


def _mask(found: re.Match[str]) -> str:
    """Return the mask, after what tells that something is a secret."""
    return f"{found['quoted'] or found['named'] or found['header'] or found['place'] or ''}{MASK}"


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
        found = {form for secret in secrets if len(text := secret.reveal()) >= _SHORTEST for form in _forms(text)}
        # A new set: another thread may be reading the old one.
        self._known = self._known | found

    def redact(self, text: str) -> str:
        """Return a text with a mask in place of each secret."""
        # The longest first: one secret may be the beginning of another.
        for known in sorted(self._known, key=len, reverse=True):
            text = text.replace(known, MASK)
        return _SHAPES.sub(_mask, text)

    def redact_row(self, row: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return a row with a mask in place of each secret in its texts, however deep."""
        return {name: self._redact_value(value) for name, value in row.items()}

    def _redact_value(self, value: t.Any) -> t.Any:  # noqa: ANN401  # any value of a row
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return self.redact_row(value)
        if isinstance(value, list):
            return [self._redact_value(each) for each in value]
        return value

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


def _forms(text: str) -> Iterator[str]:
    """Yield the ways in which a secret may be written: as it is, in a URL, a form, JSON or HTML, and twice encoded."""
    once = {text, quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")}
    for form in once:
        # Hexadecimal digits may be small.
        yield from (form, _PERCENT.sub(lambda found: found[0].lower(), form))
    yield quote(quote(text, safe="", errors="replace"))
    yield quote(text, errors="replace")
    yield html.escape(text)
    for ascii_only in (True, False):
        in_json = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (in_json, in_json.replace("/", "\\/"), in_json.replace("\\", "\\\\"))


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

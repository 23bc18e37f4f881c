"""Secrets: a type that does not print them, and the one place that redacts texts."""

from __future__ import annotations

import base64
import html
import logging
import operator
import re
import threading
import traceback
import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.output import escape_controls

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

#: Replaces a secret in a text.
MASK = "***"

#: A shorter text is not a secret; redacting it would only garble the text around it.
_SHORTEST = 4

#: The same for a secret in base64, which may be part of something longer.
_SHORTEST_BASE64 = 6

#: How often a text is decoded: a URL within JSON within HTML within a URL.
_LEVELS = 4

#: What stands for something else in URLs, HTML, JSON and logs.
_ENCODED = re.compile(
    r"(?:%[89A-F][0-9A-F])+|%[0-7][0-9A-F]"
    r"|&(?:\#[0-9]{1,7};?|\#x[0-9A-F]{1,6};?|[a-z][a-z0-9]{1,31};)"
    r"|\\uD[89AB][0-9A-F]{2}\\uD[C-F][0-9A-F]{2}|\\(?:u[0-9A-F]{4}|x[0-9A-F]{2}|[^\w\s]|[nrt])",
    re.IGNORECASE,
)

#: Where a mail, a terminal or a header breaks a line.
_LINE_END = re.compile(r"=?[\r\n\v\f\x85\u2028\u2029]\s*")

#: Invisible characters: controls, soft hyphens, fillers, joiners, direction marks, variation selectors, tags.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)

#: What a known secret is compared without: it may be broken anywhere, and forms write a blank as a plus sign. Base64
#: has two alphabets.
_IGNORED = re.compile(r"[\s+-]+")

_CHARACTER = re.compile(".", re.DOTALL)

#: Names whose values are secret, in a URL, a form, JSON, XML or a header (docs/amazon/login.md#token-endpoint), and in
#: what a document host says of a URL that it refuses.
_NAMES = (
    # After the name of an operation come Amazon's words.
    r"(?:client[_-]?secret|refresh[_-]?token|access[_-]?token|(?<!create)restricted[_-]?data[_-]?token"
    r"|spapi_oauth_code"
    r"|X-Amz-Security-Token|AWSAccessKeyId|Credential|Signature(?:Provided)?|Token-0)"
)
_HEADER = r"(?:Proxy-)?Authorization"

#: What an error says of a name, in place of a value.
_WORDS = (
    r"(?:missing|required|invalid|unsupported|expired|revoked|unknown|malformed|mistyped|not|no|is|must|was|has"
    r"|may|null|none|true|false|string|expected)\b"
)

_QUOTE = r"[\"'`]"
_EQUALS = rf"{_QUOTE}?\s{{0,4}}(?::|=>?)\s{{0,4}}"
_SCHEME = r"(?:Basic|Bearer|Digest|Negotiate)\s{1,4}"

#: What Amazon's secrets look like (docs/amazon/login.md#credentials), so that unregistered ones are found
#: too: tokens, client secrets, keys, the values of the names above, and passwords in URLs.
_SHAPES = re.compile(
    r"At(?:z\w|z\.\w{1,12}|[cn]\w?)\|[\w.+/=%~-]+"
    r"|amzn1\.oa2-cs\.v\d+\.[\w.-]+"
    r"|(?-i:A[KS]IA[A-Z0-9]{12,})"
    rf"|(?P<quoted>(?:{_NAMES}|{_HEADER}){_EQUALS}[\[(]?b?{_QUOTE})"
    rf"(?:(?!{_QUOTE}(?:\s*[,}}\]:;)&<>]|\s|$)).)+"
    rf"|(?P<element><[\w:-]{{0,20}}{_NAMES}(?:\s[^<>]{{0,99}})?>(?:<!\[CDATA\[)?)[^<]+"
    rf"|(?P<named>(?:{_NAMES}{_EQUALS}(?!{_WORDS})|{_HEADER}{_EQUALS}{_SCHEME}))[^\s\"'`\\,;&<>(){{}}\[\]]+"
    r"|(?P<place>://)[^/\s:@]+:[^/\s@]+(?=@)",
    re.IGNORECASE,
)

#: Without any of these, in small letters, a text has none of the shapes: most texts have none.
_HINTS = (
    *("|", "amzn1.oa2", "akia", "asia", "://", "secret", "token", "oauth_code", "accesskey"),
    *("credential", "signature", "authorization"),
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


@dataclass(frozen=True)
class _Reading:
    """A text as somebody reads it who decodes it, and where each of its characters comes from.

    Attributes:
        text: The decoded text.
        starts: For each character, where what stands for it begins in the original,
        ends: and where it ends.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def replace(self, pattern: re.Pattern[str], new: Callable[[str], str]) -> _Reading:
        """Return the reading with each match replaced."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for found in pattern.finditer(self.text):
            begin, end = found.span()
            text = new(found[0])
            parts += (self.text[at:begin], text)
            starts += self.starts[at:begin]
            starts += [self.starts[begin]] * len(text)
            ends += self.ends[at:begin]
            ends += [self.ends[end - 1]] * len(text)
            at = end
        if not at:
            return self
        return _Reading("".join((*parts, self.text[at:])), [*starts, *self.starts[at:]], [*ends, *self.ends[at:]])


def _readings(text: str) -> Iterator[_Reading]:
    """Yield a text as it is, and decoded once, twice, and so on; each also without invisible text, and in one line.

    An equals sign at a line's end may be a line break of an e-mail, or part of a secret: both are tried.
    """
    whole = _Reading(text, range(len(text)), range(1, len(text) + 1))
    seen = whole.replace(_UNSEEN, _drop)
    joined = seen.replace(_LINE_END, _drop)
    for _ in range(_LEVELS + 1):
        yield whole
        if seen is not whole:
            yield seen
        if joined is not seen:
            yield joined
        before = whole, seen, joined
        whole = whole.replace(_ENCODED, _decode)
        # What is dropped may have been within the code of a character.
        seen = (whole if seen is before[0] else seen.replace(_ENCODED, _decode)).replace(_UNSEEN, _drop)
        joined = (seen if joined is before[1] else joined.replace(_ENCODED, _decode)).replace(_UNSEEN, _drop)
        joined = joined.replace(_LINE_END, _drop)
        if all(map(operator.is_, before, (whole, seen, joined))):
            return


def _drop(_: str) -> str:
    return ""


def _decode(encoded: str) -> str:
    """Return what a match of `_ENCODED` stands for."""
    if encoded[0] == "%":
        return bytes.fromhex(encoded.replace("%", "")).decode(errors="replace")
    if encoded[0] == "&":
        return html.unescape(encoded)
    if encoded[1] in "uU":
        # Two are the halves of one character.
        halves = (int(each, 16) for each in re.split(r"\\u", encoded[2:], flags=re.IGNORECASE))
        return b"".join(half.to_bytes(2, "big") for half in halves).decode("utf-16-be", "replace")
    if encoded[1] in "xX":
        return bytes.fromhex(encoded[2:]).decode("latin-1")
    return {"n": "\n", "r": "\r", "t": "\t"}.get(encoded[1].lower(), encoded[1])


def _folded(reading: _Reading) -> _Reading:
    """Return a reading in which a known secret is looked for: without what may differ."""
    reading = reading.replace(_IGNORED, _drop)
    text = reading.text.replace("_", "/").casefold()
    if len(text) == len(reading.text):
        return _Reading(text, reading.starts, reading.ends)
    # Where a character becomes several, each is looked at.
    return reading.replace(_CHARACTER, lambda one: one.replace("_", "/").casefold())


def _fold(text: str) -> str:
    return _folded(next(_readings(text))).text


def _forms(secret: str) -> Iterator[str]:
    """Yield how a secret may be written where it is not decoded: as it is, and within something in base64."""
    yield _fold(secret)
    content = secret.encode(errors="replace")
    for before in range(3):
        # The characters at the ends hold parts of what is around it.
        first, last = (before * 8 + 5) // 6, (before + len(content)) * 8 // 6
        form = _fold(base64.b64encode(bytes(before) + content).decode()[first:last])
        if len(form) >= _SHORTEST_BASE64:
            yield form


class Redactor(logging.Filter):
    """Redacts secrets in texts, and as a logging filter in log records. Several threads may use it."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Register secrets; those of Amazon's shapes are known anyway."""
        super().__init__()
        self._lock = threading.Lock()
        #: Secrets of nothing but blanks and signs that are ignored.
        self._blank: set[str] = set()
        #: The forms of all others, and by their first characters how long they are.
        self._known: set[str] = set()
        self._lengths: dict[str, tuple[int, ...]] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Register more secrets."""
        for text in (secret.reveal() for secret in secrets):
            if len(text) < _SHORTEST:
                continue
            with self._lock:
                for form in _forms(text):
                    if len(form) < _SHORTEST:
                        self._blank = self._blank | {text}
                        continue
                    self._known.add(form)
                    start = form[:_SHORTEST]
                    # The longest first: one secret may be the beginning of another.
                    self._lengths[start] = tuple(sorted({*self._lengths.get(start, ()), len(form)}, reverse=True))

    def redact(self, text: str) -> str:
        """Return a text with a mask in place of each secret, however it is encoded or broken into lines.

        The time it takes grows with the length of the text, and hardly with the number of secrets.
        """
        for blank in self._blank:
            text = text.replace(blank, MASK)
        return _masked(text, [span for reading in _readings(text) for span in self._secrets(reading)])

    def _secrets(self, reading: _Reading) -> Iterator[tuple[int, int]]:
        """Yield where in the original text the secrets of a reading are."""
        for begin, end in _shapes(reading.text):
            yield reading.starts[begin], reading.ends[end - 1]
        if self._known:
            folded = _folded(reading)
            for begin, end in self._find(folded.text):
                yield folded.starts[begin], folded.ends[end - 1]

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the known secrets are in a folded text."""
        known, lengths = self._known, self._lengths
        for at in range(len(text) - _SHORTEST + 1):
            for length in lengths.get(text[at : at + _SHORTEST], ()):
                # At the end of the text it may be shorter.
                form = text[at : at + length]
                if form in known:
                    yield at, at + len(form)
                    break

    def redact_row(self, row: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return a row with a mask in place of each secret in its texts, however deep, and no NUL."""
        # PostgreSQL refuses it.
        return t.cast("dict[str, t.Any]", in_texts(row, lambda text: self.redact(text).replace("\0", "\ufffd")))

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a record, and escape its control characters: message, traceback and any other text in it."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # An invalid logger call, which the handler reports.
            return True
        clean = self._clean(message)
        if record.exc_info and record.exc_info[0]:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if (clean_trace := self._clean(trace)) != trace:
                clean = f"{clean}\n{clean_trace}"
                record.exc_info = None
        if clean != message:
            record.msg, record.args = clean, ()
        for name, value in vars(record).items():
            if isinstance(value, str) and name != "msg":
                setattr(record, name, self._clean(value))
        return True

    def _clean(self, text: str) -> str:
        return escape_controls(self.redact(text))


def in_texts(value: t.Any, redact: Callable[[str], str]) -> t.Any:  # noqa: ANN401  # any JSON
    """Return a value with each of its texts redacted, however deep; the names of fields stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: in_texts(each, redact) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_texts(each, redact) for each in value]
    return value


def _shapes(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text has what looks like a secret."""
    small = text.lower()
    if not any(hint in small for hint in _HINTS):
        return
    for found in _SHAPES.finditer(text):
        # After what tells that it is one.
        before = found["quoted"] or found["element"] or found["named"] or found["place"] or ""
        yield found.start() + len(before), found.end()


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text with one mask in place of each span; those that overlap get one together."""
    parts, at = [], 0
    for begin, end in sorted(spans):
        if begin >= at:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join((*parts, text[at:]))


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

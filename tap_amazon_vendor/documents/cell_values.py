"""From the text of a cell to a typed value: local numbers, dates, times, booleans.

Some texts can be read in two ways: ``1,234`` and ``1.234``, ``02/03/2026``. Both readings are tried, the English one
(decimal point, month first) and the continental one (decimal comma, day first). If they differ, a `Convention` tells
which holds: that of the whole column. If nothing tells, the text is an error. It is never guessed silently.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from functools import cache

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    Readings = tuple[t.Any, t.Any]


class Convention(IntEnum):
    """The convention of an ambiguous text. The value is the index of the reading."""

    ENGLISH = 0
    CONTINENTAL = 1


#: Marketplaces whose countries write a decimal comma.
COMMA_COUNTRIES = frozenset({"BE", "BR", "DE", "ES", "FR", "IT", "NL", "PL", "SE", "TR", "ZA"})

#: Longer than any number or date. Longer texts are not parsed.
_LONGEST = 100

#: No count is as large, and no database's integer.
_LARGEST = 1 << 63

_BLANKS = " \u00a0\u202f"
_GROUPED_BY_BLANKS = rf"[1-9]\d{{0,2}}(?:[{_BLANKS}]\d{{3}})+"
#: Groups of two digits are Indian: 12,34,567.
_POINT = re.compile(
    rf"[+-]?(?:(?:\d+|{_GROUPED_BY_BLANKS}|[1-9]\d{{0,2}}(?:,\d{{2,3}})*,\d{{3}})(?:\.\d*)?|\.\d+)"
    r"(?:[Ee][+-]?\d\d?)?",
    re.ASCII,
)
_COMMA = re.compile(
    rf"[+-]?(?:(?:\d+|{_GROUPED_BY_BLANKS}|[1-9]\d{{0,2}}(?:\.\d{{3}})+)(?:,\d*)?|,\d+)",
    re.ASCII,
)
#: What most reports have, so that most texts need no second look.
_CENTS = re.compile(r"[+-]?\d+\.\d\d?", re.ASCII)
_NEVER = re.compile(r"(?!)")
_NO_MARKS = re.compile(r"[+-]?\d+", re.ASCII)
_NOT_COMMA = str.maketrans({",": ".", "\u2212": "-", **dict.fromkeys([*_BLANKS, "."])})
_NOT_POINT = str.maketrans({"\u2212": "-", **dict.fromkeys([*_BLANKS, ","])})

_BOOLEANS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}

#: What most reports have, so that most texts need no second look.
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?P<offset>Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.ASCII)

#: Translates digits to 0.
AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
#: The same, and what is not of a plain number to ?.
_NUMBER_SHAPE = AS_ZEROS.translate(bytes(byte if byte in b"0,.-" else ord("?") for byte in range(256)))
_TOO_LONG = b"0" * _LONGEST
_floats = msgspec.json.Decoder(list[float])
_iso_times = msgspec.json.Decoder(list[datetime])

_DATE_TIME = re.compile(
    r"""
    (?: (?P<year>[0-9]{4}) (?P<mark>[-/.年]) (?P<month>[0-9]{1,2}) (?:(?P=mark)|月) (?P<day>[0-9]{1,2}) 日?
      | (?P<first>[0-9]{1,2}) (?P<between>[-/.]) (?P<second>[0-9]{1,2}) (?P=between) (?P<year2>[0-9]{4})  # 21.11.2026
      | (?P<day3>[0-9]{1,2}) [-.\ ]{1,2} (?P<name3>[^\W0-9_]{3,}) [-.,\ ]{1,2} (?P<year3>[0-9]{4})  # 21-Nov-2026
      | (?P<name4>[^\W0-9_]{3,}) [.\ ]{1,2} (?P<day4>[0-9]{1,2}) ,?\ (?P<year4>[0-9]{4})  # Nov 21, 2026
    )
    (?: (?:T|,?\ ) (?P<hour>[0-9]{1,2}) : (?P<minute>[0-9]{2})
        (?: : (?P<clock_second>[0-9]{2}) (?P<fraction>\.[0-9]+)? )?
        (?: \ ?(?P<half>[AaPp])\.?[Mm]\.? )?
        (?: \ ?(?P<zone> Z | [A-Za-z]{0,5} [+-][0-9]{1,2} (?: :?[0-9][0-9] )? | [A-Za-z]{2,5} ) )?
    )?
    """,
    re.VERBOSE,
)

_MONTH = re.compile(
    r"(?P<month>0?[1-9]|1[0-2])[-/.](?P<year>[0-9]{4})|(?P<year2>[0-9]{4})[-/.](?P<month2>0?[1-9]|1[0-2])"
)

#: Zone abbreviations in Amazon's reports, as the offset from UTC. IST is India's, where Amazon has a marketplace.
ZONES = {
    **dict.fromkeys(("UTC", "GMT", "WET"), "+00:00"),
    **dict.fromkeys(("BST", "WEST", "CET", "MET", "MEZ"), "+01:00"),
    **dict.fromkeys(("CEST", "MEST", "MESZ", "EET"), "+02:00"),
    **dict.fromkeys(("EEST", "TRT"), "+03:00"),
    "GST": "+04:00",
    "IST": "+05:30",
    "SGT": "+08:00",
    "JST": "+09:00",
    "AEST": "+10:00",
    "AEDT": "+11:00",
    "BRT": "-03:00",
    **dict.fromkeys(("AST", "EDT"), "-04:00"),
    **dict.fromkeys(("EST", "CDT"), "-05:00"),
    **dict.fromkeys(("CST", "MDT"), "-06:00"),
    **dict.fromkeys(("MST", "PDT"), "-07:00"),
    "PST": "-08:00",
}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", re.ASCII)

#: Languages of the marketplaces, for the names of the months.
_LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "pl", "sv", "pt_br", "tr")


def kind_of(schema: Mapping[str, t.Any]) -> str:
    """Return the type of a column: its format if it is a date, ignoring null."""
    if schema.get("format") in {"date", "date-time"}:
        return str(schema["format"])
    kinds = schema["type"]
    return kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")


def text_converter(
    kind: str,
    choose: Callable[[str], Convention | None] = lambda _: None,
    *,
    only: Convention | None = None,
    nulls: Collection[str] = (),
    points: bool = True,
) -> Callable[[str], t.Any]:
    """Return the converter of a column's texts.

    Dates become ``YYYY-MM-DD``. Times become ISO 8601 with the offset that the text gives, never shifted to
    another zone; a text without zone gives a time without offset, a date alone gives its midnight.
    A date column accepts a time only at midnight, so that nothing is cut off.

    Args:
        kind: ``integer``, ``number``, ``boolean``, ``date``, ``date-time``, ``day`` (a date of which a clock is cut
            off, or the first day of a month) or ``string`` (the text itself).
        choose: Returns the convention of a text that the two conventions read differently, None if nothing tells;
            raises ValueError if it must not be read.
        only: The convention, if known: nothing is read by the other one.
        nulls: Texts that stand for no value.
        points: Numbers with a decimal point need no choice.

    Returns:
        A function from text to value. It gives None for a blank text, and raises ValueError, which never holds the
        text, if the text is not of the type.
    """
    if kind == "string":
        return lambda text: text or None
    plain = _CENTS if kind == "number" and points and only is not Convention.CONTINENTAL else _NEVER

    def convert(text: str) -> t.Any:  # noqa: ANN401
        if plain.fullmatch(text):
            return Decimal(text)
        text = text.strip()
        if not text or text in nulls:
            return None
        readings = _readings(kind, text)
        convention = only
        if convention is None:
            english, continental = readings
            convention = choose(text) if english != continental else Convention.ENGLISH
            if convention is None:
                if english is not None and continental is not None:
                    msg = f"can be read as two different values of type {kind}"
                    raise ValueError(msg)
                convention = Convention.CONTINENTAL if english is None else Convention.ENGLISH
        value = readings[convention]
        if value is None:
            msg = f"is not of type {kind}"
            raise ValueError(msg)
        return value

    return convert


def are_iso_times(cells: Sequence[str]) -> bool:
    """Return whether all texts are ISO 8601 times that need no conversion. Some may be blank.

    It takes a tenth of the time of the conversion, and most time columns are such.
    """
    first = next(filter(None, cells), None)
    if first is None:
        return True
    found = _ISO.fullmatch(first) if len(first) <= _LONGEST else None
    # Without an offset, another text might have one where this has the digits of a fraction.
    if found is None or first[10] != "T" or (not found["offset"] and "." in first):
        return False
    size, step = len(cells), len(first) + len('","')
    text = b'["%b"]' % '","'.join(cells).encode()
    # The decoder checks the digits and what separates them. It also takes t or a blank for T, an offset without colon,
    # and offsets that no place has.
    marks = _marks(len(first), found["offset"] or "")
    if len(text) != size * step + 1 or not all(text[place::step] == mark * size for place, mark in marks):
        told = list(filter(None, cells))
        return len(told) < size and are_iso_times(told)
    try:
        return len(_iso_times.decode(text)) == size
    except msgspec.DecodeError:
        return False


@cache
def _marks(length: int, offset: str) -> Sequence[tuple[int, bytes]]:
    """Return the T, the decimal point and the offset of an ISO 8601 time, with their places in an array of texts.

    Args:
        length: Number of the time's characters.
        offset: Its offset from UTC, may be empty.
    """
    at = length - len(offset)
    marks = {10: "T", **dict(enumerate(offset, at))}
    if at > len("2026-11-01T10:00:00"):
        marks[19] = "."
    return [(len('["') + place, mark.encode()) for place, mark in marks.items()]


def are_plain_numbers(cells: Sequence[str]) -> bool:
    """Return whether all texts are numbers that can be written as they are.

    It takes a fifth of the time of the conversion, and most columns of amounts are such. A number with three digits
    after the point is not, because the point may separate thousands; nor is one that is longer than a number may be.
    """
    text = ",".join(cells).encode()
    shape = text.translate(_NUMBER_SHAPE)
    if b"?" in shape or b".000" in shape or _TOO_LONG in shape or b"-0," in b"%b," % text:
        return False
    try:
        # Commas within cells would make more.
        return len(_floats.decode(b"[%b]" % text)) == len(cells)
    except msgspec.DecodeError:
        return False


def _readings(kind: str, text: str) -> Readings:
    return _READ[kind](text) if len(text) <= _LONGEST else (None, None)


def is_ambiguous(kind: str, text: str) -> bool:
    """Return whether both conventions can read a text, and read different values.

    Args:
        kind: Type of the column: ``integer``, ``number``, ``date`` or ``date-time``.
        text: The text.
    """
    english, continental = _readings(kind, text.strip())
    return english is not None and continental is not None and english != continental


def convention_of(kind: str, text: str) -> Convention | None:
    """Return the convention that a text proves: the only one by which it can be read.

    Args:
        kind: Type of the column: ``integer``, ``number``, ``date`` or ``date-time``.
        text: The text.

    Returns:
        None if it can be read by both, or by neither.
    """
    english, continental = _readings(kind, text.strip())
    if (english is None) == (continental is None):
        return None
    return Convention.CONTINENTAL if english is None else Convention.ENGLISH


def _numbers(text: str) -> Readings:
    text = text.replace("\u2212", "-")
    if _NO_MARKS.fullmatch(text):
        return (number := int(text)), number
    if _CENTS.fullmatch(text):
        return Decimal(text), None
    english = Decimal(text.translate(_NOT_POINT)) if _POINT.fullmatch(text) else None
    continental = Decimal(text.translate(_NOT_COMMA)) if _COMMA.fullmatch(text) else None
    return english, continental


def _integers(text: str) -> Readings:
    english, continental = _numbers(text)
    return _whole(english), _whole(continental)


def _whole(number: int | Decimal | None) -> int | None:
    whole = None if number is None else int(number)
    return whole if whole == number and whole is not None and abs(whole) < _LARGEST else None


def _booleans(text: str) -> Readings:
    return (value := _BOOLEANS.get(text.lower())), value


def _dates(text: str) -> Readings:
    english, continental = _times(text)
    return _midnight(english), _midnight(continental)


def _days(text: str) -> Readings:
    if month := _MONTH.fullmatch(text):
        text = f"{month['year'] or month['year2']}-{month['month'] or month['month2']:0>2}-01"
    english, continental = _times(text)
    return english and english[:10], continental and continental[:10]


def is_month(text: str) -> bool:
    """Return whether a text is a month without a day, as ``04/2026`` or ``2026-04``."""
    return _MONTH.fullmatch(text.strip()) is not None


def _midnight(moment: str | None) -> str | None:
    return (
        moment[:10] if moment is not None and moment[11:19] == "00:00:00" and not moment[19:].strip(".0+-:Z") else None
    )


def _date_times(text: str) -> Readings:
    return _times(text)


def _times(text: str) -> Readings:
    if _ISO.fullmatch(text):
        moment = f"{text[:10]}T{text[11:]}" if _exists(text) else None
        return moment, moment
    found = _DATE_TIME.fullmatch(text)
    if not found:
        return None, None
    part = found.groupdict()
    clock = _clock(part)
    if clock is None:
        return None, None
    if part["year"]:
        english = continental = (part["year"], part["month"], part["day"])
    elif part["year2"]:
        english = (part["year2"], part["first"], part["second"])
        continental = (part["year2"], part["second"], part["first"])
        if part["between"] == ".":
            english = continental
    else:
        month = _months().get((part["name3"] or part["name4"]).casefold(), "0")
        english = continental = (part["year3"] or part["year4"], month, part["day3"] or part["day4"])
    return _moment(*english, clock), _moment(*continental, clock)


def _clock(part: Mapping[str, str | None]) -> str | None:
    """Return ``hh:mm:ss``, fraction and offset; None if there is no such time."""
    hour = int(part["hour"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004  # a clock of twelve hours
            return None
        hour = hour % 12 + (12 if part["half"] in "Pp" else 0)
    offset = _offset(part["zone"] or "")
    if offset is None:
        return None
    return f"{hour:02}:{part['minute'] or '00'}:{part['clock_second'] or '00'}{part['fraction'] or ''}{offset}"


def _offset(zone: str) -> str | None:
    if zone in {"", "Z"}:
        return zone
    if found := _OFFSET.fullmatch(zone.upper()):
        sign, hours, minutes = found.groups(default="00")
        offset = f"{sign}{hours:0>2}:{minutes}"
        return offset if offset[1:] < "15" and minutes < "60" else None
    return ZONES.get(zone.upper())


def _moment(year: str, month: str, day: str, clock: str) -> str | None:
    moment = f"{year}-{month:0>2}-{day:0>2}T{clock}"
    return moment if _exists(moment) else None


def _exists(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment[:19])
    except ValueError:
        return False
    return True


@cache
def _months() -> dict[str, str]:
    """Return the number of each month by its names, long and short, in the languages of the marketplaces."""
    from pendulum.locales.locale import Locale  # noqa: PLC0415  # only where a report names a month

    names: dict[str, str] = {}
    for language in _LANGUAGES:
        for length in ("abbreviated", "wide"):
            months = Locale.load(language).get(f"translations.months.{length}")
            names.update({name.rstrip(".").casefold(): str(number) for number, name in months.items()})
    return names


_READ: dict[str, Callable[[str], Readings]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "day": _days,
    "date-time": _date_times,
}

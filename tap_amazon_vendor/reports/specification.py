"""What a document says of itself in its ``reportSpecification``: checked and normalised, for the API and the inbox."""

from __future__ import annotations

import re
import typing as t
from datetime import date

from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS, _MARKETPLACES = "reportOptions", "marketplaceIds"
_DAYS = ("dataStartTime", "dataEndTime")
#: Fields that get into keys and columns.
_TEXTS = ("reportType", "currencyCode")
#: Amazon's spelling of each name that is looked at, by its letters in lower case.
_NAMES = {
    name.lower(): name
    for name in (
        *(_OPTIONS, _MARKETPLACES, *_DAYS, *_TEXTS),
        *("reportPeriod", "distributorView", "sellingProgram", "dateGranularity"),
        *("asinGranularity", "asins", "aggregateByLocation", "aggregatedByTimePeriod"),
    )
}
_NO_LETTER = re.compile(r"[\W_]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9:.]+(Z|[+-][0-9:]+)?)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;]+")


def stated(specification: Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """Return what a specification states: its fields, with the report options at the top level.

    What is null or blank is not stated. Names may be in another case, or have marks between words. Blanks around texts
    are dropped, options and identifiers are in upper case as Amazon writes them: two spellings must not become two
    keys.

    Args:
        specification: ``reportSpecification`` of a document, None if it has none.

    Raises:
        DocumentError: A field is not of the type, or not in the form, that Amazon writes. Names it and its value.
    """
    said = _clean(specification or {})
    options = said.pop(_OPTIONS, None)
    if options is not None and not isinstance(options, dict):
        raise _invalid(_OPTIONS, options)
    # An option does not replace a field of its name.
    said = {name: _option(value) for name, value in _clean(options or {}).items()} | said
    if (ids := said.get(_MARKETPLACES)) is not None:
        said[_MARKETPLACES] = _marketplaces(ids)
    for name in _TEXTS:
        if name in said:
            said[name] = _text(name, said[name]).upper()
    for name in _DAYS:
        if name in said:
            said[name] = _moment(name, said[name])
    first, last = (str(said.get(name, ""))[:10] for name in _DAYS)
    if last and first > last:
        raise _invalid(_DAYS[1], f"{last} before {first}")
    return said


def _clean(fields: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Drop what states nothing, and spell names as Amazon does; a name that is spelled so has precedence."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    said = {name: value for name, value in stripped.items() if value is not None and value != ""}
    return {_NAMES.get(_NO_LETTER.sub("", name).lower(), name): value for name, value in said.items()} | {
        name: value for name, value in said.items() if name in _NAMES.values()
    }


def _option(value: t.Any) -> t.Any:  # noqa: ANN401  # any JSON
    if isinstance(value, (bool, int)):
        return str(value).upper()
    return " ".join(value.split()).upper() if isinstance(value, str) else value


def _marketplaces(value: t.Any) -> list[str]:  # noqa: ANN401  # any JSON
    found = _BETWEEN.split(value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) and each.strip() for each in found):
        raise _invalid(_MARKETPLACES, value)
    return [each.strip().upper() for each in found]


def _text(name: str, value: t.Any) -> str:  # noqa: ANN401  # any JSON
    if not isinstance(value, str):
        raise _invalid(name, value)
    return value


def _moment(name: str, value: t.Any) -> str:  # noqa: ANN401  # any JSON
    try:
        good = _MOMENT.fullmatch(_text(name, value)) and date.fromisoformat(value[:10])
    except ValueError:
        good = None
    if not good:
        raise _invalid(name, value)
    return str(value).upper().replace(" ", "T")


def _invalid(name: str, value: t.Any) -> DocumentError:  # noqa: ANN401  # any JSON
    return DocumentError(f"its reportSpecification has an invalid {name}: {shown(value)}")

"""The picture as one HTML page that needs nothing else: no script, no font, no request."""

from __future__ import annotations

import itertools
import typing as t
from html import escape

from tap_amazon_vendor.coverage.days import DayState

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tap_amazon_vendor.coverage.days import Span, StreamDays

#: Width and height of a day, and the room for a stream's name, in pixels.
WIDTH, HEIGHT = 8, 14

#: What a state looks like: a colour for light and dark pages alike. Days to look at are dark and warm.
COLOURS = {
    DayState.LOADED: "#4c9f70",
    DayState.RESTATED: "#2f7d57",
    DayState.REJECTED: "#d9a520",
    DayState.EMPTY: "#b7d3c6",
    DayState.FAILED: "#c0392b",
    DayState.LATER: "#6aa5d9",
    DayState.SKIPPED: "#b9bec5",
    DayState.MISSING: "#e8590c",
}

_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .3rem; }
.legend span { margin-right: 1rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; vertical-align: -1px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: 1px 8px 1px 0; text-align: left; font-weight: normal; white-space: nowrap; }
th small { opacity: .65; display: inline-block; max-width: 30rem; white-space: normal; overflow-wrap: anywhere; }
td.gaps { text-align: right; } svg { display: block; }
text { font-size: 10px; fill: currentColor; }
"""


def html_page(streams: Sequence[StreamDays], first: date, last: date) -> str:
    """Draw streams × days.

    Args:
        streams: The days of the streams, sorted by account and country.
        first: The first day to draw.
        last: The last day to draw.
    """
    gaps = sum(each.gaps for each in streams)
    told = f"{gaps} days failed or missing" if gaps else "No day failed, none missing"
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Coverage</title>',
        f"<style>{_STYLE}{_colours()}</style></head><body>",
        f"<h1>What is loaded, {first} to {last}</h1><p>{told}. Point at a day to see its outcome.</p>",
        f'<p class="legend">{"".join(_legend())}</p>',
    ]
    for (account, country), members in itertools.groupby(streams, key=lambda each: (each.account, each.country)):
        parts.append(f"<h2>{escape(account)} · {escape(country)}</h2><div class=scroll><table>")
        parts.append(f"<tr><th></th><td>{_months(first, last)}</td><td></td></tr>")
        parts += [_row(each, first, last) for each in members]
        parts.append("</table></div>")
    return "\n".join([*parts, "</body></html>\n"])


def _colours() -> str:
    return "\n".join(
        f".{state.name.lower()} {{ fill: {colour}; background: {colour}; }}" for state, colour in COLOURS.items()
    )


def _legend() -> Iterator[str]:
    for state in DayState:
        yield f'<span><i class="{state.name.lower()}"></i>{state.value}</span>'


def _months(first: date, last: date) -> str:
    days = (last - first).days + 1
    starts = [day for day in range(days) if day == 0 or first.fromordinal(first.toordinal() + day).day == 1]
    # A month of few days has no room for its name.
    shown = [day for day, following in itertools.zip_longest(starts, starts[1:], fillvalue=days) if following - day > 6]  # noqa: PLR2004
    names = (
        f'<text x="{day * WIDTH}" y="11">{first.fromordinal(first.toordinal() + day):%b %Y}</text>' for day in shown
    )
    return f'<svg width="{days * WIDTH}" height="{HEIGHT}">{"".join(names)}</svg>'


def _row(stream: StreamDays, first: date, last: date) -> str:
    width = ((last - first).days + 1) * WIDTH
    spans = "".join(_span(span, first) for span in stream.within(first, last))
    named = escape(stream.options).replace(",", ",<wbr>")
    options = "" if stream.options in {"", "(none)"} else f"<br><small>{named}</small>"
    gaps = f"{stream.gaps}" if stream.gaps else ""
    label = escape(f"{stream.stream} {stream.options}: {stream.gaps} days failed or missing")
    picture = f'<svg role="img" aria-label="{label}" width="{width}" height="{HEIGHT}">{spans}</svg>'
    return f'<tr><th>{escape(stream.stream)}{options}</th><td>{picture}</td><td class="gaps">{gaps}</td></tr>'


def _span(span: Span, first: date) -> str:
    x, width = (span.first - first).days * WIDTH, span.days * WIDTH - 1
    days = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}"
    told = escape(": ".join(part for part in (f"{days}: {span.state.value}", span.reason) if part))
    place = f'x="{x}" y="1" width="{width}" height="{HEIGHT - 2}"'
    return f'<rect class="{span.state.name.lower()}" {place}><title>{told}</title></rect>'

"""Output of the commands: styled and as wide as a terminal, or plain lines for a file or a pipe."""

from __future__ import annotations

import sys
import typing as t

import click

from tap_amazon_vendor.output import calm_output, escape_controls

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.text import Text

#: Spaces between two columns.
GAP = 2

#: Stands for an empty cell in a plain line, so that each line has all its columns.
NOTHING = "-"

#: Columns of the narrowest terminal that tables fit; a narrower one wraps their lines.
NARROWEST = 60


class Companion(click.Group):
    """Commands whose output may go anywhere."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:  # noqa: ANN401 - as click has it
        """Run a command."""
        with calm_output():
            return super().main(*args, **kwargs)


def console() -> Console:
    """Return the console for human-readable output: text as it is, without markup, and unstyled off a terminal."""
    from rich.console import Console  # noqa: PLC0415 - commands start fast

    screen = Console(highlight=False, markup=False, emoji=False, force_terminal=sys.stdout.isatty())
    if screen.is_terminal:
        screen.width = max(screen.width, NARROWEST)
    return screen


def say(screen: Console, text: Text | str, style: str | None = None) -> None:
    """Print a line without wrapping it, so that it can be copied."""
    screen.print(escape_controls(text) if isinstance(text, str) else text, style=style, soft_wrap=True)


def plain_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Align cells with spaces, one line per row; the last column is not padded.

    Args:
        header: Names of the columns.
        rows: Their cells.

    Yields:
        The lines.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - commands start fast

    table = [[cell or NOTHING for cell in row] for row in (header, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row[:-1], widths, strict=False)]
        yield (" " * GAP).join((*padded, row[-1]))


def printable(text: str) -> str:
    """Escape what would move the cursor or break a line: a label may hold anything."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)

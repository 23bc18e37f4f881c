"""GraphQL as far as Data Kiosk needs it: a query's text from paths of fields, and whether two texts are the same."""

from __future__ import annotations

import re
import typing as t
from functools import lru_cache

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    Tree = dict[str, "Tree"]

#: Characters of a query, without needless white space (docs/amazon/data-kiosk.md#life-cycle).
LONGEST_QUERY = 8000

#: A token: a string, a spread, a name or number, or a mark. White space, commas and comments between them mean nothing.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\.\.\.|[\w.+-]+|#[^\n]*|[^\s,]')

#: In the text of a query, made of tokens: the dataset and its view.
_VIEW = re.compile(r"(\w+) \{ (\w+) \(")


def selection(paths: Iterable[str]) -> str:
    """Return the selection of some fields.

    Args:
        paths: Of each scalar, the names on the way to it with dots between.
    """
    tree: Tree = {}
    for path in paths:
        at = tree
        for name in path.split("."):
            at = at.setdefault(name, {})
    return _text(tree)


def _text(tree: Tree) -> str:
    return " ".join(f"{name}{{{_text(inner)}}}" if inner else name for name, inner in tree.items())


@lru_cache(maxsize=4096)
def normalised(query: str) -> str:
    """Return a query as its tokens: Amazon repeats queries with other white space and without commas.

    The word `query` before one without a name may be left out, too, as printers of GraphQL do.
    """
    return " ".join(token for token in _TOKEN.findall(query) if not token.startswith("#")).removeprefix("query ")


def view_of(query: str) -> str | None:
    """Return the dataset and the view that a query asks for, with a dot between; None if it is another query."""
    found = _VIEW.search(normalised(query))
    return f"{found[1]}.{found[2]}" if found else None

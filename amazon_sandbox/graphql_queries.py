"""Queries of Data Kiosk: read, checked against the schemas of its datasets, and carried out.

The schemas lie in `datasets/`: names and types alone (docs/amazon/data-kiosk.md#datasets). A query asks one
dataset for one of its lists; each element of the list is a line of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute_sync,
    parse,
    strip_ignored_characters,
    validate,
)

from amazon_sandbox import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from amazon_sandbox.data.catalogue import Row

    Fetch = Callable[[Mapping[str, Any]], list[Row]]

LONGEST = 8_000
DATASETS = (
    "analytics_vendorAnalytics_2024_09_30",
    "analytics_salesAndTraffic_2024_04_24",
    "analytics_economics_2024_03_15",
)
TOO_LONG = f"A query must be at most {LONGEST} characters after unnecessary whitespace is removed."
ONE_OPERATION = "A query must have exactly one operation."
ONE_LIST = "A query must ask for exactly one list."
INVALID = "The provided query is invalid."


class FetchError(Exception):
    """Why a query that is valid cannot be carried out; the text is Amazon's."""


@dataclass(frozen=True)
class KioskQuery:
    """A query that its schema allows.

    Attributes:
        text: The query without needless characters, which is how Amazon repeats it.
        document: The query as it was read.
        dataset: The dataset.
        view: The list that is asked for.
        leaves: The fields without fields of their own, each with all fields above it:
            `analytics_economics_2024_03_15.economics.sales.unitsOrdered`.
    """

    text: str
    document: DocumentNode
    dataset: str
    view: str
    leaves: tuple[str, ...]

    def below(self, *names: str) -> set[str]:
        """The names of the fields that are asked for below a field of the list."""
        prefix = ".".join((self.dataset, self.view, *names, ""))
        return {leaf[len(prefix) :].partition(".")[0] for leaf in self.leaves if leaf.startswith(prefix)}


def read(text: str) -> KioskQuery:
    """Read a query.

    Args:
        text: What was sent.

    Raises:
        AmazonError: 400 for anything that is no query of one list of one dataset.
    """
    try:
        short = strip_ignored_characters(text)
        document = parse(short)
    except (GraphQLError, RecursionError) as error:
        raise _invalid(_told(error)) from None
    if len(short) > LONGEST:
        raise _invalid(TOO_LONG)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        raise _invalid(ONE_OPERATION)
    names = [each.name.value for each in operations[0].selection_set.selections if isinstance(each, FieldNode)]
    if len(names) != 1 or names[0] not in DATASETS:
        raise _invalid(details=f"Query '{' '.join(names)}' is not supported.")
    found = validate(schema(names[0]), document)
    if found:
        raise _invalid("; ".join(map(_told, found)))
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    leaves = tuple(dict.fromkeys(_leaves(operations[0].selection_set, fragments, ())))
    views = {leaf.split(".")[1] for leaf in leaves if leaf.count(".")}
    if len(views) != 1:
        raise _invalid(ONE_LIST)
    return KioskQuery(short, document, names[0], views.pop(), leaves)


def carry_out(query: KioskQuery, fetch: Fetch) -> tuple[list[Row], list[Row]]:
    """Carry a query out.

    Args:
        query: A valid query.
        fetch: Gives the elements of the list for its arguments; a FetchError says why not.

    Returns:
        The lines, and what Amazon says is wrong instead.
    """

    def resolve(_info: object, **arguments: object) -> list[Row]:
        return fetch(arguments)

    root = {query.dataset: {query.view: resolve}}
    result = execute_sync(schema(query.dataset), query.document, root)
    if result.errors:
        return [], [_as_json(error) for error in result.errors]
    # Both names may be aliases.
    (dataset,) = (result.data or {}).values()
    (lines,) = (dataset or {None: None}).values()
    return list(lines or ()), []


@cache
def schema(dataset: str) -> GraphQLSchema:
    """The schema of a dataset."""
    return build_schema((files(__package__) / "datasets" / f"{dataset}.graphql").read_text("utf-8"))


def _leaves(
    selection: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], above: tuple[str, ...]
) -> Iterator[str]:
    for node in selection.selections:
        if isinstance(node, FieldNode):
            path = (*above, node.name.value)
            if node.selection_set is None:
                yield ".".join(path)
            else:
                yield from _leaves(node.selection_set, fragments, path)
        elif isinstance(node, FragmentSpreadNode):
            yield from _leaves(fragments[node.name.value].selection_set, fragments, above)
        elif isinstance(node, InlineFragmentNode):
            yield from _leaves(node.selection_set, fragments, above)


def _as_json(error: GraphQLError) -> Row:
    """An error as the error document has it."""
    path = "/".join(str(each) for each in error.path or ())
    return {
        "message": f"Exception while fetching data (/{path}) : {error.message}",
        "locations": [{"line": each.line, "column": each.column} for each in error.locations or ()],
        "path": error.path,
        "extensions": {"GraphQLPublicFatalException": error.message, "classification": "DataFetchingException"},
    }


def _told(error: Exception) -> str:
    return error.message if isinstance(error, GraphQLError) else "The query is nested too deeply."


def _invalid(details: str) -> errors.AmazonError:
    return errors.invalid_input(INVALID, details)

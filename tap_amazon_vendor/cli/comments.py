"""`amazon-vendor comments`: the SQL that copies the catalog's descriptions of tables and columns to PostgreSQL."""

from __future__ import annotations

import typing as t

import click

from tap_amazon_vendor.cli.postgres import Table, catalog_option, identifier, literal, schema_option, selected_tables

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

#: PostgreSQL's conditions for a stream that is not loaded yet.
_ABSENT = "invalid_schema_name or undefined_table or undefined_column"


@click.command("comments")
@catalog_option
@schema_option
def command(*, catalog: IO[str], schema: str) -> None:
    """Print the SQL that comments on tables and columns in PostgreSQL.

    Each gets the description that the catalog has of it. A table or column that is not there yet,
    because its stream was never loaded, is passed over.
    """
    statements = [statement for table in selected_tables(catalog, schema) for statement in _comments(table)]
    if not statements:
        return
    lines = [f"  begin {each}; exception when {_ABSENT} then null; end;" for each in statements]
    body = "\n".join(lines)
    tag = "$comments$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    click.echo(f"do {tag}\nbegin\n{body}\nend\n{tag};")


def _comments(table: Table) -> Iterator[str]:
    if table.description:
        yield f"comment on table {table.name} is {literal(table.description)}"
    for name, column in table.columns.items():
        if words := column.get("description"):
            yield f"comment on column {table.name}.{identifier(name)} is {literal(words)}"

"""`amazon-vendor tables`: the SQL that creates PostgreSQL tables whose times keep their zone."""

from __future__ import annotations

import typing as t

import click

from tap_amazon_vendor.cli.postgres import (
    Table,
    catalog_option,
    column_type,
    identifier,
    schema_option,
    selected_tables,
)

if t.TYPE_CHECKING:
    from typing import IO


@click.command("tables")
@catalog_option
@schema_option
def command(*, catalog: IO[str], schema: str) -> None:
    """Print the SQL that makes the tables in PostgreSQL.

    target-postgres makes them itself, but its times lose their zone. Run this before the first
    load and it writes into these: times are `timestamptz`. A table that is there stays as it is.
    """
    tables = selected_tables(catalog, schema)
    click.echo(f"create schema if not exists {identifier(schema)};")
    for table in tables:
        click.echo(_create(table))


def _create(table: Table) -> str:
    lines = [
        f"{identifier(name)} {column_type(column)}{' not null' if name in table.keys else ''}"
        for name, column in table.columns.items()
    ]
    if table.keys:
        lines.append(f"primary key ({', '.join(map(identifier, table.keys))})")
    return f"create table if not exists {table.name} (\n  " + ",\n  ".join(lines) + "\n);"

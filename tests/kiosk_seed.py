"""The datasets of sellers as the local Amazon's seed has them, in our columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from world import flat

from amazon_sandbox.data import seller_datasets
from amazon_sandbox.data.catalogue import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from amazon_sandbox import Sandbox

Row = dict[str, Any]

SEED: dict[str, Callable[[Any, Query], Iterator[Row]]] = {
    "seller_economics": lambda catalogue, asked: seller_datasets.economics(catalogue, asked, "DAY", "MSKU"),
    "seller_analytics_by_date": lambda catalogue, asked: seller_datasets.by_date(catalogue, asked, "DAY"),
    "seller_analytics_by_asin": lambda catalogue, asked: (
        row
        for ago in range((asked.end - asked.start).days + 1)
        for day in [asked.start + timedelta(days=ago)]
        for row in seller_datasets.by_asin(catalogue, replace(asked, start=day, end=day), "SKU")
    ),
}


def rows(sandbox: Sandbox, name: str, start: date, end: date, now: datetime) -> list[Row]:
    """Return what a stream must hold of some days of the American seller."""
    account = next(each for each in sandbox.accounts if each.label == "seller-us")
    asked = Query(account.first_day, {}, start, end, now)
    return [flat(row) for row in SEED[name](sandbox.data.catalogue(account, account.marketplaces[0]), asked)]

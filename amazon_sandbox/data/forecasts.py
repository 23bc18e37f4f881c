"""GET_VENDOR_FORECASTING_REPORT (docs/amazon/vendor-reports.md#forecasting)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from amazon_sandbox.calendars import period_of
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Query, Row

WEEKS = 26


def forecasts(catalogue: Catalogue, query: Query) -> Arrays:
    """The newest forecast: a new one is made each Sunday, for the half year from then on."""
    return {"forecastByAsin": _rows(catalogue, query)}


def _rows(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    made = period_of("WEEK", query.today)[0]
    if query.first_day is not None and query.today < query.first_day:
        return
    fresh = query.options["sellingProgram"] == "FRESH"
    weeks = [made + timedelta(weeks=number) for number in range(WEEKS)]
    for product in catalogue.products:
        if fresh and not product.fresh:
            continue
        # What all forecasts agree on is the demand; each one errs in its own way.
        error = mix(product.key ^ made.toordinal())
        for week in weeks:
            bits = mix(error ^ week.toordinal())
            # Hundredths of a unit. Some weeks have none.
            mean = 0 if bits & 31 == 0 else product.demand * 7 * MONTHS[week.month - 1] // 100
            # On one day in ten an ASIN is not sold at all, and Fresh sells a tenth.
            mean = mean * (68 + (bits >> 5 & 31)) // (1000 if fresh else 100)
            yield {
                "forecastGenerationDate": made.isoformat(),
                "asin": product.asin,
                "startDate": week.isoformat(),
                "endDate": (week + timedelta(days=6)).isoformat(),
                "meanForecastUnits": Decimal(mean).scaleb(-2),
                "p70ForecastUnits": Decimal(mean * (112 + (bits >> 10 & 7))).scaleb(-4),
                "p80ForecastUnits": Decimal(mean * (128 + (bits >> 13 & 15))).scaleb(-4),
                "p90ForecastUnits": Decimal(mean * (155 + (bits >> 17 & 63))).scaleb(-4),
            }

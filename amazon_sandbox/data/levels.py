"""Reports with an aggregate and rows by ASIN, added up from days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Query, Row

    Cell = tuple[int, Sequence[int]]


def add(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Put numbers together one by one."""
    return [a + b for a, b in zip(left, right, strict=True)]


@dataclass(frozen=True)
class TwoLevels:
    """The aggregate and the by-ASIN rows of a retail analytics report.

    Rows come out of generators, so that a large document is never held as rows; the
    price is that its cells are worked out twice.

    Attributes:
        catalogue: The ASINs.
        query: What is asked for.
        cells: Gives the numbers of each ASIN that has a row on a day.
        figures: Turns numbers into the fields of a row.
        over_days: Puts the numbers of an ASIN on two days together, the earlier first.
        of_aggregate: Turns numbers into the further fields that only aggregates have.
    """

    catalogue: Catalogue
    query: Query
    cells: Callable[[Catalogue, Query, date], Iterator[Cell]]
    figures: Callable[[Sequence[int]], Row]
    over_days: Callable[[Sequence[int], Sequence[int]], Sequence[int]] = add
    of_aggregate: Callable[[Sequence[int]], Row] | None = None

    def arrays(self, name: str) -> Arrays:
        """Both arrays, under Amazon's names for them."""
        return {f"{name}Aggregate": self._aggregate(), f"{name}ByAsin": self._by_asin()}

    def _aggregate(self) -> Iterator[Row]:
        for start, end in self.query.periods():
            total: Sequence[int] | None = None
            for _, numbers in self.sums(start, end):
                total = numbers if total is None else add(total, numbers)
            if total is not None:
                row: Row = {"startDate": f"{start}", "endDate": f"{end}"}
                if self.of_aggregate is not None:
                    row.update(self.of_aggregate(total))
                yield row | self.figures(total)

    def _by_asin(self) -> Iterator[Row]:
        for start, end in self.query.periods():
            first, last = f"{start}", f"{end}"
            for index, numbers in self.sums(start, end):
                row: Row = {"startDate": first, "endDate": last, "asin": self.catalogue.products[index].asin}
                row.update(self.figures(numbers))
                yield row

    def sums(self, start: date, end: date) -> Iterator[Cell]:
        """The numbers of each ASIN over a period; for a day without any adding up."""
        days = self.query.days(start, end)
        if start == end:
            for day in days:
                yield from self.cells(self.catalogue, self.query, day)
            return
        total: dict[int, Sequence[int]] = {}
        for day in days:
            for index, numbers in self.cells(self.catalogue, self.query, day):
                before = total.get(index)
                total[index] = numbers if before is None else self.over_days(before, numbers)
        yield from sorted(total.items())

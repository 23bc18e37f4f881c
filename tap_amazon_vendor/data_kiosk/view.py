"""Views: what Amazon states of one field of a dataset that returns rows. Streams name them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.reports.roles import BRAND_ANALYTICS

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_amazon_vendor.reports.calendars import Calendar
    from tap_amazon_vendor.reports.options import Option


@dataclass(frozen=True, eq=False)
class View:
    """A view of a dataset (docs/amazon/data-kiosk.md#datasets).

    Attributes:
        dataset: Amazon's name and version of the dataset.
        field: The view's name.
        account_type: Type of account that has it.
        period: The option that says how long the periods are.
        calendars: How time is cut, by period.
        arguments: Arguments besides the dates, with ``{period}``, ``{marketplace}`` and ``{currency}`` to be filled in.
        rows: The list within each element whose elements are the rows; empty if each element is a row.
        lifted: Objects of a row whose fields become columns without the object's name as prefix.
        left_out: Paths that are not read.
        groups: Path of the object whose fields are the groups of metrics that the user may choose; empty if there is
            no choice.
        attributes: Path of the object with the attributes that the user may group by; empty if there is no choice.
        not_daily: Groups that Amazon does not have for periods of a day.
        roles: Amazon's roles, any one of which suffices.
    """

    dataset: str
    field: str
    account_type: str
    period: Option
    calendars: Mapping[str, Calendar]
    arguments: str
    rows: str = ""
    lifted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    groups: str = ""
    attributes: str = ""
    not_daily: frozenset[str] = frozenset()
    roles: tuple[str, ...] = (BRAND_ANALYTICS,)

    @property
    def name(self) -> str:
        """Dataset and field."""
        return f"{self.dataset}.{self.field}"

    def reads(self, path: str) -> bool:
        """Return whether a field is read."""
        return not any(path == other or path.startswith(f"{other}.") for other in self.left_out)

    def within_row(self, path: str) -> str:
        """Return the path of a field within its row."""
        own = path.removeprefix(f"{self.rows}.") if self.rows else path
        for name in self.lifted:
            own = own.removeprefix(f"{name}.")
        return own

    def chosen(
        self, paths: Collection[str], *, period: str, groups: Collection[str], attributes: Collection[str]
    ) -> list[str]:
        """Return the fields to ask for.

        Args:
            paths: All fields of the view.
            period: The length of the periods.
            groups: The groups of metrics that the user wants.
            attributes: The attributes that the user groups by.
        """
        wanted = set(groups) - (self.not_daily if period == "DAY" else frozenset())
        return [
            path
            for path in paths
            if _is_chosen(path, self.groups, wanted) and _is_chosen(path, self.attributes, attributes)
        ]


def _is_chosen(path: str, choice: str, chosen: Collection[str]) -> bool:
    if not choice or not path.startswith(f"{choice}."):
        return True
    return path.removeprefix(f"{choice}.").partition(".")[0] in chosen

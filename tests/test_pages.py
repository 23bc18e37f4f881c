"""Pages of a listing: followed to their end, and never without end."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap_amazon_vendor.amazon import pages as module
from tap_amazon_vendor.amazon.pages import MOST_EMPTY_PAGES, MOST_STALE_PAGES, Page, Pages, RepeatedPageError
from tap_amazon_vendor.errors import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable


def page(*elements: str, token: str | None = None, keys: list[str] | None = None) -> Page:
    return Page([msgspec.Raw(element.encode()) for element in elements], token, keys)


def follow(listed: Iterable[Page], most: int = 50_000) -> int:
    """Follow pages as a caller does; return how many there were."""
    pages = Pages("anOperation", most)
    for each in listed:
        pages.advance(each)
        if pages.finished:
            break
        assert pages.current_value == each.token
    return pages.count


def test_pages_end_with_the_one_that_has_no_token() -> None:
    assert follow([page("1", token="a"), page(token="b"), page("2"), page("3")]) == 3


def test_an_empty_token_ends_them_too() -> None:
    assert follow([page("1", token=""), page("2")]) == 1


@pytest.mark.parametrize(
    "listed",
    [
        [page("1", "2", token="a"), page("2", "1", token="b")],
        [page("1", token="a"), page("2", token="a")],
        [page("1", token="a"), page("2", token="b"), page("3", token="a")],
    ],
    ids=["the same page in another order", "the same token", "a circle of tokens"],
)
def test_what_comes_twice_is_an_error(listed: list[Page]) -> None:
    with pytest.raises(RepeatedPageError, match="twice: its pages have no end"):
        follow(listed)


def test_pages_that_change_but_bring_no_new_key_end() -> None:
    """As a listing that repeats the same transaction on every page, with another amount each time."""
    numbers = itertools.count()
    seen = itertools.count(1)

    def endless() -> Iterable[Page]:
        for number in numbers:
            next(seen)
            yield page(f'{{"id":"t1","amount":{number}}}', token=str(number), keys=["t1"])

    with pytest.raises(MalformedAnswerError, match="nothing new on 20 pages in a row"):
        follow(endless())
    assert next(seen) <= MOST_STALE_PAGES + 3


def test_some_pages_may_bring_nothing_new() -> None:
    """Elements move to later pages while they are read."""
    stale = [page(f"1{number}", token=f"s{number}", keys=["k"]) for number in range(MOST_STALE_PAGES)]
    new = [page(f"2{number}", token=f"n{number}", keys=[f"k{number}"]) for number in range(3)]
    assert follow([*stale, *new, page("3", keys=["l"])]) == len(stale) + len(new) + 1


def test_a_key_is_known_however_many_came_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 8)
    new = [page(f"1{number}", token=f"n{number}", keys=[f"k{number}"]) for number in range(12)]
    old = [page(f"2{number}", token=f"o{number}", keys=["k9", "k11"]) for number in range(MOST_STALE_PAGES)]
    with pytest.raises(MalformedAnswerError, match="nothing new"):
        follow([*new, *old])


def test_empty_pages_for_ever_are_an_error() -> None:
    with pytest.raises(MalformedAnswerError, match="100 of them empty"):
        follow(page(token=str(number)) for number in range(10 * MOST_EMPTY_PAGES))


def test_more_pages_than_there_can_be_are_an_error() -> None:
    with pytest.raises(MalformedAnswerError, match="more than 7 pages"):
        follow((page(str(number), token=str(number)) for number in range(100)), most=7)

"""Faults of files in the inbox: what people, interrupted copies and other programs leave there."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

from clocks import NOW
from local_faults import Strikes
from world import US

from amazon_sandbox import flatfiles
from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import Data
from amazon_sandbox.data.procurement import order_as_json
from amazon_sandbox.documents import HTML, encode
from tap_amazon_vendor.inbox import files, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_amazon_vendor.inbox.files import InboxFile

STREAMS = ("vendor_sales", "vendor_purchase_orders", "vendor_purchase_order_items", "seller_customer_returns")

RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"


def fill(folder: Path) -> None:
    """Empty the folder, and put intact files there: three JSON files, three flat files, the responses of two calls."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    data, account = (
        Data(7, DEFAULT_ACCOUNTS, 12, 3),
        next(each for each in DEFAULT_ACCOUNTS if each.label == "seller-us"),
    )
    for number in range(1, 4):
        day = (NOW - timedelta(days=20 + number)).date()
        document = data.document(
            "GET_VENDOR_SALES_REPORT", account="vendor-us", marketplace_id=US, start=day, end=day, as_of=NOW.date(),
            options={"reportPeriod": "DAY", "distributorView": "SOURCING", "sellingProgram": "RETAIL"},
        )  # fmt: skip
        (folder / f"sales {number}.json").write_bytes(encode(document))
        start = datetime(2026, 7 + number, 1, tzinfo=timezone.utc)
        table = data.table(
            RETURNS, account=account, marketplace_id=US, options={}, as_of=NOW,
            start=start, end=start + timedelta(days=27),
        )  # fmt: skip
        (folder / f"returns {number}.txt").write_bytes(b"".join(flatfiles.write(table, None)))
    placed = [
        each for each in data.procurement("vendor-us").between(NOW - timedelta(days=9), NOW) if each.placed <= NOW
    ]
    for number in range(2):
        page = {"payload": {"orders": [order_as_json(order, NOW) for order in placed[number::2]]}}
        # As a script writes it, with line breaks.
        text = json.dumps(page, default=float, indent=0)
        (folder / f"orders {number}.json").write_text(text, encoding="utf-8")


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def strike(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return strike


def _pack(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Replace the file by a changed one whose name ends in `.gz`."""

    def strike(path: Path) -> None:
        path.with_name(f"{path.name}.gz").write_bytes(change(path.read_bytes()))
        path.unlink()

    return strike


def _lines(text: bytes, part: float) -> bytes:
    """Return the first lines, a part of all."""
    lines = text.splitlines(keepends=True)
    return b"".join(lines[: max(1, int(len(lines) * part))])


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _cut(text: bytes) -> bytes:
    return text[: len(text) * 2 // 3]


def _corrupt(text: bytes) -> bytes:
    packed = bytearray(gzip.compress(text))
    packed[-8:-4] = bytes(byte ^ 0xFF for byte in packed[-8:-4])
    return bytes(packed)


def _link(path: Path) -> None:
    """Move the file out of the inbox, and leave a link to it."""
    elsewhere = path.parent.parent / path.name
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


#: Faults of a file before the run.
BEFORE: dict[str, Callable[[Path], None]] = {
    "file_gzip_cut_off": _pack(lambda text: _cut(gzip.compress(text))),
    "file_gzip_corrupt": _pack(_corrupt),
    "file_gzip_unlabelled": _rewrite(gzip.compress),
    "file_plain_labelled_gzip": _pack(bytes),
    "file_gzip_twice": _pack(lambda text: gzip.compress(gzip.compress(text))),
    "file_in_utf_16": _rewrite(lambda text: _text(text).encode("utf-16")),
    "file_with_byte_order_mark": _rewrite(lambda text: b"\xef\xbb\xbf" + text),
    "file_cut_off": _rewrite(_cut),
    "file_cut_at_a_line_end": _rewrite(lambda text: _lines(text, 0.5)),
    "file_empty": _rewrite(lambda _: b""),
    "file_of_nul": _rewrite(lambda text: bytes(len(text))),
    "file_is_html": _rewrite(lambda _: HTML),
    "file_is_a_link": _link,
    "file_is_a_loop": _loop,
}


def _unreadable(path: Path) -> None:
    raise PermissionError(13, "Permission denied", str(path))


def _replaced(path: Path) -> None:
    other = next(each for each in sorted(path.parent.iterdir()) if each != path)
    path.write_bytes(other.read_bytes())


#: Faults of a file during the run: True if before it is first read, False if before it is read for its rows.
MEANWHILE: dict[str, tuple[bool, Callable[[Path], None]]] = {
    "file_gone": (True, lambda path: path.unlink()),
    "file_gone_later": (False, lambda path: path.unlink()),
    "file_unreadable": (True, _unreadable),
    "file_unreadable_later": (False, _unreadable),
    "file_replaced": (False, _replaced),
    "file_cut_meanwhile": (False, _rewrite(_cut)),
}

#: The file is still being written when the run begins.
GROWS = "file_grows"

FILE_FAULTS = (*BEFORE, *MEANWHILE, GROWS)


@contextmanager
def striking(fault: str, folder: Path, times: int | None) -> Iterator[Strikes]:
    """Let a fault strike the first files of each kind, or all."""
    paths = [path for path in sorted(folder.iterdir()) if times is None or f"{path.stem[-1]}" <= str(times)]
    strikes = Strikes()
    if fault in BEFORE:
        for path in paths:
            BEFORE[fault](path)
            strikes.count += 1
        yield strikes
        return
    whole = {path: path.read_bytes() for path in paths}
    if fault == GROWS:
        for path in paths:
            path.write_bytes(_lines(whole[path], 0.5))
    first, strike = MEANWHILE.get(fault, (False, lambda path: path.write_bytes(whole[path])))
    left, really = set(paths), files.look_at

    def look_at(path: Path, name: str, copy: Path | None = None, **named: Any) -> InboxFile:
        if path in left and bool(copy) is not first:
            left.discard(path)
            strikes.count += 1
            strike(path)
        return really(path, name, copy, **named)

    with mock.patch.object(reader, "look_at", look_at):
        yield strikes

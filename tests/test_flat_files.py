"""Flat files: any dialect comes back equal, any damage is one clear error."""

from __future__ import annotations

import csv
import gzip
import io
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest

from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.flat_files import FlatFile, FlatFileReader, is_empty, read_header

COLUMNS: dict[str, dict[str, t.Any]] = {
    "amazon_order_id": {"type": "string"},
    "product_name": {"type": ["string", "null"]},
    "quantity_shipped": {"type": ["integer", "null"]},
    "item_price": {"type": ["number", "null"]},
    "purchase_date": {"type": ["string", "null"], "format": "date-time"},
    "gift": {"type": ["boolean", "null"]},
}

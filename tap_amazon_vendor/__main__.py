"""Run the tap as a module: ``python -m tap_amazon_vendor``."""

from __future__ import annotations

from tap_amazon_vendor.tap import TapAmazonVendor

TapAmazonVendor.cli()

"""The SDK's own test suites, run against the local Amazon."""

from __future__ import annotations

import atexit

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

# A vendor has no settlement, and so no row with a total.
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")

# The suites want a configuration when they are collected, so Amazon must be there by then.
# The extra field gives `_extra`, else null, something to test.
_amazon = running(Sandbox(seed=7, speed=3000, asins=12, faults=["extra_field:*"]))
_server = _amazon.__enter__()
# Not by a fixture: where all tests of this module are deselected, none would stop it, and pytest would hang at its end.
atexit.register(_amazon.__exit__, None, None, None)

TestTapAmazonVendor = get_tap_test_class(
    TapAmazonVendor,
    config={
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": "Atzr|sandbox-vendor-us",
        "marketplaces": ["US"],
        "api_url": _server.url,
        "auth_url": _server.auth_url,
        # Repeat purchase knows no days.
        "report_periods": ["DAY", "WEEK"],
    },
    suite_config=SuiteConfig(
        max_records_limit=200,
        # Every line of the local Amazon is a row.
        ignore_no_records_for_streams=["report_rejects", "report_rejects_restricted"],
    ),
    parse_env_config=False,
)

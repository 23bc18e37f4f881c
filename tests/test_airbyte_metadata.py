"""What an Airbyte platform is told of the source agrees with the source."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatch
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
import yaml
from bootstrap import ROOT
from meltano_definition import url

from tap_amazon_vendor.airbyte.spec import specification
from tap_amazon_vendor.airbyte.writer import LONGEST_SILENCE
from tap_amazon_vendor.amazon.retry import LONGEST_REQUEST
from tap_amazon_vendor.config.accounts import DOCUMENT_DOMAINS, LWA_URL
from tap_amazon_vendor.config.ads_accounts import HOSTS as ADS_HOSTS
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.tap import TapAmazonVendor

FOLDER = ROOT / "deploy" / "airbyte"
METADATA: dict[str, Any] = yaml.safe_load((FOLDER / "metadata.yaml").read_text(encoding="utf-8"))
DATA: dict[str, Any] = METADATA["data"]


def test_it_is_of_the_form_that_platforms_read() -> None:
    assert METADATA["metadataSpecVersion"] == "1.0"
    assert (DATA["connectorType"], DATA["connectorSubtype"]) == ("source", "api")
    assert str(UUID(DATA["definitionId"])) == DATA["definitionId"]
    assert DATA["releaseStage"] in {"alpha", "beta", "generally_available", "custom"}
    assert DATA["registryOverrides"].keys() == {"cloud", "oss"}
    assert all("enabled" in each for each in DATA["registryOverrides"].values())
    assert all(re.fullmatch(r"[\w-]+:[\w-]+", tag) for tag in DATA["tags"])


def test_it_agrees_with_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    (licence,) = re.findall(r'^license = "(.+)"$', project, re.MULTILINE)
    assert (DATA["dockerImageTag"], DATA["license"]) == (version, licence)
    assert DATA["dockerRepository"] == f"{url('Repository').split('/')[-2]}/{DATA['githubIssueLabel']}"
    assert f"\n{DATA['githubIssueLabel']} = " in project


def test_its_page_is_the_specifications() -> None:
    assert DATA["documentationUrl"] == specification()["documentationUrl"] == f"{url('Documentation')}airbyte/"
    assert (ROOT / "docs" / "airbyte.md").is_file()


def test_its_hosts_are_all_that_the_tap_calls() -> None:
    hosts = {urlsplit(each).hostname or "" for each in (LWA_URL, *ADS_HOSTS.values())}
    hosts |= {f"x{domain}" for domain in DOCUMENT_DOMAINS}
    for marketplace in BY_ID.values():
        host = urlsplit(marketplace.host).hostname or ""
        hosts |= {host, f"sandbox.{host}"}
    allowed = DATA["allowedHosts"]["hosts"]
    assert {host for host in hosts if not any(fnmatch(host, pattern) for pattern in allowed)} == set()
    assert all(any(fnmatch(host, pattern) for host in hosts) for pattern in allowed)


def test_a_silence_of_the_source_is_shorter_than_the_platforms_patience() -> None:
    longest = LONGEST_SILENCE + timedelta(seconds=2 * LONGEST_REQUEST)
    assert longest < timedelta(seconds=DATA["maxSecondsBetweenMessages"])


def test_the_streams_that_it_suggests_exist() -> None:
    assert {*DATA["suggestedStreams"]["streams"]} <= TapAmazonVendor(config={}, validate_config=False).streams.keys()


def test_the_icon_is_a_picture() -> None:
    assert ET.fromstring((FOLDER / DATA["icon"]).read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314  # our own


@pytest.mark.parametrize("name", ["spec", "check", "discover", "read"])
def test_the_page_of_our_documentation_shows_each_command(name: str) -> None:
    assert f"source-amazon-vendor {name}" in (ROOT / "docs" / "airbyte.md").read_text(encoding="utf-8")

"""A local Amazon: LWA, consent, the Reports API and more of SP-API, documents, with made-up figures.

For data teams that build before Amazon has approved their application, and for the
tests of the tap. It keeps to Amazon's documented behaviour, faults included::

    from amazon_sandbox import Sandbox, running

    sandbox = Sandbox(seed=1, speed=600, faults=["truncated_document:2"])
    with running(sandbox) as server:
        print(server.url, server.auth_url)
"""

from __future__ import annotations

from amazon_sandbox.accounts import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEFAULT_ACCOUNTS,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    REVOKED_REFRESH_TOKEN,
    SandboxAccount,
)
from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET, AdsAccount, AdsProfile
from amazon_sandbox.amazon import Call, Sandbox
from amazon_sandbox.documents import encode
from amazon_sandbox.faults import FAULTS, UnknownFaultError
from amazon_sandbox.registrations import APPLICATION_ID, DRAFT_APPLICATION_ID, Registration
from amazon_sandbox.server import Server, running

__all__ = [
    "ADS_CLIENT_ID",
    "ADS_CLIENT_SECRET",
    "APPLICATION_ID",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "DEFAULT_ACCOUNTS",
    "DRAFT_APPLICATION_ID",
    "FAULTS",
    "OTHER_CLIENT_ID",
    "OTHER_CLIENT_SECRET",
    "REVOKED_REFRESH_TOKEN",
    "AdsAccount",
    "AdsProfile",
    "Call",
    "Registration",
    "Sandbox",
    "SandboxAccount",
    "Server",
    "UnknownFaultError",
    "encode",
    "running",
]

"""The developer's applications, as Amazon has them registered (docs/amazon/login.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amazon_sandbox import accounts as known
from amazon_sandbox.chance import derive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_sandbox.accounts import SandboxAccount

APPLICATION_ID = "amzn1.sp.solution.sandbox"
"""The application that all default accounts have authorized; it is published."""

DRAFT_APPLICATION_ID = "amzn1.sp.solution.sandbox-other"
"""The second application, which is a draft."""

SECRET_LIFETIME = timedelta(days=180)


@dataclass
class Registration:
    """One application, as it is registered in Developer Central. A test may change it while the sandbox runs.

    Attributes:
        application_id: What the consent page is asked with.
        client_id: Its LWA client.
        client_secret: The secret of that client.
        roles: What a consent grants from now on; an earlier consent stays as it was.
        redirect_uris: Where a consent may lead to; the first one is the default.
        any_loopback: Whether all addresses of this computer are such places too. Amazon
            wants each written out, but a test does not know its port beforehand.
        draft: Whether a consent needs `version=beta`.
        secret_made_at: When the secret was last rotated; None means lately.
    """

    application_id: str
    client_id: str
    client_secret: str
    roles: tuple[str, ...] = known.SELLER_ROLES
    redirect_uris: tuple[str, ...] = ("https://example.com/callback",)
    any_loopback: bool = True
    draft: bool = False
    secret_made_at: datetime | None = None

    def leads_to(self, redirect_uri: str) -> bool:
        """Whether a consent may lead to an address."""
        if redirect_uri in self.redirect_uris:
            return True
        place = urlsplit(redirect_uri)
        return self.any_loopback and place.scheme == "http" and place.hostname in {"localhost", "127.0.0.1", "::1"}

    def opens_with(self, client_secret: str, now: datetime) -> bool:
        """Whether a secret is the right one, and rotated in time (docs/amazon/login.md#credentials)."""
        expired = self.secret_made_at is not None and now >= self.secret_made_at + SECRET_LIFETIME
        return self.client_secret == client_secret and not expired


def default_registrations(accounts: Sequence[SandboxAccount]) -> list[Registration]:
    """The two applications of every sandbox, and one for each further client of an account."""
    made = [
        Registration(APPLICATION_ID, known.CLIENT_ID, known.CLIENT_SECRET),
        Registration(DRAFT_APPLICATION_ID, known.OTHER_CLIENT_ID, known.OTHER_CLIENT_SECRET, draft=True),
    ]
    for account in accounts:
        if account.client_id not in {registration.client_id for registration in made}:
            application_id = f"amzn1.sp.solution.{derive(account.client_id):016x}"
            made.append(Registration(application_id, account.client_id, account.client_secret))
    return made


def selling_partner_id(account: SandboxAccount) -> str:
    """The id that a consent tells: of a vendor group (docs/amazon/login.md#consent), or of a merchant."""
    number = derive(account.label, "selling partner")
    if account.kind == "vendor":
        return f"amzn1.vg.{number % 10_000_000}"
    return f"A{number:020d}"[:14]

"""Login with Amazon: refresh tokens and client secrets in, access tokens out.

Grants, errors and HTTP codes are in API.md section 1 and ERRORS.md section 4.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox import accounts as known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_amazon_vendor.sandbox.accounts import SandboxAccount

SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::migration",
    "sellingpartnerapi::client_credential:rotation",
)
FORM = "application/x-www-form-urlencoded"


class LwaError(Exception):
    """A token request that LWA refuses.

    Attributes:
        status: HTTP status.
        error: OAuth error code.
        description: What error_description says.
    """

    def __init__(self, status: int, error: str, description: str) -> None:
        """Remember what to answer."""
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Token:
    """An access token that was given out.

    Attributes:
        account: Whom it stands for; None for a grantless token.
        expires_at: When it stops to be valid.
    """

    account: SandboxAccount | None
    expires_at: datetime


class Lwa:
    """The token endpoint and its memory.

    Args:
        accounts: The accounts whose refresh tokens are good.
        seed: Decides the characters of the access tokens.
        token_seconds: Lifetime of an access token.
    """

    def __init__(self, accounts: Sequence[SandboxAccount], seed: int, token_seconds: float) -> None:
        """Start with no access token given out."""
        self._accounts = {account.refresh_token: account for account in accounts}
        self._secrets = {account.client_id: account.client_secret for account in accounts}
        self._secrets.setdefault(known.OTHER_CLIENT_ID, known.OTHER_CLIENT_SECRET)
        self._seed = seed
        self._token_seconds = token_seconds
        self._tokens: dict[str, Token] = {}
        self._given = 0

    def account_of(self, refresh_token: str) -> SandboxAccount | None:
        """The account behind a refresh token, for the log."""
        return self._accounts.get(refresh_token)

    def find(self, access_token: str) -> Token | None:
        """What is known of an access token; None for one never given out."""
        return self._tokens.get(access_token)

    def expire(self, access_token: str, now: datetime) -> None:
        """End the life of an access token before its time."""
        token = self._tokens[access_token]
        self._tokens[access_token] = Token(token.account, now)

    def revoke(self, access_token: str) -> None:
        """Forget an access token, which makes it malformed."""
        self._tokens.pop(access_token)

    def grant(self, content_type: str, form: Mapping[str, str], now: datetime) -> dict[str, object]:
        """Answer one token request.

        Args:
            content_type: Media type of the request, without parameters.
            form: The decoded form.
            now: The time of the request.

        Returns:
            The JSON answer of a success.

        Raises:
            LwaError: The request is refused.
        """
        if content_type == "application/json":
            raise LwaError(401, "invalid_client", "Client authentication failed")
        grant_type = form.get("grant_type", "")
        if content_type == FORM and not grant_type:
            raise _missing(name="grant_type")
        if content_type != FORM or grant_type not in {
            "refresh_token",
            "client_credentials",
        }:
            raise LwaError(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server",
            )
        wanted = "refresh_token" if grant_type == "refresh_token" else "scope"
        for name in ("client_id", "client_secret", wanted):
            if not form.get(name):
                raise _missing(name)
        if self._secrets.get(form["client_id"]) != form["client_secret"]:
            raise LwaError(401, "invalid_client", "Client authentication failed")
        if grant_type == "client_credentials":
            if form["scope"] not in SCOPES:
                raise LwaError(400, "invalid_scope", "The request has an invalid parameter : scope")
            return self._give(None, now)
        return self._refresh(form["refresh_token"], form["client_id"], now)

    def _refresh(self, refresh_token: str, client_id: str, now: datetime) -> dict[str, object]:
        account = self._accounts.get(refresh_token)
        if account is None:
            raise LwaError(
                400,
                "invalid_grant",
                "The request has an invalid grant parameter : refresh_token. "
                "User may have revoked or didn't grant the permission.",
            )
        if account.client_id != client_id:
            raise LwaError(400, "unauthorized_client", "Not authorized for requested operation")
        return {**self._give(account, now), "refresh_token": refresh_token}

    def _give(self, account: SandboxAccount | None, now: datetime) -> dict[str, object]:
        label = account.label if account else "grantless"
        self._given += 1
        source = f"{self._seed}/{label}/{self._given}"
        token = "Atza|" + hashlib.sha256(source.encode()).hexdigest()
        expires_at = now + timedelta(seconds=self._token_seconds)
        self._tokens[token] = Token(account, expires_at)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self._token_seconds),
        }


def lwa_incident() -> LwaError:
    """500: an incident at Login with Amazon."""
    return LwaError(500, "server_error", "The authorization server encountered an unexpected condition")


def _missing(name: str) -> LwaError:
    description = f"The request is missing a required parameter : {name}"
    return LwaError(400, "invalid_request", description)

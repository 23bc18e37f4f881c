"""Login with Amazon: refresh tokens and client secrets in, access tokens out.

Grants, errors and HTTP codes are in docs/amazon/login.md#token-endpoint and docs/amazon/errors.md#login-errors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.registrations import Registration

SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::migration",
    "sellingpartnerapi::client_credential:rotation",
)
CODE_LIFETIME = timedelta(minutes=5)
RDT_LIFETIME = timedelta(hours=1)
# Grant types, and the one parameter that each needs beside the client.
GRANTS = {"refresh_token": "refresh_token", "client_credentials": "scope", "authorization_code": "code"}
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
        resources: Methods and paths that a restricted data token is good for, and nothing
            else; None for an ordinary token.
    """

    account: SandboxAccount | None
    expires_at: datetime
    resources: frozenset[tuple[str, str]] | None = None


@dataclass(frozen=True)
class _Code:
    """A consent that waits for its exchange."""

    account: SandboxAccount
    redirect_uri: str
    expires_at: datetime


class Lwa:
    """The token endpoint and its memory.

    Args:
        accounts: The accounts whose refresh tokens are good.
        applications: The clients that it knows.
        seed: Decides the characters of the tokens.
        token_seconds: Lifetime of an access token.
    """

    def __init__(
        self,
        accounts: Sequence[SandboxAccount],
        applications: Sequence[Registration],
        seed: int,
        token_seconds: float,
    ) -> None:
        """Start with no access token given out."""
        self._accounts = {account.refresh_token: account for account in accounts}
        self._applications = {application.client_id: application for application in applications}
        self._codes: dict[str, _Code] = {}
        self._seed = seed
        self._token_seconds = token_seconds
        self._tokens: dict[str, Token] = {}
        self._given = 0

    def account_of(self, form: Mapping[str, str]) -> SandboxAccount | None:
        """The account that a token request is for, for the log."""
        code = self._codes.get(form.get("code", ""))
        return code.account if code else self._accounts.get(form.get("refresh_token", ""))

    def find(self, access_token: str) -> Token | None:
        """What is known of an access token; None for one never given out."""
        return self._tokens.get(access_token)

    def expire(self, access_token: str, now: datetime) -> None:
        """End the life of an access token before its time."""
        token = self._tokens[access_token]
        self._tokens[access_token] = replace(token, expires_at=now)

    def revoke(self, access_token: str) -> None:
        """Forget an access token, which makes it malformed."""
        self._tokens.pop(access_token)

    def withdraw(self, account: SandboxAccount) -> None:
        """Take back all consents of an account; access tokens live on until they expire."""
        self._accounts = {token: known for token, known in self._accounts.items() if known.label != account.label}

    def consent(self, account: SandboxAccount, application: Registration, redirect_uri: str, now: datetime) -> str:
        """Authorize an application; the account gets the roles that it has by now.

        Args:
            account: Who confirms.
            application: What is confirmed.
            redirect_uri: Where the consent leads to; the exchange must name it again.
            now: The time of the consent.

        Returns:
            The spapi_oauth_code.
        """
        authorized = replace(
            account,
            refresh_token=self._new("Atzr|", account.label),
            client_id=application.client_id,
            client_secret=application.client_secret,
            roles=application.roles,
        )
        code = self._new("SPAPI", account.label)[:25]
        self._codes[code] = _Code(authorized, redirect_uri, now + CODE_LIFETIME)
        return code

    def restrict(
        self, account: SandboxAccount, resources: frozenset[tuple[str, str]], now: datetime
    ) -> dict[str, object]:
        """Give out a restricted data token, good for some methods and paths only.

        Returns:
            The CreateRestrictedDataTokenResponse of the model.
        """
        token = self._new("Atz.sprdt|", account.label)
        self._tokens[token] = Token(account, now + RDT_LIFETIME, resources)
        return {"restrictedDataToken": token, "expiresIn": int(RDT_LIFETIME.total_seconds())}

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
        if content_type != FORM or grant_type not in GRANTS:
            raise LwaError(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server",
            )
        for name in ("client_id", "client_secret", GRANTS[grant_type]):
            if not form.get(name):
                raise _missing(name)
        application = self._applications.get(form["client_id"])
        if application is None or not application.opens_with(form["client_secret"], now):
            raise LwaError(401, "invalid_client", "Client authentication failed")
        if grant_type == "client_credentials":
            if form["scope"] not in SCOPES:
                raise LwaError(400, "invalid_scope", "The request has an invalid parameter : scope")
            return self._give(None, now)
        if grant_type == "authorization_code":
            return self._exchange(form, now)
        return self._refresh(form["refresh_token"], form["client_id"], now)

    def _exchange(self, form: Mapping[str, str], now: datetime) -> dict[str, object]:
        """Turn the code of a consent into a refresh token (docs/amazon/login.md#consent)."""
        code = self._codes.get(form["code"])
        if (
            code is None
            or now >= code.expires_at
            or form.get("redirect_uri") != code.redirect_uri
            or form["client_id"] != code.account.client_id
        ):
            raise LwaError(400, "invalid_grant", "The request has an invalid grant parameter : code")
        del self._codes[form["code"]]
        self._accounts[code.account.refresh_token] = code.account
        return self._refresh(code.account.refresh_token, form["client_id"], now)

    def _refresh(self, refresh_token: str, client_id: str, now: datetime) -> dict[str, object]:
        account = self._accounts.get(refresh_token)
        if account is None:
            raise consent_revoked()
        if account.client_id != client_id:
            raise LwaError(400, "unauthorized_client", "Not authorized for requested operation")
        return {**self._give(account, now), "refresh_token": refresh_token}

    def _give(self, account: SandboxAccount | None, now: datetime) -> dict[str, object]:
        token = self._new("Atza|", account.label if account else "grantless")
        self._tokens[token] = Token(account, now + timedelta(seconds=self._token_seconds))
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self._token_seconds),
        }

    def _new(self, prefix: str, label: str) -> str:
        """Characters that were not given out before."""
        self._given += 1
        return prefix + hashlib.sha256(f"{self._seed}/{label}/{self._given}".encode()).hexdigest()


def consent_revoked() -> LwaError:
    """400: a refresh token that was never issued, or whose consent was revoked."""
    return LwaError(
        400,
        "invalid_grant",
        "The request has an invalid grant parameter : refresh_token. "
        "User may have revoked or didn't grant the permission.",
    )


def lwa_incident() -> LwaError:
    """500: an incident at Login with Amazon."""
    return LwaError(500, "server_error", "The authorization server encountered an unexpected condition")


def _missing(name: str) -> LwaError:
    description = f"The request is missing a required parameter : {name}"
    return LwaError(400, "invalid_request", description)

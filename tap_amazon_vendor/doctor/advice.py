"""What to do about an account that can't be read: steps, and requests to send to its administrator."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.ads_accounts import AdsAccount

PORTAL = "Developer Central or Solution Provider Portal"

#: The groups of user permissions as Vendor Central names them; other groups are named as they are.
USER_PERMISSIONS = {
    "Financial": "Financial reports",
    "Operational": "Operational reports",
    "Digital": "Digital reports",
    "Integrations": "Manage Integrations (EDI/API)",
}

#: How Amazon's credentials begin (docs/amazon/login.md#credentials).
BEGINNINGS = {"client_id": "amzn1.application-oa2-client.", "refresh_token": "Atzr|"}


def credentials(account: Account | AdsAccount) -> tuple[str, ...]:
    """Return which credentials look wrong, without showing them."""
    values = {
        "client_id": account.client_id,
        "client_secret": account.client_secret.reveal(),
        "refresh_token": account.refresh_token.reveal(),
    }
    bare = {name: value.strip().strip("\"'") for name, value in values.items()}
    return (
        *(f"`{name}` has white space or quotes around it" for name in values if values[name] != bare[name]),
        *(
            f"`{name}` does not look like one: Amazon's begin with {beginning}"
            for name, beginning in BEGINNINGS.items()
            if not bare[name].startswith(beginning)
        ),
    )


def rotate() -> str:
    """Return how to renew a client secret."""
    return (
        f"Rotate it under your application's LWA credentials in {PORTAL}, then set `client_secret` and "
        "`credentials_rotated_on`. Refresh tokens stay valid; no new consent is needed"
    )


def new_consent(account: Account) -> str:
    """Return how to get a refresh token."""
    label = "" if account.label == "default" else f" --account {account.label!r}"
    return f"Consent again, which gives you a new refresh token: amazon-vendor authorize{label}"


def kind(account: Account) -> tuple[str, ...]:
    """Return what to do if the authorization is for the other account type."""
    other = "seller" if account.kind == "vendor" else "vendor"
    return (f"Set `account_type` to {other!r}, or authorize the {account.kind} account", new_consent(account))


def host(account: Account) -> str:
    """Return which settings determine the host."""
    must = f"{account.api_url} must be the host of the region where the account is"
    return f"Check `marketplaces` ({countries(account)}), `region` and `api_url`: {must}"


def region(account: Account) -> tuple[str, ...]:
    """Return what to do if a region's host does not know an account."""
    return (
        host(account),
        "If they are right, the application lacks every role, or the account consented before it had them",
        new_consent(account),
    )


def token(account: Account) -> tuple[str, ...]:
    """Return what to do if the API refuses access tokens that Login with Amazon just gave."""
    return (host(account), "If they are right, the authorization was revoked", new_consent(account))


def role_steps(account: Account, role: str) -> tuple[str, ...]:
    """Return how to get a role into the API authorization."""
    later = "A consent covers the roles that the application had at that time: roles added later need a new consent"
    return (
        f"Give your application {application(account)} the role {role} in {PORTAL}",
        f"{later}. {new_consent(account)}",
        "Check the result: amazon-vendor doctor",
    )


def role_request(account: Account, role: str) -> str:
    """Return a request to the administrator of an account whose authorization lacks a role."""
    return (
        f"Please authorize our application {application(account)} once more for your {account.kind} account "
        f"({countries(account)}): your consent does not cover the role {role} yet, which our reports need. We will "
        f"send you a link to {central(account)}. Please open it as an administrator of the account and confirm."
    )


def user_steps(account: Account, group: str) -> tuple[str, ...]:
    """Return how the account, and the user who consented for it, get access to the data."""
    return (
        "The API authorization is fine. The user permission is separate, and Amazon requires both",
        f'An administrator gives "{user_permission(group)}" to the user who consented, in {_menu(account)}',
        "If the account as a whole does not have the data (program, Brand Registry), deselect the streams",
    )


def user_request(account: Account, group: str) -> str:
    """Return a request to the administrator of an account whose user lacks a permission."""
    return (
        f"Please give the user who authorized our application {application(account)} the permission "
        f'"{user_permission(group)}" in {_menu(account)}.'
    )


def user_permission(group: str) -> str:
    """Return a permission group's name in Vendor Central."""
    return USER_PERMISSIONS.get(group, group)


def application(account: Account) -> str:
    """Return the application's id, or its client id where the settings lack that."""
    return account.application_id or account.client_id


def countries(account: Account | AdsAccount) -> str:
    """Return the country codes of the marketplaces."""
    return ", ".join(place.country for place in account.marketplaces) or "all marketplaces"


def central(account: Account) -> str:
    """Return the account's host of Vendor Central or Seller Central."""
    return account.marketplaces[0].central(account.kind)


def _menu(account: Account) -> str:
    return f"{central(account)}, Settings, {'Manage' if account.kind == 'vendor' else 'User'} Permissions"

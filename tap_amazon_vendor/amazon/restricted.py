"""Restricted data tokens: what opens personal data, for one resource and an hour."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.amazon.answers import Answer, Token
from tap_amazon_vendor.amazon.throttle import Operation

if t.TYPE_CHECKING:
    from tap_amazon_vendor.amazon.client import SellingPartnerApi

# Usage plan: model tokens_2021-03-01.
CREATE_TOKEN = Operation("createRestrictedDataToken", "POST", "/tokens/2021-03-01/restrictedDataToken", 1, 10)


class RestrictedDataToken(Answer):
    """Of createRestrictedDataToken."""

    restricted_data_token: Token


def restricted_token(api: SellingPartnerApi, method: str, path: str) -> str:
    """Return a token for exactly one resource. It is a secret, and lives an hour.

    Args:
        api: The account's client.
        method: HTTP verb of the call that it is for.
        path: Path of that call.
    """
    body = {"restrictedResources": [{"method": method, "path": path}]}
    return api.call(CREATE_TOKEN, answer=RestrictedDataToken, body=body).restricted_data_token

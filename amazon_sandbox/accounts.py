"""The selling partners, applications and marketplaces that the sandbox knows.

Marketplaces come from docs/amazon/marketplaces.md#ids-and-domains; what an account can be entitled to comes
from docs/amazon/vendor-reports.md#vendor-groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

CLIENT_ID = "amzn1.application-oa2-client.sandbox"
CLIENT_SECRET = "amzn1.oa2-cs.v1.sandbox"  # noqa: S105 - opens the sandbox only
"""The application that all default accounts have authorized."""

OTHER_CLIENT_ID = "amzn1.application-oa2-client.sandbox-other"
OTHER_CLIENT_SECRET = "amzn1.oa2-cs.v1.sandbox-other"  # noqa: S105
"""A second application, which no account has authorized: unauthorized_client."""

REVOKED_REFRESH_TOKEN = "Atzr|sandbox-revoked"  # noqa: S105
"""A refresh token whose selling partner took the consent back: invalid_grant."""

BRAND_ANALYTICS = "Brand Analytics"
SELLING_PARTNER_INSIGHTS = "Selling Partner Insights"
AMAZON_FULFILLMENT = "Amazon Fulfillment"
PRODUCT_LISTING = "Product Listing"
PRICING = "Pricing"
INVENTORY_AND_ORDER_TRACKING = "Inventory and Order Tracking"
FINANCE = "Finance and Accounting"
DIRECT_TO_CONSUMER_SHIPPING = "Direct-to-Consumer Shipping"
TAX_REMITTANCE = "Tax Remittance"
TAX_INVOICING = "Tax Invoicing"

RESTRICTED_ROLES = (DIRECT_TO_CONSUMER_SHIPPING, TAX_REMITTANCE, TAX_INVOICING)
"""The roles that Amazon grants for buyers' personal data only after a review."""

SELLER_ROLES = (
    BRAND_ANALYTICS,
    SELLING_PARTNER_INSIGHTS,
    AMAZON_FULFILLMENT,
    PRODUCT_LISTING,
    PRICING,
    INVENTORY_AND_ORDER_TRACKING,
    FINANCE,
    *RESTRICTED_ROLES,
)

VENDOR_ROLES = (
    BRAND_ANALYTICS,
    AMAZON_FULFILLMENT,
    INVENTORY_AND_ORDER_TRACKING,
    FINANCE,
    DIRECT_TO_CONSUMER_SHIPPING,
)

Kind = Literal["vendor", "seller"]


@dataclass(frozen=True)
class Marketplace:
    """One Amazon store.

    Attributes:
        country: Two letters, as in docs/amazon/marketplaces.md#ids-and-domains.
        region: The region whose host serves it: na, eu or fe.
        currency: ISO 4217 code of its money.
        domain: The host of its store, without www.
        decimals: Digits behind the decimal point of that currency.
    """

    country: str
    region: str
    currency: str
    domain: str
    decimals: int = 2


MARKETPLACES: dict[str, Marketplace] = {
    "A2EUQ1WTGCTBG2": Marketplace("CA", "na", "CAD", "amazon.ca"),
    "ATVPDKIKX0DER": Marketplace("US", "na", "USD", "amazon.com"),
    "A1AM78C64UM0Y8": Marketplace("MX", "na", "MXN", "amazon.com.mx"),
    "A2Q3Y263D00KWC": Marketplace("BR", "na", "BRL", "amazon.com.br"),
    "A28R8C7NBKEWEA": Marketplace("IE", "eu", "EUR", "amazon.ie"),
    "A1RKKUPIHCS9HS": Marketplace("ES", "eu", "EUR", "amazon.es"),
    "A1F83G8C2ARO7P": Marketplace("UK", "eu", "GBP", "amazon.co.uk"),
    "A13V1IB3VIYZZH": Marketplace("FR", "eu", "EUR", "amazon.fr"),
    "AMEN7PMS3EDWL": Marketplace("BE", "eu", "EUR", "amazon.com.be"),
    "A1805IZSGTT6HS": Marketplace("NL", "eu", "EUR", "amazon.nl"),
    "A1PA6795UKMFR9": Marketplace("DE", "eu", "EUR", "amazon.de"),
    "APJ6JRA9NG5V4": Marketplace("IT", "eu", "EUR", "amazon.it"),
    "A2NODRKZP88ZB9": Marketplace("SE", "eu", "SEK", "amazon.se"),
    "AE08WJ6YKNBMC": Marketplace("ZA", "eu", "ZAR", "amazon.co.za"),
    "A1C3SOZRARQ6R3": Marketplace("PL", "eu", "PLN", "amazon.pl"),
    "ARBP9OOSHTCHU": Marketplace("EG", "eu", "EGP", "amazon.eg"),
    "A33AVAJ2PDY3EV": Marketplace("TR", "eu", "TRY", "amazon.com.tr"),
    "A17E79C6D8DWNP": Marketplace("SA", "eu", "SAR", "amazon.sa"),
    "A2VIGQ35RCS4UG": Marketplace("AE", "eu", "AED", "amazon.ae"),
    "A21TJRUUN4KGV": Marketplace("IN", "eu", "INR", "amazon.in"),
    "A19VAU5U5O7RUS": Marketplace("SG", "fe", "SGD", "amazon.sg"),
    "A39IBJ37TRP1C6": Marketplace("AU", "fe", "AUD", "amazon.com.au"),
    "A1VC38T7YXB528": Marketplace("JP", "fe", "JPY", "amazon.co.jp", decimals=0),
}


@dataclass(frozen=True)
class SandboxAccount:
    """One selling partner, as one refresh token stands for it.

    Attributes:
        label: Its name in logs and in `Sandbox.calls`.
        kind: A vendor group or a seller account.
        region: na, eu or fe.
        marketplaces: One id for a vendor group, one or more for a seller.
        refresh_token: What its authorization gave out; it alone tells the account.
        client_id: The application that was authorized.
        client_secret: The secret of that application.
        roles: The roles of the consent; a report type without its role is 403.
        selling_programs: The programs that end in data; any other one is FATAL.
        distributor_views: The views that end in data; any other one is FATAL.
        first_day: No figures exist before this day; None means always data.
        denied_reports: Report types that the vendor group has no rights to.
        denied_fields: Names of fields of Data Kiosk that it may not see, and nothing below them.
        enabled: Whether the vendor group is; all reports of another one are 403
            (docs/amazon/vendor-reports.md#vendor-groups).
        brand_registry: Whether it is enrolled, which the brand, promotion and coupon
            reports need.
    """

    label: str
    kind: Kind
    region: str
    marketplaces: tuple[str, ...]
    refresh_token: str
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    roles: tuple[str, ...] = (BRAND_ANALYTICS,)
    selling_programs: tuple[str, ...] = ("RETAIL", "BUSINESS", "FRESH")
    distributor_views: tuple[str, ...] = ("MANUFACTURING", "SOURCING")
    first_day: date | None = None
    denied_reports: tuple[str, ...] = ()
    denied_fields: tuple[str, ...] = ()
    enabled: bool = True
    brand_registry: bool = True


DEFAULT_ACCOUNTS: tuple[SandboxAccount, ...] = (
    SandboxAccount(
        label="vendor-us",
        kind="vendor",
        region="na",
        marketplaces=("ATVPDKIKX0DER",),
        refresh_token="Atzr|sandbox-vendor-us",  # noqa: S106
        roles=VENDOR_ROLES,
    ),
    SandboxAccount(
        label="vendor-de",
        kind="vendor",
        region="eu",
        marketplaces=("A1PA6795UKMFR9",),
        refresh_token="Atzr|sandbox-vendor-de",  # noqa: S106
        roles=VENDOR_ROLES,
        selling_programs=("RETAIL",),
    ),
    SandboxAccount(
        label="vendor-uk",
        kind="vendor",
        region="eu",
        marketplaces=("A1F83G8C2ARO7P",),
        refresh_token="Atzr|sandbox-vendor-uk",  # noqa: S106
        selling_programs=("RETAIL", "BUSINESS"),
        distributor_views=("SOURCING",),
        brand_registry=False,
    ),
    SandboxAccount(
        label="vendor-jp",
        kind="vendor",
        region="fe",
        marketplaces=("A1VC38T7YXB528",),
        refresh_token="Atzr|sandbox-vendor-jp",  # noqa: S106
        roles=VENDOR_ROLES,
        selling_programs=("RETAIL",),
    ),
    SandboxAccount(
        label="vendor-ca",
        kind="vendor",
        region="na",
        marketplaces=("A2EUQ1WTGCTBG2",),
        refresh_token="Atzr|sandbox-vendor-ca",  # noqa: S106
        roles=VENDOR_ROLES,
        selling_programs=("RETAIL",),
    ),
    SandboxAccount(
        label="vendor-us-no-role",
        kind="vendor",
        region="na",
        marketplaces=("ATVPDKIKX0DER",),
        refresh_token="Atzr|sandbox-vendor-us-no-role",  # noqa: S106
        roles=(),
    ),
    SandboxAccount(
        label="seller-us",
        kind="seller",
        region="na",
        marketplaces=("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"),
        refresh_token="Atzr|sandbox-seller-us",  # noqa: S106
        roles=SELLER_ROLES,
    ),
    SandboxAccount(
        label="seller-de",
        kind="seller",
        region="eu",
        marketplaces=("A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P"),
        refresh_token="Atzr|sandbox-seller-de",  # noqa: S106
        roles=SELLER_ROLES,
    ),
    SandboxAccount(
        label="seller-jp",
        kind="seller",
        region="fe",
        marketplaces=("A1VC38T7YXB528",),
        refresh_token="Atzr|sandbox-seller-jp",  # noqa: S106
        roles=SELLER_ROLES,
    ),
    SandboxAccount(
        label="seller-in",
        kind="seller",
        region="eu",
        marketplaces=("A21TJRUUN4KGV",),
        refresh_token="Atzr|sandbox-seller-in",  # noqa: S106
        roles=SELLER_ROLES,
    ),
    SandboxAccount(
        label="seller-us-unrestricted",
        kind="seller",
        region="na",
        marketplaces=("ATVPDKIKX0DER",),
        refresh_token="Atzr|sandbox-seller-us-unrestricted",  # noqa: S106
        roles=tuple(role for role in SELLER_ROLES if role not in RESTRICTED_ROLES),
    ),
    SandboxAccount(
        label="seller-us-no-role",
        kind="seller",
        region="na",
        marketplaces=("ATVPDKIKX0DER",),
        refresh_token="Atzr|sandbox-seller-us-no-role",  # noqa: S106
        roles=(),
    ),
)


def without(account: SandboxAccount, *roles: str) -> SandboxAccount:
    """An account like another one, but for some roles.

    Args:
        account: One with these roles.
        roles: What its twin lacks.

    Returns:
        An account with a label and a refresh token of its own: "seller-us-no-pricing".
    """
    lacks = "".join(f"-no-{role.lower().replace(' ', '-')}" for role in roles)
    return replace(
        account,
        label=account.label + lacks,
        refresh_token=account.refresh_token + lacks,
        roles=tuple(role for role in account.roles if role not in roles),
    )

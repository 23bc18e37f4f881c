"""The settings in Airbyte's form: the specification that its user interface is made from.

The tap's settings say only in words what belongs together: one account, several, advertising alone or files alone.
Airbyte can ask which first, so the settings of accounts are in an object, `credentials`, that has one form for each.
"""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.config.accounts import REQUIRED, SHARED
from tap_amazon_vendor.config.ads_accounts import ADS
from tap_amazon_vendor.config.settings_schema import SCHEMA

Json = dict[str, t.Any]

#: The setting that holds those of the accounts, and its setting that says which form it has.
CREDENTIALS, FORM = "credentials", "auth_type"

#: The page for users, on the site that pyproject.toml names.
DOCUMENTATION = "https://tap-amazon-vendor.github.io/tap-amazon-vendor/airbyte/"

#: Settings of one account.
_ACCOUNT = tuple(SCHEMA["properties"]["accounts"]["items"]["properties"])

#: Not asked for: only `amazon-vendor` uses them.
_COMPANION = {"application_id", "credentials_rotated_on"}


class Form(t.NamedTuple):
    """A form of the accounts' settings.

    Attributes:
        name: Its value of `FORM`.
        title: Its title.
        settings: The settings that it has, in their order.
        required: Those that must be set.
    """

    name: str
    title: str
    settings: tuple[str, ...]
    required: tuple[str, ...]


#: What can be connected.
FORMS = (
    Form("account", "One account", (*_ACCOUNT, "inbox"), REQUIRED),
    Form("accounts", "Several accounts", (*SHARED, ADS, "accounts", "inbox"), ("accounts",)),
    Form("ads", "Amazon Ads only", (ADS, "account", "marketplaces", "region"), (ADS,)),
    Form("inbox", "Report files only", ("inbox", "account", "account_type", "marketplaces"), ("inbox",)),
)


def specification() -> Json:
    """Return the connector's specification."""
    settings = SCHEMA["properties"]
    in_forms = {name for form in FORMS for name in form.settings}
    rest = [name for name in settings if name not in in_forms]
    forms = {
        "type": "object",
        "title": "Accounts",
        "description": "What to read: one account, several in one sync, advertising without sales, or report files "
        "without an account.",
        "order": 0,
        "oneOf": [_form(form) for form in FORMS],
    }
    return {
        "documentationUrl": DOCUMENTATION,
        "connectionSpecification": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Amazon Vendor Central, Seller Central and Ads",
            "type": "object",
            "required": [CREDENTIALS],
            "additionalProperties": True,
            "properties": {CREDENTIALS: forms, **_ordered(rest, settings, first=1)},
        },
        "supportsIncremental": True,
        "supported_destination_sync_modes": ["overwrite", "append", "append_dedup"],
        "protocol_version": "0.2.0",
    }


def to_settings(config: Json) -> Json:
    """Return the tap's settings.

    Args:
        config: Airbyte's configuration; the settings of the accounts may also be at the top level, as the tap has them.
    """
    accounts = config.get(CREDENTIALS)
    rest = {name: value for name, value in config.items() if name != CREDENTIALS or not isinstance(accounts, dict)}
    if not isinstance(accounts, dict):
        return rest
    return rest | {name: value for name, value in accounts.items() if name != FORM}


def _form(form: Form) -> Json:
    chosen = {"type": "string", "const": form.name, "default": form.name, "order": 0}
    return {
        "type": "object",
        "title": form.title,
        "required": [FORM, *form.required],
        "properties": {FORM: chosen, **_ordered(form.settings, SCHEMA["properties"], first=1)},
    }


def _ordered(names: t.Iterable[str], settings: Json, *, first: int) -> Json:
    shown = [name for name in names if name not in _COMPANION]
    return {name: {**_setting(settings[name]), "order": order} for order, name in enumerate(shown, first)}


def _setting(schema: Json) -> Json:
    """Return the schema of a setting, without the SDK's ways to say that it is optional and secret."""
    own = {name: value for name, value in schema.items() if name not in {"secret", "writeOnly", "additionalProperties"}}
    kinds = schema.get("type", [])
    if isinstance(kinds, list):
        (own["type"],) = (kind for kind in kinds if kind != "null")
    if "enum" in own:
        own["enum"] = [value for value in own["enum"] if value is not None]
    if own.get("format") == "date-time":
        own["format"] = "date"
    if schema.get("secret"):
        own["airbyte_secret"] = True
    if "items" in own:
        own["items"] = _setting(own["items"])
    if "properties" in own:
        required = set(own.pop("required", ()))
        own["properties"] = _ordered(own["properties"], own["properties"], first=0)
        if required:
            own["required"] = sorted(required & own["properties"].keys())
    return own

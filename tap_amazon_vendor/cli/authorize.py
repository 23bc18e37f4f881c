"""`amazon-vendor authorize`: ask a selling partner for consent and store the resulting refresh token."""

from __future__ import annotations

import random
import re
import secrets
import sys
import time
import typing as t
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import click

from tap_amazon_vendor.cli import config
from tap_amazon_vendor.output import escape_controls

if t.TYPE_CHECKING:
    from tap_amazon_vendor.amazon.consent import Consent, ConsentRequest
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.config.credential_store import Place
    from tap_amazon_vendor.config.redaction import Secret
    from tap_amazon_vendor.errors import ConsentError

    Some = t.TypeVar("Some", Account, AdsAccount)

#: Environment variable that the setting `refresh_token` is read from by default.
VARIABLE = "TAP_AMAZON_VENDOR_REFRESH_TOKEN"

#: The same for advertising, which the configuration has to refer to.
ADS_VARIABLE = "TAP_AMAZON_VENDOR_ADS_REFRESH_TOKEN"

#: Settings that are required before there is a refresh token.
REQUIRED = ("client_id", "client_secret", "application_id", "marketplaces")

#: Addresses that may be pasted before the command gives up: a code is valid for 5 minutes.
TRIES = 5


@click.command("authorize")
@config.option
@click.option("--ads", is_flag=True, help="Ask for consent to read advertising, with the application in `ads`.")
@click.option("--account", "label", help="Label of the account, if the configuration lists several.")
@click.option(
    "--store",
    required=True,
    type=click.Choice(["env", "keyring", "stdout"]),
    help="Where the refresh token goes: a .env file, the system's keyring, or standard output.",
)
@click.option(
    "--env-file",
    default=".env",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for `--store env`. Its other lines stay; only you can read it afterwards.",
)
@click.option("--application-id", help="Overrides the setting application_id (amzn1.sp.solution.…).")
@click.option("--draft", is_flag=True, help="The application is a draft: it is not published yet.")
@click.option(
    "--redirect-uri",
    default="http://localhost:8643/callback",
    show_default=True,
    help="A redirect URI that the application has registered. If it is not on this computer, you paste the address.",
)
@click.option(
    "--no-browser",
    is_flag=True,
    help="Do not open a browser or listen: you paste the address where the browser ended up.",
)
@click.option("--central-url", help="Overrides the address of Vendor Central or Seller Central.")
@click.option(
    "--wait-minutes",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How long to wait for the consent.",
)
def command(  # noqa: PLR0913 - one parameter per option
    *,
    files: tuple[str, ...],
    ads: bool,
    label: str | None,
    store: str,
    env_file: Path,
    application_id: str | None,
    draft: bool,
    redirect_uri: str,
    no_browser: bool,
    central_url: str | None,
    wait_minutes: float,
) -> None:
    """Authorize your application to read an account.

    Opens Amazon's consent page, where somebody who administers the account confirms,
    takes the answer and stores the refresh token. Everything but the token of
    `--store stdout` is written to standard error, and no secret is ever shown.
    """
    from tap_amazon_vendor.amazon.auth import exchange_code  # noqa: PLC0415
    from tap_amazon_vendor.amazon.consent import AdsConsentRequest, ConsentRequest  # noqa: PLC0415
    from tap_amazon_vendor.amazon.transport import Transport  # noqa: PLC0415
    from tap_amazon_vendor.clock import SystemClock  # noqa: PLC0415
    from tap_amazon_vendor.config.accounts import is_local, is_safe  # noqa: PLC0415 - commands start fast
    from tap_amazon_vendor.config.ads_accounts import AdsAccount  # noqa: PLC0415
    from tap_amazon_vendor.config.credential_store import VaultError  # noqa: PLC0415
    from tap_amazon_vendor.config.redaction import Redactor  # noqa: PLC0415
    from tap_amazon_vendor.errors import AmazonError  # noqa: PLC0415

    for name, url in (("--redirect-uri", redirect_uri), ("--central-url", central_url)):
        if url and not is_safe(url):
            message = "must be a URL that starts with https:// (http:// for this computer only)"
            raise click.BadParameter(message, param_hint=name)
    settings = _read(files, application_id)
    account, entry = _choose_ads(settings, label) if ads else _choose(settings, label)
    central = (central_url or _central(account)).rstrip("/")
    state = secrets.token_urlsafe(32)
    request = (
        AdsConsentRequest(central, account.client_id, redirect_uri, state)
        if isinstance(account, AdsAccount)
        else ConsentRequest(central, account.application_id, redirect_uri, state, draft)
    )
    try:
        setting = str(entry.get("refresh_token") or "")
        place = _place(store, env_file, account, setting, several=bool(settings.get("accounts")))
        place.check()
        listen = is_local(redirect_uri) and not no_browser
        consent = _ask(request, seconds=wait_minutes * 60, open_browser=not no_browser, listen=listen)
        click.echo("Amazon sent a code. Exchanging it for a refresh token ...", err=True)
        rng = random.Random()  # noqa: S311 - jitter is no secret
        transport = Transport(clock=SystemClock(), sleep=time.sleep, rng=rng)
        place.keep(exchange_code(account, consent.code, redirect_uri, transport))
    except (AmazonError, VaultError) as error:
        raise click.ClickException(escape_controls(Redactor([account.client_secret]).redact(str(error)))) from None
    countries = ", ".join(marketplace.country for marketplace in account.marketplaces) or "all marketplaces"
    who = {"vendor": "vendor group", "seller": "seller"}.get(account.kind, "advertiser")
    name = f"{who} {consent.selling_partner_id}".strip()
    click.echo(f"{name} has authorized account {account.label!r} ({countries}).", err=True)
    click.echo(f"{_how_to_use(place, entry)}\nCheck what it allows: amazon-vendor doctor", err=True)


class StandardOutput:
    """Standard output, which gets the refresh token and nothing else."""

    reference = ""

    def check(self) -> None:
        """Do nothing: standard output always exists."""

    def keep(self, secret: Secret) -> None:
        """Write the secret."""
        click.echo(secret.reveal())


def _read(files: tuple[str, ...], application_id: str | None) -> dict[str, t.Any]:
    settings, problems = config.read(files)
    if problems:
        raise click.ClickException("\n".join(problems))
    if application_id:
        for entry in (settings, *settings.get("accounts", ())):
            entry["application_id"] = application_id
    return settings


def _choose(settings: dict[str, t.Any], label: str | None) -> tuple[Account, dict[str, t.Any]]:
    """Return the account to authorize, without a refresh token, and its entry in the configuration."""
    from tap_amazon_vendor.config.accounts import read_accounts  # noqa: PLC0415

    problems: list[str] = []
    accounts = read_accounts(settings, problems, REQUIRED)
    if problems:
        raise click.ClickException("\n".join(problems))
    entries = settings.get("accounts") or [settings]
    return _only([*zip(accounts, entries, strict=True)], label)


def _choose_ads(settings: dict[str, t.Any], label: str | None) -> tuple[AdsAccount, dict[str, t.Any]]:
    """Return the consent for advertising to ask for, without a refresh token, and its setting `ads`."""
    from tap_amazon_vendor.config.ads_accounts import ADS, REQUIRED, read_ads_accounts  # noqa: PLC0415

    problems: list[str] = []
    accounts = read_ads_accounts(settings, problems, [name for name in REQUIRED if name != "refresh_token"])
    if not accounts:
        problems.append(f"`{ADS}` is missing: an object with `client_id` and `client_secret`")
    if problems:
        raise click.ClickException("\n".join(problems))
    own = {entry.get("account", "default"): entry.get(ADS) for entry in settings.get("accounts") or [settings]}
    return _only([(account, own.get(account.label) or settings.get(ADS) or {}) for account in accounts], label)


def _only(accounts: list[tuple[Some, dict[str, t.Any]]], label: str | None) -> tuple[Some, dict[str, t.Any]]:
    """Return the one account of a label, or the only one."""
    chosen = [pair for pair in accounts if label in {None, pair[0].label}]
    if len(chosen) != 1:
        labels = ", ".join(account.label for account, _ in accounts)
        message = f"name one of the configured accounts: {labels}"
        raise click.BadParameter(message, param_hint="--account")
    return chosen[0]


def _central(account: Account | AdsAccount) -> str:
    """Return where the account gives its consent."""
    from tap_amazon_vendor.config.accounts import is_local  # noqa: PLC0415
    from tap_amazon_vendor.config.ads_accounts import CONSENT_PAGES, AdsAccount  # noqa: PLC0415

    if isinstance(account, AdsAccount):
        parts = urlsplit(account.api_url)
        return f"{parts.scheme}://{parts.netloc}" if is_local(account.api_url) else CONSENT_PAGES[account.region]
    return account.api_url if is_local(account.api_url) else account.marketplaces[0].central(account.kind)


def _place(store: str, env_file: Path, account: Account | AdsAccount, setting: str, *, several: bool) -> Place:
    """Return where the refresh token goes: where the setting `refresh_token` points, if that matches `store`."""
    from tap_amazon_vendor.config.credential_store import ENVIRONMENT, KEYRING, SERVICE, EnvFile, KeyringEntry  # noqa: PLC0415

    if store == "env":
        base = ADS_VARIABLE if account.kind == "ads" else VARIABLE
        own = f"{base}_{re.sub(r'[^A-Za-z0-9]+', '_', account.label).upper()}" if several else base
        return EnvFile(env_file, setting.removeprefix(ENVIRONMENT) if setting.startswith(ENVIRONMENT) else own)
    if store == "keyring":
        name = f"{account.label}-ads" if account.kind == "ads" else account.label
        return KeyringEntry.of(setting) if setting.startswith(KEYRING) else KeyringEntry(SERVICE, name)
    return StandardOutput()


def _ask(request: ConsentRequest, *, seconds: float, open_browser: bool, listen: bool) -> Consent:
    """Send the user to Amazon's consent page and wait for the answer.

    Raises:
        ConsentError: It did not arrive, was a refusal, or belongs to another request.
    """
    from tap_amazon_vendor.amazon.consent import receiving  # noqa: PLC0415

    click.echo(f"An administrator of the account gives consent on this page:\n\n{request.url}\n", err=True)
    if not listen:
        if open_browser:
            webbrowser.open(request.url)
        return _paste(request)
    try:
        with receiving(request) as receiver:
            if webbrowser.open(request.url):
                click.echo(f"Waiting for the answer at {request.redirect_uri} (Ctrl-C stops) ...", err=True)
                return receiver.wait(seconds)
    except OSError as error:
        message = (
            f"Cannot listen at {request.redirect_uri}: {error.strerror}. Use another --redirect-uri that the "
            "application has registered, or --no-browser"
        )
        raise click.ClickException(message) from None
    click.echo("No browser could be opened: open the page in any browser, on any computer.", err=True)
    return _paste(request)


def _paste(request: ConsentRequest) -> Consent:
    """Ask the user for the address, again if it is the wrong one.

    Raises:
        ConsentError: The consent was refused, or none of the addresses is the answer.
    """
    from tap_amazon_vendor.amazon.consent import WrongAddressError, read_answer  # noqa: PLC0415
    from tap_amazon_vendor.errors import ConsentError  # noqa: PLC0415

    click.echo(
        "After the consent, the browser goes to an address that begins with\n"
        f"{request.redirect_uri} (it is fine if the page does not load).",
        err=True,
    )
    problem: ConsentError | None = None
    for _ in range(TRIES):
        pasted = _next_line(problem)
        if not pasted:
            break
        try:
            return read_answer(pasted, request)
        except WrongAddressError as error:
            problem = error
    raise problem or ConsentError("No address was pasted")


def _next_line(problem: ConsentError | None) -> str:
    """Ask for a line, without echo on a terminal, because it holds a code.

    Args:
        problem: What was wrong with the previous one.

    Returns:
        The line with its line break; empty at the end of input.
    """
    again = f"{problem}. Try again (Ctrl-C stops)." if problem else ""
    prompt = "Paste the whole address here"
    if sys.stdin.isatty():
        if again:
            click.echo(again, err=True)
        words = f"{prompt} (it is not shown)"
        return f"{click.prompt(words, default='', show_default=False, hide_input=True, err=True)}\n"
    if not problem:
        click.echo(f"{prompt}:", err=True)
    line = sys.stdin.readline()
    if again and line:
        click.echo(again, err=True)
    return line


def _how_to_use(place: Place, entry: dict[str, t.Any]) -> str:
    """Describe where the refresh token is, and how the tap gets it from there."""
    from tap_amazon_vendor.config.credential_store import EnvFile  # noqa: PLC0415

    if isinstance(place, StandardOutput):
        return "The refresh token is written to standard output."
    if isinstance(place, EnvFile):
        where = f"The refresh token is in {place.path}, as {place.name}"
        if place.name == VARIABLE:
            return f"{where}: Meltano finds it there, and so does the tap with --config ENV."
    else:
        where = "The refresh token is in the keyring"
    if place.reference == entry.get("refresh_token"):
        return f"{where}, where the setting `refresh_token` looks for it."
    return f'{where}. Set "refresh_token": "{place.reference}" in the configuration of the account.'

"""`amazon-vendor doctor`: find out what blocks an account, and what to do about it."""

from __future__ import annotations

import json
import random
import time
import typing as t
from datetime import datetime, timezone
from functools import partial

import click

from tap_amazon_vendor.cli import config
from tap_amazon_vendor.cli.screen import GAP, console, plain_table, printable, say
from tap_amazon_vendor.output import escape_controls

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.doctor.result import Check, Diagnosis, Permission, State

#: Terminal styles by state.
STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim"}

#: Text for the state of a permission.
PERMISSIONS = {"ok": "allowed", "warning": "doubtful", "failed": "missing", "unknown": "unknown until the first run"}

#: The two states that are shown of a permission.
COLUMNS = ("API authorization", "User permission")

CAPTION = "Amazon requires both. Only a run shows whether the user may see the data."

#: In place of the roles where Amazon names none.
NOT_DOCUMENTED = "not documented"


@click.command("doctor")
@config.option
@click.option("--account", "label", help="Check only the account with this label.")
@click.option(
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json"]),
    help="For people, or for scripts.",
)
@click.pass_context
def command(context: click.Context, *, files: tuple[str, ...], label: str | None, form: str) -> None:
    """Check settings, login, region and the role of every stream.

    Asks for no report and no query. The exit code is 0 if everything selected can be read as far as
    Amazon tells, and 1 if something stands in the way.
    """
    settings, problems = _read(files)
    accounts: tuple[Account | AdsAccount, ...] = (*settings.accounts, *settings.ads) if settings else ()
    notes = _notes(settings) if settings else []
    if label is not None and not problems:
        accounts = tuple(account for account in accounts if account.label == label)
        if not accounts:
            message = "no account in the configuration has that label"
            raise click.BadParameter(message, param_hint="--account")
    diagnoses: list[Diagnosis] = []
    if form == "table":
        screen = console()
        show_settings(screen, accounts, problems)
        for note in notes:
            say(screen, f"  {note}")
    for account in accounts:
        diagnoses.append(_diagnose(account))
        if form == "table":
            _show(screen, diagnoses[-1])
    ok = not problems and all(diagnosis.ok for diagnosis in diagnoses)
    if form == "json":
        content = {
            "ok": ok,
            "problems": problems,
            "notes": notes,
            "accounts": [_as_json(diagnosis) for diagnosis in diagnoses],
        }
        click.echo(json.dumps(content, indent=2))
    context.exit(0 if ok else 1)


def _read(files: tuple[str, ...]) -> tuple[Settings | None, list[str]]:
    """Return the settings, or the problems with them."""
    from singer_sdk.exceptions import ConfigValidationError  # noqa: PLC0415 - commands start fast

    from tap_amazon_vendor.config.settings import read_settings  # noqa: PLC0415

    settings, problems = config.read(files)
    if problems:
        return None, problems
    try:
        return read_settings(settings, _now().date()), []
    except ConfigValidationError as error:
        return None, list(error.errors)


def _notes(settings: Settings) -> list[str]:
    """List what others can read or change, and the streams that the settings leave without any partition."""
    from tap_amazon_vendor.config.exposure import exposures  # noqa: PLC0415 - commands start fast
    from tap_amazon_vendor.streams import left_out  # noqa: PLC0415

    return [*exposures(settings.inbox), *left_out(settings)]


def _diagnose(account: Account | AdsAccount) -> Diagnosis:
    from tap_amazon_vendor.ads.consent import Consents  # noqa: PLC0415
    from tap_amazon_vendor.amazon.client import SellingPartnerApi  # noqa: PLC0415
    from tap_amazon_vendor.amazon.transport import Transport  # noqa: PLC0415
    from tap_amazon_vendor.config.ads_accounts import AdsAccount  # noqa: PLC0415
    from tap_amazon_vendor.doctor.advertising import check_advertising  # noqa: PLC0415
    from tap_amazon_vendor.doctor.diagnosis import check_account  # noqa: PLC0415 - commands start fast
    from tap_amazon_vendor.streams import GROUPS  # noqa: PLC0415

    again = partial(_sleep, "before trying again")
    quota = partial(_sleep, "for Amazon's quota")
    transport = Transport(clock=_now, sleep=again, rng=random.Random())  # noqa: S311 - jitter is no secret
    if isinstance(account, AdsAccount):
        return check_advertising(account, Consents([account], transport=transport, clock=_now, sleep=quota))
    return check_account(account, GROUPS, SellingPartnerApi.of(account, transport, _now, quota), _now().date())


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _sleep(reason: str, seconds: float) -> None:
    """Wait, and tell the user why."""
    click.echo(f"Waiting {seconds:.0f} s {reason} ...", err=True)
    time.sleep(seconds)


def _as_json(diagnosis: Diagnosis) -> dict[str, t.Any]:
    account = diagnosis.account
    return {
        "account": account.label,
        "account_type": account.kind,
        "marketplaces": [place.country for place in account.marketplaces],
        "ok": diagnosis.ok,
        "checks": [
            {"name": check.name, "state": check.state.value, "text": check.text, "steps": check.steps}
            for check in diagnosis.checks
        ],
        "permissions": [
            {
                "group": permission.group,
                "roles": permission.roles,
                "streams": permission.streams,
                "api_authorization": permission.authorized.value,
                "user_permission": permission.permitted.value,
                "text": permission.text,
                "steps": permission.steps,
                "request": permission.request,
            }
            for permission in diagnosis.permissions
        ],
    }


def show_settings(screen: Console, accounts: Sequence[Account | AdsAccount], problems: Sequence[str]) -> None:
    """Print the problems with the settings, or that they are OK."""
    from tap_amazon_vendor.doctor.result import Check, State  # noqa: PLC0415 - commands start fast

    if not problems:
        labels = (
            ", ".join(dict.fromkeys(printable(account.label) for account in accounts)) or "none, there is only an inbox"
        )
        text = f"no problem found; accounts: {labels}"
        _show_check(screen, Check("settings", State.OK, text))
    for problem in problems:
        _show_check(screen, Check("settings", State.FAILED, problem))


def _show(screen: Console, diagnosis: Diagnosis) -> None:
    """Print what was found out about an account."""
    from rich.text import Text  # noqa: PLC0415 - commands start fast

    from tap_amazon_vendor.doctor import advice  # noqa: PLC0415

    account = diagnosis.account
    screen.print()
    title = f"{printable(account.label)}: {account.kind}, {advice.countries(account)}"
    say(screen, Text(title, "bold"))
    for check in diagnosis.checks:
        _show_check(screen, check)
    if not diagnosis.permissions:
        return
    if screen.is_terminal:
        screen.print(_table(diagnosis.permissions))
    else:
        for line in _plain(diagnosis.permissions):
            say(screen, line)
    for same in diagnosis.remedies:
        groups = ", ".join(dict.fromkeys(advice.user_permission(permission.group) for permission in same))
        say(screen, f"\n{groups}: {same[0].text}", style="bold")
        _show_steps(screen, same[0].steps)
        if same[0].request:
            say(screen, "  Send this to the administrator of the account:")
            say(screen, f"  {same[0].request}", style="italic")


def _show_check(screen: Console, check: Check) -> None:
    from rich.text import Text  # noqa: PLC0415 - commands start fast

    say(screen, Text.assemble(_mark(check.state), " ", (check.name, "bold"), f": {escape_controls(check.text)}"))
    _show_steps(screen, check.steps)


def _show_steps(screen: Console, steps: Sequence[str]) -> None:
    for number, step in enumerate(steps, 1):
        say(screen, f"  {number}. {step}")


def _table(permissions: Sequence[Permission]) -> Table:
    """List streams below their group and its roles, so that the table fits a terminal of 80 columns."""
    from rich.console import Group  # noqa: PLC0415 - commands start fast
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from tap_amazon_vendor.doctor import advice  # noqa: PLC0415

    table = Table("", *COLUMNS, box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    table.caption, table.caption_justify = CAPTION, "left"
    for column in table.columns[1:]:
        column.no_wrap = True
    for permission in permissions:
        if table.row_count:
            table.add_row()
        about = (Text(_roles(permission), "dim"), *map(Text, permission.streams))
        table.add_row(
            Group(
                Text(advice.user_permission(permission.group), "bold"),
                *(Padding(line, (0, 0, 0, GAP)) for line in about),
            ),
            # In two lines, so that names of streams are whole.
            *(Text(words.replace(" until ", " until\n"), STYLES[state.value]) for state, words in _states(permission)),
        )
    return table


def _plain(permissions: Sequence[Permission]) -> Iterator[str]:
    """Format the same for a file or a pipe."""
    from tap_amazon_vendor.doctor import advice  # noqa: PLC0415 - commands start fast

    yield from plain_table(
        ("Group", *COLUMNS, "Role (any one)", "Streams"),
        (
            (
                advice.user_permission(permission.group),
                *(words for _, words in _states(permission)),
                ", ".join(permission.roles) or NOT_DOCUMENTED,
                ", ".join(permission.streams),
            )
            for permission in permissions
        ),
    )
    yield CAPTION


def _states(permission: Permission) -> Iterator[tuple[State, str]]:
    for state in (permission.authorized, permission.permitted):
        yield state, PERMISSIONS[state.value]


def _roles(permission: Permission) -> str:
    words = ", ".join(permission.roles) or NOT_DOCUMENTED
    return f"any one role of: {words}" if len(permission.roles) > 1 else f"role: {words}"


def _mark(state: State) -> Text:
    from rich.text import Text  # noqa: PLC0415 - commands start fast

    return Text(state.value, STYLES[state.value])

"""`amazon-vendor sandbox`: run the local Amazon until it is stopped."""

from __future__ import annotations

import errno
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

    from amazon_sandbox import Call


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option(
    "--port",
    default=8642,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Listen here; 0 picks a free port.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the made-up figures.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Quotas refill and reports are made this many times faster.",
)
@click.option(
    "--asins",
    default=40,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of ASINs of each account.",
)
@click.option(
    "--search-terms",
    default=200,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of terms in each search terms report, about three rows a term.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:COUNT][@SKIP]",
    help="Let something go wrong COUNT times (1; * for ever) after SKIP calls. Repeatable.",
)
@click.option(
    "--token-seconds",
    default=3600.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Lifetime of an access token.",
)
@click.option(
    "--url-seconds",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Lifetime of a document's URL.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the URL into this file once the sandbox listens.",
)
@click.option("--list-faults", is_flag=True, help="List what can go wrong, and exit.")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    host: str,
    port: int,
    seed: int,
    speed: float,
    asins: int,
    search_terms: int,
    faults: tuple[str, ...],
    token_seconds: float,
    url_seconds: float,
    ready_file: Path | None,
    list_faults: bool,
) -> None:
    """Run a local Amazon with made-up figures.

    It speaks Login with Amazon, the Reports API, Data Kiosk and the vendor APIs, serves the documents, keeps
    Amazon's quotas, and fails in Amazon's ways when asked to.
    """
    try:
        from amazon_sandbox import (  # noqa: PLC0415 - an optional extra
            FAULTS,
            Sandbox,
            UnknownFaultError,
            running,
        )
        from amazon_sandbox.pages import settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "werkzeug":
            raise
        message = "The sandbox needs Werkzeug: pip install 'tap-amazon-vendor[sandbox]'"
        raise click.ClickException(message) from None
    if list_faults:
        width = max(map(len, FAULTS))
        for name, description in FAULTS.items():
            click.echo(f"{name:<{width}}  {description}")
        return
    try:
        amazon = Sandbox(
            seed=seed,
            speed=speed,
            asins=asins,
            search_terms=search_terms,
            faults=faults,
            token_seconds=token_seconds,
            url_seconds=url_seconds,
            on_call=_log,
        )
    except UnknownFaultError as error:
        raise click.ClickException(str(error)) from None
    stop = _stop_on_signals()
    try:
        with running(amazon, host, port) as server:
            click.echo(f"The sandbox listens at {server.url} (Ctrl-C stops it).\n")
            click.echo(settings(amazon, server.url) + "\n")
            if ready_file is not None:
                ready_file.write_text(server.url, encoding="utf-8")
            # With a timeout, because an unlimited wait blocks Ctrl-C on Windows.
            while not stop.wait(1):
                pass
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        why = "the port is in use; --port 0 picks a free one" if in_use else error
        message = f"Cannot listen at {host}:{port}: {why}"
        raise click.ClickException(message) from None
    click.echo("The sandbox has stopped.")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop


def _log(call: Call) -> None:
    """Write one line per call; a call whose connection was dropped has no status."""
    parts = (f"{call.at:%H:%M:%S}", call.account or "-", call.operation)
    click.echo(" ".join((*parts, str(call.status or "hung-up"))))

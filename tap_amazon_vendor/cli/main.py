"""The companion command `amazon-vendor`: what a person does around the tap.

Importing this package must stay cheap: a command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from tap_amazon_vendor.cli import authorize, comments, coverage, doctor, plan, sandbox, tables
from tap_amazon_vendor.cli.screen import Companion


@click.group(name="amazon-vendor", cls=Companion, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tap-amazon-vendor")
def cli() -> None:
    """Companion of tap-amazon-vendor."""


for module in (authorize, comments, coverage, doctor, plan, sandbox, tables):
    cli.add_command(module.command)

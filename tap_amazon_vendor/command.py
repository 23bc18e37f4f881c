"""The command line of the tap: errors that the user has to fix are one message, not a traceback."""

from __future__ import annotations

import io
import json
import sys
import typing as t

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import SingerCommand

from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.output import calm_output
from tap_amazon_vendor.streams.partition_state import partition_key

if t.TYPE_CHECKING:
    from singer_sdk import Tap


class JsonFile(click.File):
    """A file given on the command line that must be JSON."""

    def convert(
        self,
        value: t.Any,  # noqa: ANN401  # as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> t.Any:  # noqa: ANN401
        """Read the file and check it."""
        try:
            text = super().convert(value, param, ctx).read()
            check_shape(json.loads(text))
        except (ValueError, RecursionError) as error:
            self.fail(f"invalid JSON for this option: {error}", param, ctx)
        return io.StringIO(text)


def check_shape(content: t.Any) -> None:  # noqa: ANN401  # any JSON
    """Reject a state or catalog on which the SDK would crash.

    Raises:
        ValueError: It is not an object, or its bookmarks are invalid.
    """
    bookmarks = content.get("bookmarks", {}) if isinstance(content, dict) else None
    if not isinstance(bookmarks, dict):
        msg = "an object with an object `bookmarks` at most"
        raise ValueError(msg)  # noqa: TRY004  # for click it is a matter of the value
    for name, bookmark in bookmarks.items():
        parts = bookmark.get("partitions", []) if isinstance(bookmark, dict) else None
        if not isinstance(parts, list) or not all(
            isinstance(part, dict) and isinstance(part.get("context"), dict) for part in parts
        ):
            msg = f"the bookmark of {name} is damaged"
            raise ValueError(msg)
        if len({partition_key(part["context"]) for part in parts}) < len(parts):
            msg = f"the bookmark of {name} has a partition twice"
            raise ValueError(msg)


class TapCommand(SingerCommand):
    """The command line: errors that the user has to fix are one message, not a traceback."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:  # noqa: ANN401
        """Run the command."""
        try:
            with calm_output():
                return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            for problem in error.errors:
                self.logger.error(problem)  # noqa: TRY400
        except SingerSDKError as error:
            # Ours, and the SDK's for stream maps and catalogs.
            self.logger.error(error)  # noqa: TRY400
        sys.exit(1)


def with_checked_files(command: click.Command, logger: t.Any) -> TapCommand:  # noqa: ANN401  # the SDK's
    """Return the SDK's command with checked state and catalog files, and with our error handling."""
    for param in command.params:
        if param.name in {"state", "catalog"}:
            param.type = JsonFile()
    return TapCommand(
        name=command.name,
        callback=command.callback,
        context_settings=command.context_settings,
        params=command.params,
        help=command.help,
        logger=logger,
    )


def check_environment(tap: type[Tap]) -> None:
    """Reject environment variables that can't be parsed, which would make the SDK end with a traceback.

    Raises:
        ConfigValidationError: One of them is not of its setting's type.
    """
    try:
        _ = tap._env_var_config  # noqa: SLF001  # what the SDK is about to read
    except ValueError as error:
        message = "Config validation failed"
        problem = f"an environment variable TAP_AMAZON_VENDOR_… can't be read: {error}"
        raise ConfigValidationError(message, errors=[problem], schema=SCHEMA) from None

"""The configuration of a command: the tap's own, read as the tap reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

#: Stands for the environment among the files, as in the tap's `--config`.
ENVIRONMENT = "ENV"

option = click.option(
    "--config",
    "files",
    multiple=True,
    metavar="FILE",
    help="The tap's configuration, a JSON file; ENV for the environment. Repeatable. Default: ENV.",
)


def read(files: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """Read and check the configuration.

    The variables of a ``.env`` in the current folder count too, and take precedence, as in the SDK. (The SDK searches
    upwards from its own folder, which finds a project's only if its virtual environment lies inside.)

    Args:
        files: Paths, and ``ENV`` for the environment; empty means ``ENV``.

    Returns:
        The settings with their defaults, and a message for each that the tap would reject.

    Raises:
        click.BadParameter: A file can't be read.
    """
    from dotenv import load_dotenv  # noqa: PLC0415  # commands are to start fast
    from singer_sdk.exceptions import ConfigValidationError  # noqa: PLC0415

    from tap_amazon_vendor.command import check_environment  # noqa: PLC0415
    from tap_amazon_vendor.config.redaction import keep_out_of_logs  # noqa: PLC0415
    from tap_amazon_vendor.config.settings import check_settings, secrets_in  # noqa: PLC0415
    from tap_amazon_vendor.tap import TapAmazonVendor  # noqa: PLC0415

    if Path(".env").is_file():
        load_dotenv(Path(".env"), override=True)
    config: dict[str, Any] = {}
    for file in files:
        if file != ENVIRONMENT:
            config.update(_read_file(Path(file)))
    if not files or ENVIRONMENT in files:
        try:
            check_environment(TapAmazonVendor)
        except ConfigValidationError as error:
            return config, list(error.errors)
        config.update(TapAmazonVendor._env_var_config)  # noqa: SLF001  # as the SDK itself does
    keep_out_of_logs(secrets_in(config))
    schema = TapAmazonVendor.config_jsonschema
    TapAmazonVendor.append_builtin_config(schema)
    return config, check_settings(schema, config)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{path}: {error.strerror}"
    except ValueError as error:
        problem = f"{path} is not JSON: {error}"
    else:
        if isinstance(content, dict):
            return content
        problem = f"{path} is not a JSON object"
    raise click.BadParameter(problem, param_hint="--config")

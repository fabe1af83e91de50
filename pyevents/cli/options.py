"""The options that several commands know, each said once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

__all__ = [
    "Command",
    "agreed",
    "catalog_option",
    "folder_options",
    "format_option",
    "registry_option",
    "schemas_option",
    "servers_option",
    "together",
    "version_option",
    "yes_option",
]

Command = Callable[..., None]

catalog_option = click.option(
    "--catalog", default="pyevents.events", show_default=True, help="Generated package with the contracts."
)
format_option = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
registry_option = click.option("--registry", "url", help="Default: SCHEMA_REGISTRY_URL.")
schemas_option = click.option(
    "--schemas", type=click.Path(path_type=Path, file_okay=False), default="schemas", show_default=True
)
servers_option = click.option("--bootstrap-servers", help="Default: KAFKA_BOOTSTRAP_SERVERS, then kafka:9092.")
version_option = click.option("--version", "number", help="MAJOR.MINOR; default is the newest of the current major.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def agreed(question: str) -> bool:
    """Ask a person what `--yes` would answer.

    Raises:
        click.UsageError: Nobody is there to be asked, as in a pipeline.
    """
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody is there to be asked: add --yes") from None


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return several options as one, in the order in which help shows them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


folder_options = together(
    schemas_option,
    click.option("--package", default="pyevents.events", show_default=True, help="Generated package."),
    click.option(
        "--root", type=click.Path(path_type=Path), default=".", help="Folder that the package's name starts from."
    ),
    click.option(
        "--topics-script", type=click.Path(path_type=Path), default="docker/kafka/create-topics.sh", show_default=True
    ),
)
"""Where contracts and generated files are."""

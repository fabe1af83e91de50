"""How commands reach a registry: URL, who we are, and how long to try."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from pyevents.cli.options import Command, together
from pyevents.registry.client import HttpRegistry
from pyevents.registry.settings import read_properties

__all__ = ["connection"]


def connection(command: Command) -> Command:
    """Add how the registry is reached; the command is given it as `registry`."""

    @functools.wraps(command)
    def connected(url: str | None, config: Path | None, timeout: float, retries: int, **rest: Any) -> None:
        properties = read_properties(config) if config else None
        command(registry=HttpRegistry(url, properties=properties, timeout=timeout, retries=retries), **rest)

    return together(
        click.option("--registry", "url", help="Several, separated by commas, in turn. Default: SCHEMA_REGISTRY_URL."),
        click.option(
            "--registry-config",
            "config",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="File of name=value: users, tokens, certificates. Default: SCHEMA_REGISTRY_….",
        ),
        click.option("--timeout", default=10.0, show_default=True, help="Seconds for one question."),
        click.option("--retries", default=3, show_default=True, help="Of a question without an answer, with backoff."),
    )(connected)

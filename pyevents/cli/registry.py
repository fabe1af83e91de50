"""`registry apply`: the contracts' schemas into the registry, oldest version first."""

from __future__ import annotations

import click

from pyevents.catalog import load
from pyevents.cli.contracts import catalog_option
from pyevents.registry import HttpRegistry, Schema

__all__ = ["registry_command"]


@click.group("registry")
def registry_command() -> None:
    """Manage the schema registry."""


@registry_command.command("apply")
@click.option("--registry", "url", help="Default: SCHEMA_REGISTRY_URL.")
@catalog_option
def apply_command(url: str | None, catalog: str) -> None:
    """Set every subject's compatibility and register every version; what is there already stays as it is."""
    registry = HttpRegistry(url)
    subjects = 0
    for contract in load(catalog).catalog.contracts:
        for major in contract.majors:
            registry.set_compatibility(major.subject, contract.registry_compatibility)
            for version in major.versions:
                found = registry.register(major.subject, Schema(version.format, version.schema))
                click.echo(f"{found:>6}  {major.subject} {version.number}")
            subjects += 1
    click.echo(f"{subjects} subjects are as the contracts say")

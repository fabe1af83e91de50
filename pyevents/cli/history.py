"""`release`, `diff`: freezing versions, and what changed from one to another."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pyevents.cli.options import schemas_option
from pyevents.errors import UnknownEventType

__all__ = ["diff_command", "release_command"]


@click.command("release")
@schemas_option
def release_command(schemas: Path) -> None:
    """Freeze every version that is not released yet: from then on `check` refuses to see it changed."""
    from pyevents_codegen.release import release

    done = release(schemas)
    for notice in done.notices:
        click.echo(str(notice), err=True)
    for event_type, numbers in done.versions.items():
        click.echo(f"released {event_type} {', '.join(numbers)}")
    count = sum(map(len, done.versions.values()))
    click.echo(f"{count} released; commit {schemas.as_posix()}/released.lock" if count else "nothing new to release")


@click.command("diff")
@click.argument("event_type", metavar="TYPE")
@click.argument("older", metavar="V1")
@click.argument("newer", metavar="V2")
@schemas_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def diff_command(event_type: str, older: str, newer: str, schemas: Path, form: str) -> None:
    """Show field by field what changed in TYPE from V1 to V2, who can read whom, and who deploys first."""
    from pyevents_codegen.history.comparison import compare
    from pyevents_codegen.load import load_folder

    folder = load_folder(schemas)
    contracts = {contract.event_type: contract for contract in folder.contracts}
    if event_type not in contracts:
        raise UnknownEventType(event_type, contracts)
    found = compare(folder, contracts[event_type], older, newer)
    if form == "json":
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        return
    for change in found.changes:
        click.echo(f"  {change}")
    if not found.changes:
        click.echo("  no field changed")
    for reading in found.readings:
        click.echo(reading)
    click.echo(f"deploy {found.rollout}")

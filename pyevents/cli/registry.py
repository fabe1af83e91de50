"""`registry plan|apply|drift|export|import`: the registry as the contracts say, and contracts from a registry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from pyevents.catalog import load
from pyevents.cli.adoption import export_command, import_command
from pyevents.cli.connection import connection
from pyevents.cli.options import agreed, catalog_option, format_option, yes_option
from pyevents.cli.progress import count, counted
from pyevents.registry.apply import Done, apply
from pyevents.registry.client import HttpRegistry, Schema
from pyevents.registry.plan import Action, Judge, drift, pending, plan
from pyevents.registry.state import read_state

__all__ = ["registry_command"]

_COLOURS = {"create": "green", "add": "green", "settings": "yellow", "refused": "red", "differs": "red"}


@click.group("registry")
def registry_command() -> None:
    """Bring the schema registry to what the contracts say, and see what somebody else changed there."""


registry_command.add_command(export_command)
registry_command.add_command(import_command)


@registry_command.command("plan")
@connection
@catalog_option
@format_option
@click.option("--exit-code", is_flag=True, help="End with 3 where something is to be done.")
@click.option("--all", "everything", is_flag=True, help="Show what stays as it is, too.")
def plan_command(registry: HttpRegistry, catalog: str, form: str, exit_code: bool, everything: bool) -> None:
    """Say what `apply` would do, and what the registry would refuse; change nothing."""
    actions = _planned(registry, catalog)
    _show(registry, actions, form, everything)
    _end_with_findings(actions)
    if exit_code and pending(actions):
        raise click.exceptions.Exit(3)


@registry_command.command("apply")
@connection
@catalog_option
@format_option
@yes_option
def apply_command(registry: HttpRegistry, catalog: str, form: str, yes: bool) -> None:
    """Do what `plan` shows: settings first, then versions in their order. What is there already stays as it is."""
    actions = _planned(registry, catalog)
    to_do = pending(actions)
    if form == "text":
        _show(registry, actions, form, everything=False)
    if to_do and not yes and not agreed(f"{len(to_do)} changes to {registry.url}?"):
        raise click.Abort
    done = []
    for one in counted(apply(registry, to_do), "done", len(to_do)):
        done.append(one)
        if form == "text" and one.refusal:
            click.echo(f"error: {one.refusal}", err=True)
    if form == "json":
        click.echo(json.dumps({"registry": registry.url, "done": [_done(one) for one in done]}, indent=2))
    else:
        click.echo(f"{sum(not one.refusal for one in done)} of {len(to_do)} changes are made")
    _end_with_findings(actions)
    if any(one.refusal for one in done):
        raise click.exceptions.Exit(1)


@registry_command.command("drift")
@connection
@catalog_option
@format_option
def drift_command(registry: HttpRegistry, catalog: str, form: str) -> None:
    """Show what somebody changed behind the contracts' back; what is merely not applied yet is not shown.

    Subjects of nobody's contract are shown and fail nothing: other teams may own them.
    """
    found = drift(_planned(registry, catalog))
    _show(registry, found, form, everything=True)
    if any(action.kind != "unknown" for action in found):
        raise click.exceptions.Exit(1)


def _planned(registry: HttpRegistry, catalog: str) -> list[Action]:
    loaded = load(catalog).catalog
    wanted = [major.subject for contract in loaded.contracts for major in contract.majors]
    state = read_state(registry, wanted, lambda done, total: count("read", done, total))
    return plan(loaded, state, _judge())


def _judge() -> Judge | None:
    """Return the registry's rules; where the toolchain is missing, refusals show when they happen."""
    try:
        from pyevents_codegen.confluent import judge
    except ModuleNotFoundError:
        return None

    def reasons(reader: Schema, writer: Schema) -> Sequence[str]:
        if reader.format != writer.format:
            return [f"{writer.format} cannot become {reader.format}"]
        return judge(reader.text, writer.text, reader.format).reasons

    return reasons


def _show(registry: HttpRegistry, actions: Sequence[Action], form: str, everything: bool) -> None:
    counted = Counter(action.kind for action in actions)
    if form == "json":
        listed = [_action(action) for action in actions]
        click.echo(json.dumps({"registry": registry.url, "counts": counted, "actions": listed}, indent=2))
        return
    for action in actions:
        if everything or action.kind != "unchanged":
            kind = click.style(f"{action.kind:>9}", fg=_COLOURS.get(action.kind))
            click.echo(f"{kind}  {' '.join(part for part in (action.subject, action.version) if part)}", nl=False)
            click.echo(f": {action.words}" if action.words else "")
    listed_counts = ", ".join(f"{number} {kind}" for kind, number in sorted(counted.items()))
    click.echo(f"{registry.url}: {listed_counts or 'nothing to say'}")


def _action(action: Action) -> dict[str, Any]:
    return {"kind": action.kind, "subject": action.subject, "version": action.version, "words": action.words}


def _done(done: Done) -> dict[str, Any]:
    return {**_action(done.action), "id": done.schema_id, "refusal": done.refusal}


def _end_with_findings(actions: Sequence[Action]) -> None:
    if any(action.kind in ("refused", "differs") for action in actions):
        raise click.exceptions.Exit(1)

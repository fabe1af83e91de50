"""`topics plan|apply|drift`: the cluster's topics and rights, as the contracts say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console

from pyevents.catalog import load
from pyevents.cli.options import agreed, catalog_option, format_option, servers_option, together, yes_option
from pyevents.topics import Change, grants, plan, plan_grants

__all__ = ["topics_command"]

_COLOURS = {"create": "green", "grant": "green", "delete": "red", "revoke": "red", "refused": "red", "stranger": "dim"}


_options = together(
    catalog_option,
    click.option("--delete", multiple=True, metavar="TOPIC", help="Delete this topic, which no contract knows."),
    click.option("--principal", default="User:{service}", show_default=True, help="How a service is called there."),
    click.option("--acl", is_flag=True, help="Rights too: what the contracts' producers and consumers need."),
    click.option("--environment", help="An environment of topics.toml, for example production."),
    servers_option,
)


@click.group("topics")
def topics_command() -> None:
    """Plan, make and watch the topics and rights that the contracts ask for."""


@topics_command.command("plan")
@_options
@format_option
@click.option("--exit-code", is_flag=True, help="Exit 3 where changes are pending.")
def plan_command(form: str, exit_code: bool, **options: Any) -> None:
    """Say what `apply` would change; change nothing."""
    _, changes = _planned(**options)
    _show([change for change in changes if change.kind != "stranger"], form, "the cluster is as the contracts say")
    if any(change.kind == "refused" for change in changes):
        raise click.exceptions.Exit(1)
    if exit_code and any(change.applies for change in changes):
        raise click.exceptions.Exit(3)


@topics_command.command("drift")
@_options
@format_option
def drift_command(form: str, **options: Any) -> None:
    """Say how the cluster differs, topics and rights that no contract knows included; exit 1 where it does."""
    _, changes = _planned(**options)
    _show(changes, form, "the cluster is as the contracts say")
    if changes:
        raise click.exceptions.Exit(1)


@topics_command.command("apply")
@_options
@yes_option
def apply_command(yes: bool, **options: Any) -> None:
    """Make the changes of `plan`; run it again after a failure, what is done is not done twice."""
    from pyevents.topics import apply

    cluster, changes = _planned(**options)
    changes = [change for change in changes if change.kind != "stranger"]
    _show(changes, "text", "the cluster is as the contracts say")
    pending = [change for change in changes if change.applies]
    if pending and not yes and not agreed(f"Make these {len(pending)} changes?"):
        raise click.exceptions.Exit(3)
    done = sum(1 for _ in apply(changes, cluster))
    if pending:
        click.echo(f"{done} changes made")
    if len(pending) < len(changes):
        raise click.exceptions.Exit(1)


def _planned(
    bootstrap_servers: str | None,
    environment: str | None,
    acl: bool,
    principal: str,
    delete: tuple[str, ...],
    catalog: str,
) -> tuple[Any, list[Change]]:
    from pyevents.kafka import KafkaTransport

    wanted = load(catalog).catalog
    topics = wanted.topics_in(environment)
    cluster = KafkaTransport(bootstrap_servers).cluster()
    changes = plan(topics, cluster.topics(), delete)
    if acl:
        changes += plan_grants(grants(wanted.contracts, principal), cluster.grants())
    return cluster, changes


def _show(changes: Iterable[Change], form: str, otherwise: str) -> None:
    listed = list(changes)
    if form == "json":
        told = [{"kind": one.kind, "name": one.name, "message": one.message, "remedy": one.remedy} for one in listed]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False)
    for change in listed:
        console.print(str(change), style=_COLOURS.get(change.kind, "yellow"), markup=False)
    if not listed:
        console.print(otherwise)

"""`spool ls|show|drain|rejected`: what waits in a spool folder, on this machine or copied from another."""

from __future__ import annotations

import itertools
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pyevents.cli.options import (
    agreed,
    catalog_option,
    format_option,
    registry_option,
    servers_option,
    together,
    yes_option,
)
from pyevents.cli.table import print_table
from pyevents.consumer.letter import key_hash
from pyevents.errors import ConfigurationInvalid, did_you_mean
from pyevents.spool import listing, rejected
from pyevents.spool.listing import Listed
from pyevents.spool.place import default_folder
from pyevents.spool.record import Entry

__all__ = ["folder_option", "rejected_files", "shown", "spool_command", "spool_folder"]

folder_option = click.option(
    "--spool-dir", "folder", envvar="PYEVENTS_SPOOL_DIR", type=click.Path(path_type=Path),
    help="Default: PYEVENTS_SPOOL_DIR, then the user state folder.",
)  # fmt: skip


@click.group("spool")
def spool_command() -> None:
    """See and send what producers have accepted and the broker does not have yet."""


_route_options = together(
    folder_option,
    servers_option,
    registry_option,
    catalog_option,
    click.option("--cluster", help="As `ls` names it; default is that of the bootstrap servers."),
    click.option("--framing", type=click.Choice(["confluent", "none"]), default="confluent"),
    click.option("--timeout", default=60.0, show_default=True, help="Seconds to go on trying."),
)
"""What both commands that send are told."""


@spool_command.command("ls")
@folder_option
@format_option
def ls_command(folder: Path | None, form: str) -> None:
    """List the streams: whose they are, whether that process lives, what waits, and what is damaged."""
    place = spool_folder(folder)
    found = list(listing.streams(place))
    if form == "json":
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
        return
    for kept, count in listing.kept_damage(place).items():
        click.echo(f"{kept} keeps what is damaged ({count} files), which nobody can send: see, then delete", err=True)
    if not found:
        click.echo("no stream: nothing waits")
        return
    rows = [("service", "cluster", "owner", "waiting", "bytes", "oldest", "damaged", "stream")]
    for one in found:
        owner = (one.owner or "unknown") if one.owned else "gone"
        age, damaged = _age(one.oldest), str(one.damaged or "")
        rows.append((one.service, one.cluster, owner, f"{one.events:,}", f"{one.size:,}", age, damaged, one.name))
    print_table(rows)
    for one in found:
        if one.problem:
            click.echo(f"{one.name}: {one.problem}", err=True)


@spool_command.command("show")
@click.argument("stream")
@click.option("--payload", "with_payload", is_flag=True, help="Print bodies and keys too; they may be health data.")
@click.option("--max", "limit", type=click.IntRange(1), default=100, show_default=True, help="Events to show.")
@folder_option
@format_option
def show_command(stream: str, with_payload: bool, limit: int, folder: Path | None, form: str) -> None:
    """Show what waits in STREAM (a name as `ls` prints it): types, hashed keys, sizes."""
    waiting = {one.folder: one.events for one in listing.streams(spool_folder(folder))}
    chosen = _chosen(stream, list(waiting), "stream")
    found = itertools.islice(listing.entries(chosen), limit)
    rows = [{"position": position} | shown(entry, with_payload=with_payload) for position, entry in found]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _print(rows)
    if len(rows) < min(limit, waiting[chosen]):
        click.echo(f"damaged and not to be read: {waiting[chosen] - len(rows)}", err=True)


@spool_command.command("drain")
@click.option("--service", help="Only what this one left.")
@_route_options
def drain_command(service: str | None, folder: Path | None, timeout: float, **route: Any) -> None:
    """Send what dead processes left, also from a folder that came from another machine.

    Streams with a living owner are left to it; those of another cluster than the one that answers stay.
    """
    from pyevents.cli.drain import Route, drain

    drain(spool_folder(folder), Route(route.pop("bootstrap_servers"), route.pop("url"), **route), service, timeout)


def spool_folder(given: Path | None) -> Path:
    """Return the spool's folder, which has to be there and readable.

    Raises:
        ConfigurationInvalid: It is not.
    """
    folder = given.expanduser() if given else default_folder()
    try:
        there = folder.is_dir()
        readable = os.access(folder, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
    except PermissionError:  # of a folder above it
        there, readable = True, False
    if not there:
        raise ConfigurationInvalid("--spool-dir", f"there is no folder {folder}", "Give that of PYEVENTS_SPOOL_DIR.")
    if not readable:
        raise ConfigurationInvalid("--spool-dir", f"{folder} is not yours to read", "Run this as the service's user.")
    return folder


def shown(entry: Entry, *, with_payload: bool = False) -> dict[str, Any]:
    """Return what may be seen of an event: a hash stands for its key, a size for its body."""
    row = {
        "time": datetime.fromtimestamp(entry.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "type": entry.label.event_type,
        "version": entry.label.version,
        "key_hash": key_hash(entry.key),
        "size": len(entry.body),
    }
    if with_payload:
        row["key"] = None if entry.key is None else entry.key.decode(errors="replace")
        row["body"] = entry.body.decode() if entry.body[:1] == b"{" else f"avro:{entry.body.hex()}"
    return row


@spool_command.group("rejected")
def rejected_command() -> None:
    """Events that the broker will never take as they are."""


@rejected_command.command("ls")
@folder_option
@format_option
def rejected_ls_command(folder: Path | None, form: str) -> None:
    """List the rejected events with the reason of each."""
    rows = [
        {"stream": path.name, "position": one.position} | shown(one.entry) | {"reason": one.reason}
        for path in _rejected_files(folder)
        for one in rejected.read(path)
    ]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    _print(rows)
    if not rows:
        click.echo("nothing was rejected")


@rejected_command.command("discard")
@click.argument("stream", required=False)
@click.option("--all", "everything", is_flag=True, help="Those of every stream.")
@yes_option
@folder_option
def discard_command(stream: str | None, everything: bool, yes: bool, folder: Path | None) -> None:
    """Delete the rejected events of STREAM for good."""
    paths = rejected_files(folder, stream, everything)
    if not paths:
        click.echo("nothing was rejected")
        return
    count = sum(len(rejected.read(path)) for path in paths)
    if not yes and not agreed(f"Delete {count} events for good? `spool rejected replay` would send them"):
        raise click.Abort
    gone = 0
    for path in paths:
        with rejected.taking(path) as found:
            gone += len(found)
    click.echo(f"deleted: {gone}")


@rejected_command.command("replay")
@click.argument("stream", required=False)
@click.option("--all", "everything", is_flag=True, help="Those of every stream.")
@_route_options
def replay_command(stream: str | None, everything: bool, folder: Path | None, timeout: float, **route: Any) -> None:
    """Send the rejected events of STREAM again, once the topic or the cluster takes them."""
    from pyevents.cli.drain import Route, drain, put_back

    place, to = spool_folder(folder), Route(route.pop("bootstrap_servers"), route.pop("url"), **route)
    paths = rejected_files(folder, stream, everything)
    if not paths:
        click.echo("nothing was rejected")
        return
    put_back(place, to, paths)
    drain(place, to, None, timeout)


def rejected_files(folder: Path | None, stream: str | None, everything: bool) -> list[Path]:
    """Return the files that a person means by a stream's name or by `--all`.

    Raises:
        click.UsageError: Neither was given, or both.
        ConfigurationInvalid: Nothing was rejected from such a stream.
    """
    if everything == (stream is not None):
        raise click.UsageError("give a stream, as `pyevents spool rejected ls` prints it, or --all")
    paths = _rejected_files(folder)
    return paths if stream is None else [_chosen(stream, paths, "stream with rejected events")]


def _rejected_files(folder: Path | None) -> list[Path]:
    clusters = sorted(path for path in spool_folder(folder).glob("*/*") if path.is_dir())
    return [path for cluster in clusters for path in rejected.files(cluster)]


def _chosen(name: str, paths: list[Path], what: str) -> Path:
    for path in paths:
        if path.name == name:
            return path
    hint = did_you_mean(name, [path.name for path in paths], "`ls` prints their names.")
    raise ConfigurationInvalid("STREAM", f"there is no {what} {name!r}", hint)


def _print(rows: list[dict[str, Any]]) -> None:
    print_table([[name.replace("_", " ") for name in row] for row in rows[:1]] + [list(row.values()) for row in rows])


def _as_json(one: Listed) -> dict[str, Any]:
    return one._asdict() | {"folder": str(one.folder)}


def _age(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    seconds = max(0, int(time.time() - milliseconds / 1000))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

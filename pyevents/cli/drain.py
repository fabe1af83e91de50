"""Sending by hand what dead processes left in a spool folder: a producer for each service, until nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote

import click
from rich.console import Console
from rich.progress import Progress

from pyevents.config import bootstrap_servers
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid, did_you_mean
from pyevents.spool import rejected
from pyevents.spool.folder import DiskSpool, cluster_of, stream_names
from pyevents.spool.listing import Listed, streams

__all__ = ["Route", "drain", "put_back"]

_PAUSE = 0.2


class Route(NamedTuple):
    """Where to, and in which form."""

    servers: str | None
    registry: str | None
    catalog: str
    framing: Literal["confluent", "none"]
    cluster: str | None
    """Name of the cluster's folder; None means that of the servers."""


def drain(folder: Path, route: Route, service: str | None, timeout: float) -> None:
    """Send what is left in a spool folder, and say what came of it.

    Args:
        folder: Of the spool.
        route: Where to.
        service: Only this one's; None means all.
        timeout: Seconds.

    Raises:
        ConfigurationInvalid: What is there is for other clusters or of other services; the message names them.
        click.exceptions.Exit: Status 1; something is left.
    """
    cluster = _cluster(folder, route)
    if service is not None:
        _check_service(folder, cluster, service)
    found = [one for one in streams(folder) if one.cluster == cluster and service in (None, one.service)]
    dead = {one.folder for one in found if not one.owned}
    aside, waiting, reasons = _rejected(folder, cluster), _events(folder, dead), list[str]()
    console, deadline = Console(stderr=True), time.monotonic() + timeout
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("draining", total=waiting)
        for name in sorted({one.service for one in found if not one.owned}):
            reasons += _send(
                DiskSpool(folder, name, cluster, reserve=0), name, route, deadline,
                lambda: [one for one in streams(folder) if one.folder in dead],
                lambda left: progress.update(task, completed=waiting - left),
            )  # fmt: skip
    left, again = _events(folder, dead), _rejected(folder, cluster) - aside
    click.echo(
        f"sent: {waiting - left - again}, left: {left}, rejected: {again}; living owners: {len(found) - len(dead)}"
    )
    problems = [one.problem for one in found if one.problem and not one.owned]
    for reason in reasons + problems:
        click.echo(reason, err=True)
    if left or again or problems:
        raise click.exceptions.Exit(1)


def put_back(folder: Path, route: Route, paths: list[Path]) -> None:
    """Make ordinary streams without an owner of rejected events, for `drain` to send.

    Raises:
        ConfigurationInvalid: They are for another cluster.
    """
    chosen = _cluster(folder, route)
    for path in paths:
        cluster = path.parent.parent
        if cluster.name != chosen:
            problem = f"{path.name} is for {cluster.name}, not for {chosen}"
            raise ConfigurationInvalid("--cluster", problem, "Name one cluster at a time.")
    for path in paths:
        with rejected.taking(path) as found:
            spool = DiskSpool(folder, unquote(path.parent.parent.parent.name), chosen, reserve=0)
            for one in found:
                spool.stream(one.entry.label.topic).append(one.entry)
            spool.close()


def _send(
    spool: DiskSpool,
    service: str,
    route: Route,
    deadline: float,
    look: Callable[[], list[Listed]],
    progress: Callable[[int], None],
) -> list[str]:
    """Run a producer until it has let go of every stream, and return why some wait."""
    from pyevents.producer import RobustKafkaProducer

    spool.adopts = True  # a person asks for it, under whichever service name
    producer = RobustKafkaProducer(
        route.servers, service, schema_registry_url=route.registry, catalog=route.catalog, framing=route.framing,
        spool=spool,
    )  # fmt: skip
    try:
        left = look()
        while any(one.owned for one in left) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            left = look()
            progress(sum(one.events for one in left))
        status = producer.status()
        if not status.connected:
            return [str(BrokerUnreachable(bootstrap_servers(route.servers), "none is connected"))]
        return [f"{topic}: {reason}" for topic, reason in status.waiting.items()]
    finally:
        producer.close(0)


def _cluster(folder: Path, route: Route) -> str:
    cluster = route.cluster or cluster_of(bootstrap_servers(route.servers))
    there = {path.name for path in folder.glob("*/*") if path.is_dir() and (stream_names(path) or rejected.files(path))}
    if there and cluster not in there:
        raise ConfigurationInvalid(
            "--cluster",
            f"nothing in {folder} is for {cluster}, but for {', '.join(sorted(there))}",
            "If --bootstrap-servers leads there all the same, name it with --cluster.",
        )
    return cluster


def _check_service(folder: Path, cluster: str, service: str) -> None:
    known = sorted(unquote(path.parent.name) for path in folder.glob(f"*/{cluster}"))
    if service not in known:
        hint = did_you_mean(service, known, f"There are: {', '.join(known) or 'none at all'}.")
        raise ConfigurationInvalid("--service", f"{service!r} has left nothing in {folder}", hint)


def _events(folder: Path, chosen: set[Path]) -> int:
    return sum(one.events for one in streams(folder) if one.folder in chosen)


def _rejected(folder: Path, cluster: str) -> int:
    return sum(len(rejected.read(path)) for place in folder.glob(f"*/{cluster}") for path in rejected.files(place))

"""`publish`, `tail`, `dev`: one event by hand, reading along, and a place to run."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import click

from pyevents.catalog import load
from pyevents.cli.contracts import payload_of
from pyevents.cli.options import catalog_option, registry_option, servers_option, version_option
from pyevents.config import bootstrap_servers as servers_of
from pyevents.errors import BrokerUnreachable

__all__ = ["dev_command", "publish_command", "tail_command"]


@click.command("publish")
@click.argument("event_type", metavar="TYPE")
@click.argument("file", type=click.File("rb"))
@version_option
@click.option("--service", default="pyevents-cli", show_default=True, help="The envelope's producer.")
@click.option("--register", is_flag=True, help="Register the schema where the registry lacks it.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait for the broker's word.")
@servers_option
@registry_option
@catalog_option
def publish_command(
    event_type: str,
    file: IO[bytes],
    number: str | None,
    service: str,
    register: bool,
    timeout: float,
    bootstrap_servers: str | None,
    url: str | None,
    catalog: str,
) -> None:
    """Publish a payload (JSON in FILE, or - for standard input) and wait until the broker has it."""
    from pyevents.producer import RobustKafkaProducer

    contract = load(catalog).contract(event_type)
    payload = payload_of(event_type, file)
    producer = RobustKafkaProducer(
        bootstrap_servers,
        service,
        schema_registry_url=url,
        catalog=catalog,
        auto_register=register,
        spool=None,
    )
    try:
        producer.send_event(contract.topic, event_type, payload, version=number)
        left = producer.flush(timeout)
        reason = producer.status().waiting.get(contract.topic)
    finally:
        producer.close(0)
    if left and reason:
        click.echo(f"error: the event was not sent: {reason}", err=True)
        raise click.exceptions.Exit(2)
    if left:
        raise BrokerUnreachable(servers_of(bootstrap_servers), f"the event was not sent within {timeout:g} s")
    click.echo(f"published: {event_type} on {contract.topic}")


@click.command("tail")
@click.argument("topic")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest event.")
@click.option("--payload", "with_payload", is_flag=True, help="Print payloads too; they may be health data.")
@click.option("--max", "limit", type=click.IntRange(1), help="End after so many messages.")
@click.option("--timeout", type=float, help="End after so many seconds.")
@servers_option
@registry_option
@catalog_option
def tail_command(
    topic: str,
    from_beginning: bool,
    with_payload: bool,
    limit: int | None,
    timeout: float | None,
    bootstrap_servers: str | None,
    url: str | None,
    catalog: str,
) -> None:
    """Print the envelopes of a topic as they come; Ctrl-C ends it."""
    from pyevents.cli.tail import Tail

    tail = Tail(topic, bootstrap_servers, url, catalog, from_beginning=from_beginning)
    for line in tail.lines(limit=limit, timeout=timeout, with_payload=with_payload):
        click.echo(line)


@click.command("dev")
@click.option("--real", is_flag=True, help="Apache Kafka and Apicurio Registry instead of the embedded pair.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Keep data in this folder (--real).")
@click.option(
    "--registry-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that the embedded registry goes on with; default is in memory.",
)
@catalog_option
def dev_command(real: bool, data: Path | None, registry_file: Path | None, catalog: str) -> None:
    """Run a broker and a registry on this machine until Ctrl-C; for development and tests only."""
    from pyevents.dev.start import embedded_pair, real_pair

    if data and not real:
        raise click.UsageError("--data goes with --real; the embedded registry is kept with --registry-file")
    if registry_file and real:
        raise click.UsageError("--registry-file is the embedded registry's; with --real, --data keeps everything")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    loaded = load(catalog)
    told = real_pair(loaded, data, lambda text: click.echo(text, err=True))
    with (
        told if real else embedded_pair(loaded, registry_file) as pair,
        TemporaryDirectory(prefix="pyevents-spool-") as spool,
    ):
        click.echo(f"export KAFKA_BOOTSTRAP_SERVERS={pair.bootstrap_servers}")
        click.echo(f"export SCHEMA_REGISTRY_URL={pair.registry_url}")
        click.echo(f"export PYEVENTS_SPOOL_DIR={spool}")
        click.echo("running until Ctrl-C", err=True)
        ended.wait()

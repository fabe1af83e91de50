"""`stack test`: a marked event through a running stack and back, or the command line that looks from inside."""

from __future__ import annotations

import shlex
import subprocess
from typing import IO

import click

from pyevents.catalog import load
from pyevents.cli.contracts import payload_of
from pyevents.cli.options import catalog_option, registry_option, servers_option
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid, PyEventsError, RegistryError, SchemaUnknown

__all__ = ["stack_command"]


@click.group("stack")
def stack_command() -> None:
    """Look whether a running stack carries events."""


@stack_command.command("test")
@click.option("--topic", default="patient-events", show_default=True)
@click.option("--type", "event_type", help="Event type; default is the topic's with the fewest fields.")
@click.option("--payload-file", type=click.File("rb"), help="Its payload; default is made up.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds for each way.")
@click.option(
    "--print-command", is_flag=True, help="Print the command that reads the topic inside the stack; send nothing."
)
@click.option("--inside", is_flag=True, help="Run that command, for when this machine cannot reach the broker.")
@servers_option
@registry_option
@catalog_option
def test_command(
    topic: str,
    event_type: str | None,
    payload_file: IO[bytes] | None,
    timeout: float,
    print_command: bool,
    inside: bool,
    bootstrap_servers: str | None,
    url: str | None,
    catalog: str,
) -> None:
    """Send a probe of a real event type and read it back; say which part is missing: broker, topic, registry, schema.

    Consumers of this package skip a probe; services that do not use it would handle it.
    """
    loaded = load(catalog)
    if topic not in loaded.topics:
        raise ConfigurationInvalid("topic", f"no contract knows {topic!r}", f"There are: {', '.join(loaded.topics)}.")
    if print_command or inside:
        command = _inside(topic, timeout)
        click.echo(shlex.join(command))
        if inside:
            _look(command, topic)
        return
    from pyevents.kafka import KafkaTransport
    from pyevents.probe import probe, probe_payload
    from pyevents.registry import HttpRegistry

    if event_type and payload_file:
        payload = payload_of(event_type, payload_file)
    else:
        event_type, payload = probe_payload(loaded, topic)
    try:
        for sentence in probe(
            loaded, event_type, payload, KafkaTransport(bootstrap_servers), HttpRegistry(url), timeout
        ):
            click.echo(f"ok    {sentence}")
    except PyEventsError as error:
        click.echo(f"FAIL  {_part(error)}: {error}")
        raise click.exceptions.Exit(2) from None


def _part(error: PyEventsError) -> str:
    if isinstance(error, BrokerUnreachable):
        return "broker"
    if isinstance(error, RegistryError):
        return "schema" if isinstance(error, SchemaUnknown) else "registry"
    return "topic"


def _inside(topic: str, timeout: float) -> list[str]:
    tool = "/opt/kafka/bin/kafka-console-consumer.sh"
    options = ["--bootstrap-server", "kafka:9092", "--topic", topic, "--from-beginning"]
    return ["docker", "compose", "exec", "-T", "kafka", tool, *options, "--timeout-ms", str(round(timeout * 1000))]


def _look(command: list[str], topic: str) -> None:
    """Run it and count what it prints; the messages themselves are health data and are not shown."""
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        raise ConfigurationInvalid("--inside", "docker is not installed here", "Run the command where it is.") from None
    count = done.stdout.count(b"\n")
    if done.returncode and not count:
        first = done.stderr.decode(errors="replace").strip().splitlines()[:1] or ["nothing was said"]
        raise ConfigurationInvalid("--inside", first[0], "Is the stack up? `docker compose ps` shows it.")
    click.echo(f"{count} messages on {topic}, read inside the stack")

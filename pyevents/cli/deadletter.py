"""`deadletter ls|show|replay|discard|export`: the events that consumers gave up on."""

from __future__ import annotations

import base64
import functools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pyevents.catalog import Loaded, load
from pyevents.cli.options import (
    Command,
    agreed,
    catalog_option,
    format_option,
    registry_option,
    servers_option,
    together,
    yes_option,
)
from pyevents.cli.progress import counted
from pyevents.cli.table import print_table
from pyevents.deadletter.choice import Choice, moment
from pyevents.deadletter.letter import DeadLetter
from pyevents.deadletter.replay import MOST_REPLAYS, Replay
from pyevents.deadletter.topic import DeadLetterTopic, dead_letter_topics
from pyevents.errors import ConfigurationInvalid, did_you_mean
from pyevents.kafka import KafkaTransport

__all__ = ["deadletter_command"]

_COLUMNS = ("place", "failed", "event_type", "error", "attempts", "replays", "key_hash", "error_at")
_payload_option = click.option(
    "--payload", "with_payload", is_flag=True, help="Print keys and payloads too; they may be health data."
)
_dry_option = click.option("--dry-run", "dry", is_flag=True, help="Say what would be done, and do nothing.")


def _choosing(command: Command) -> Command:
    """Add the options that say where, and which letters are meant; the command is given contracts and a choice."""

    @functools.wraps(command)
    def chosen(catalog: str, since: str | None, until: str | None, **given: Any) -> None:
        loaded, now = load(catalog), datetime.now(UTC)
        for event_type in given["event_types"]:
            loaded.contract(event_type)
        wanted = {name: given.pop(name) for name in Choice.__struct_fields__ if name in given}
        wanted |= {name: moment(text, now) for name, text in (("since", since), ("until", until)) if text}
        command(loaded=loaded, choice=Choice(**wanted), **given)

    return together(
        click.option("--type", "event_types", multiple=True, help="Event type; may be given again."),
        click.option("--error", default="", help="Part of the error's class."),
        click.option("--since", help="Failed at this time or later: 2026-11-24T07:00, or 2h for two hours ago."),
        click.option("--until", help="Failed before this time."),
        click.option("--key-hash", default="", help="As `ls` prints it."),
        click.option("--offset", "offsets", type=click.IntRange(0), multiple=True, help="May be given again."),
        servers_option,
        catalog_option,
    )(chosen)


@click.group("deadletter")
def deadletter_command() -> None:
    """See the events that consumers gave up on, and send them once more or settle them."""


@deadletter_command.command("ls")
@click.argument("topics", metavar="[TOPIC]...", nargs=-1)
@_choosing
@click.option("--all", "with_settled", is_flag=True, help="Those too that were replayed or discarded.")
@format_option
def ls_command(
    topics: tuple[str, ...], loaded: Loaded, choice: Choice, bootstrap_servers: str | None, form: str
) -> None:
    """List dead letters: of the topics named, or of every dead-letter topic of the contracts."""
    there = KafkaTransport(bootstrap_servers).topics()
    names = topics or [name for name in dead_letter_topics(loaded) if name in there]
    rows = [letter.summary() for name in names for letter in _chosen(loaded, name, bootstrap_servers, choice)]
    if choice.error and not rows:
        every = [letter.error for name in names for letter in _chosen(loaded, name, bootstrap_servers, Choice())]
        if every:
            known = ", ".join(sorted(set(every)))
            click.echo(f"no dead letter has that error; there are {known}", err=True)
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _print(rows)
    click.echo(f"{len(rows)} dead letters", err=True)


@deadletter_command.command("show")
@click.argument("topic")
@click.argument("offset", type=click.IntRange(0))
@_payload_option
@servers_option
@catalog_option
def show_command(topic: str, offset: int, with_payload: bool, bootstrap_servers: str | None, catalog: str) -> None:
    """Show everything that is known of one dead letter, as JSON."""
    choice = Choice(offsets=(offset,), with_settled=True)
    found = next(_chosen(load(catalog), topic, bootstrap_servers, choice), None)
    if found is None:
        raise ConfigurationInvalid("offset", f"{topic} has no dead letter at {offset}", "`deadletter ls` lists them.")
    click.echo(json.dumps(found.summary() | (_contents(found) if with_payload else {}), indent=2, ensure_ascii=False))


@deadletter_command.command("replay")
@click.argument("topic")
@_choosing
@click.option("--max-replays", default=MOST_REPLAYS, show_default=True, help="Then an event counts as a loop.")
@_dry_option
@registry_option
def replay_command(
    topic: str,
    loaded: Loaded,
    choice: Choice,
    max_replays: int,
    dry: bool,
    bootstrap_servers: str | None,
    url: str | None,
) -> None:
    """Send dead letters of TOPIC to their consumer once more, through its retry topic.

    Each is validated first. What was sent is marked, so an interrupted replay goes on where it was: it may send some
    again, and leaves none out. Exit status 1: some were not sent.
    """
    from pyevents.codec import Decoder
    from pyevents.registry import HttpRegistry
    from pyevents.registry.schemas import Schemas

    counts: Counter[str] = Counter()
    with _opened(loaded, topic, bootstrap_servers) as source:
        retry = dead_letter_topics(loaded)[topic]
        source.require(retry)
        letters = [letter for letter in source.letters() if choice.admits(letter)]
        replay = Replay(source, retry, Decoder(loaded, Schemas(HttpRegistry(url))), max_replays)
        for step in counted(replay.run(letters, dry=dry), "replayed", len(letters)):
            counts[step.action] += 1
            if step.action != "send":
                click.echo(f"{step.letter.place}  {step.action}: {step.reason}", err=True)
    word = "would be sent" if dry else "sent"
    click.echo(f"{counts['send']} {word} to {retry}, {counts['refused']} refused, {counts['looped']} looped")
    if counts["refused"] or counts["looped"]:
        raise click.exceptions.Exit(1)


@deadletter_command.command("discard")
@click.argument("topic")
@_choosing
@click.option("--all", "everything", is_flag=True, help="Every letter, where nothing else says which.")
@_dry_option
@yes_option
def discard_command(
    topic: str,
    loaded: Loaded,
    choice: Choice,
    everything: bool,
    dry: bool,
    yes: bool,
    bootstrap_servers: str | None,
) -> None:
    """Settle dead letters of TOPIC without handling them.

    They are marked, and the broker deletes them as soon as no unsettled letter lies before them.
    """
    if choice.is_everything != everything:
        raise click.UsageError("say which letters, for example with --type or --offset, or --all for every one")
    with _opened(loaded, topic, bootstrap_servers) as source:
        letters = [letter for letter in source.letters() if choice.admits(letter)]
        if dry:
            _print([letter.summary() for letter in letters])
            click.echo(f"{len(letters)} would be discarded")
            return
        if letters and not yes and not agreed(f"Discard {len(letters)} events that nobody has handled?"):
            raise click.Abort
        source.settle(letters, "discarded")
        problem = source.purge()
    click.echo(f"{len(letters)} discarded")
    if problem:
        click.echo(f"they are marked, and stay on the broker until their retention ends: {problem}", err=True)


@deadletter_command.command("export")
@click.argument("topic")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False), default="-")
@_choosing
@click.option("--all", "with_settled", is_flag=True, help="Those too that were replayed or discarded.")
@_payload_option
def export_command(
    topic: str, file: Any, loaded: Loaded, choice: Choice, with_payload: bool, bootstrap_servers: str | None
) -> None:
    """Write dead letters of TOPIC to FILE (default: standard output), one JSON object a line.

    With --payload each bears key, value and headers in base64, as they came.
    """
    letters = list(_chosen(loaded, topic, bootstrap_servers, choice))
    for letter in letters:
        row = letter.summary() | (_raw(letter) if with_payload else {})
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    click.echo(f"{len(letters)} exported", err=True)


def _opened(loaded: Loaded, name: str, servers: str | None) -> DeadLetterTopic:
    known = dead_letter_topics(loaded)
    if name not in known:
        hint = did_you_mean(name, known, f"There are: {', '.join(known)}.")
        raise ConfigurationInvalid("topic", f"no dead-letter topic of the contracts is called {name!r}", hint)
    topic = next(topic for topic in loaded.catalog.every_topic if topic.name == name)
    return DeadLetterTopic(KafkaTransport(servers), topic)


def _chosen(loaded: Loaded, name: str, servers: str | None, choice: Choice) -> Iterator[DeadLetter]:
    with _opened(loaded, name, servers) as source:
        yield from filter(choice.admits, source.letters())


def _print(rows: list[dict[str, Any]]) -> None:
    lines = [[row[name] for name in _COLUMNS[:-1]] + [Path(row[_COLUMNS[-1]]).name] for row in rows]
    print_table([[name.replace("_", " ") for name in _COLUMNS], *lines] if rows else [])


def _contents(letter: DeadLetter) -> dict[str, Any]:
    """Return key and value as text, as far as they are."""
    message = letter.message
    value = message.value or b""
    body = value[5:] if value[:1] == b"\0" else value
    text = body.decode(errors="replace") if body[:1] == b"{" else f"base64:{base64.b64encode(value).decode()}"
    return {"key": message.key and message.key.decode(errors="replace"), "value": text if value else None}


def _raw(letter: DeadLetter) -> dict[str, Any]:
    message = letter.message
    headers = [[name, _base64(value)] for name, value in message.headers]
    return {"key": _base64(message.key), "value": _base64(message.value), "headers": headers}


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()

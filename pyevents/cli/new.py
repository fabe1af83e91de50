"""`new`: a contract to begin with, which passes the strictest rules as it is."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyevents.cli.check import report
from pyevents.cli.options import schemas_option
from pyevents.errors import did_you_mean

if TYPE_CHECKING:
    from pyevents_codegen.folder import Folder
    from pyevents_codegen.scaffold import Answers

__all__ = ["new_command", "write_files"]


@click.command("new")
@click.argument("event_type", metavar="TYPE")
@schemas_option
@click.option("--summary", help="What the event says, or the command asks for, in one sentence.")
@click.option("--kind", type=click.Choice(["event", "command"]), default="event", show_default=True)
@click.option("--topic", help="One of topics.toml.")
@click.option("--key", help="Field that orders events; default is <entity>_id.")
@click.option("--key-type", type=click.Choice(["integer", "string"]), default="integer", show_default=True)
@click.option("--producer", "producers", multiple=True, help="Service that sends it; may be given again.")
@click.option("--consumer", "consumers", multiple=True, help="Service that handles it; may be given again.")
@click.option("--owner", help="Default is the first producer, of a command the first consumer.")
@click.option("--format", "form", type=click.Choice(["json", "avro"]), default="json", show_default=True)
def new_command(schemas: Path, **given: Any) -> None:
    """Write a new contract: contract.toml, a first version with its key, examples.

    What is missing is asked for on a terminal. A schema folder that is not there is made.
    """
    from pyevents_codegen.scaffold import contract_files, folder_files

    folder = _loaded(schemas) if schemas.exists() else None
    said = _answers(folder, given)
    if (schemas / said.event_type).exists():
        raise click.UsageError(f"there is a contract {said.event_type} already; a change of it is a new version")
    files = contract_files(said) if folder else {**folder_files(said), **contract_files(said)}
    _refuse_wrong(files)
    for path in write_files(schemas, files):
        click.echo(f"written  {path}")
    _judge(schemas, said.event_type)
    package = "" if folder else " --package NAME`, with a name for the classes such as `shop.events"
    click.echo(f"Add fields to the version and to its examples, then run `pyevents generate{package}`.")


def write_files(schemas: Path, files: dict[str, str]) -> list[Path]:
    """Write text by path in a schema folder, folders included, and return where."""
    for name, text in files.items():
        (schemas / name).parent.mkdir(parents=True, exist_ok=True)
        (schemas / name).write_text(text, encoding="utf-8")
    return [schemas / name for name in files]


def _refuse_wrong(files: dict[str, str]) -> None:
    """Find out before anything is written: a summary may be too long, a topic's name may be none."""
    from pyevents_codegen.metaschema import check
    from pyevents_codegen.source import Source

    for name, text in files.items():
        if name.endswith(".toml"):
            for finding in check(Source(name, text, tomllib.loads(text)), Path(name).stem):
                raise click.UsageError(f"{finding.message}. {finding.remedy}")


def _loaded(schemas: Path) -> Folder:
    from pyevents_codegen.finding import SchemaFolderInvalid
    from pyevents_codegen.load import load_folder

    try:
        return load_folder(schemas)
    except SchemaFolderInvalid as error:
        report(error.findings, "text")
        raise click.ClickException("mend the contracts that are there first") from None


def _answers(folder: Folder | None, given: dict[str, Any]) -> Answers:
    from pyevents_codegen import naming
    from pyevents_codegen.scaffold import Answers

    event_type, kind = given["event_type"], given["kind"]
    if not naming.EVENT_TYPE.fullmatch(event_type):
        raise click.BadParameter("an event type is <entity>.<what happened> in lower case", param_hint="TYPE")
    sender, reader = ("producer", "consumer") if kind == "event" else ("consumer", "producer")
    topics = sorted(folder.topics.topics) if folder else ()
    services = folder.settings.services if folder else ()
    missing = [name for name in ("summary", "topic") if not given[name]]
    missing += [] if given[f"{sender}s"] else [sender]
    if missing and not sys.stdin.isatty():
        raise click.UsageError(f"give {', '.join(f'--{name}' for name in missing)}; there is no terminal to ask on")
    summary = given["summary"] or click.prompt("What does it say, in one sentence")
    topic = _known("topic", given["topic"] or click.prompt(_among("Topic", topics)), topics)
    key = given["key"] or f"{event_type.partition('.')[0]}_id"
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key):
        raise click.BadParameter("a field's name has letters, digits and underscores only", param_hint="--key")
    people = {f"{sender}s": given[f"{sender}s"] or _names(click.prompt(_among(f"{sender.capitalize()}s", services)))}
    people[f"{reader}s"] = given[f"{reader}s"]
    if missing and not people[f"{reader}s"]:
        people[f"{reader}s"] = _names(click.prompt(_among(f"{reader.capitalize()}s", services), default=""))
    if kind == "command" and not people["producers"]:
        raise click.UsageError("give --producer: a command that nobody sends is none")
    owner = given["owner"] or people[f"{sender}s"][0]
    for name in {owner, *people["producers"], *people["consumers"]}:
        _known("service", name, services)
    return Answers(event_type, summary, kind, topic, key, given["key_type"], owner, **people, format=given["form"])


def _among(question: str, known: Sequence[str]) -> str:
    return f"{question} ({', '.join(known)})" if known else question


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _known(what: str, name: str, known: Sequence[str]) -> str:
    if known and name not in known:
        file = "topics.toml" if what == "topic" else "the services of pyevents.toml"
        raise click.UsageError(f"there is no {what} {name!r}. {did_you_mean(name, known, f'Add it to {file} first.')}")
    return name


def _judge(schemas: Path, event_type: str) -> None:
    from pyevents_codegen.examples import read_examples, validate_examples
    from pyevents_codegen.lint import lint

    folder = _loaded(schemas)
    examples = read_examples(folder)
    found = [*lint(folder, examples), *validate_examples(folder, examples)]
    report([finding for finding in found if f"/{event_type}/" in finding.file], "text")

"""`registry export|import`: what a registry holds as a file, and its subjects as contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pyevents.cli.connection import connection
from pyevents.cli.new import write_files
from pyevents.cli.options import schemas_option
from pyevents.registry.client import HttpRegistry
from pyevents.registry.state import Subject, read_state

if TYPE_CHECKING:
    from pyevents_codegen.adopt import Adopted

__all__ = ["export_command", "import_command"]

subjects_option = click.option("--subject", "wanted", multiple=True, help="Only this one; may be given again.")


@click.command("export")
@connection
@subjects_option
@click.option("--output", type=click.File("w"), default="-", help="File; default is standard output.")
def export_command(registry: HttpRegistry, wanted: tuple[str, ...], output: IO[str]) -> None:
    """Write every subject in use as JSON: compatibility, versions with id, format and text."""
    found = _subjects(registry, wanted)
    json.dump({"registry": registry.url, "subjects": [_as_json(subject) for subject in found]}, output, indent=2)
    output.write("\n")


@click.command("import")
@connection
@subjects_option
@schemas_option
def import_command(registry: HttpRegistry, wanted: tuple[str, ...], schemas: Path) -> None:
    """Write a contract for every subject that has none in --schemas; what is there already stays as it is.

    A message schema of pyevents gives back the files that it was composed from. Any other schema becomes a payload, and
    the command says what is left to a person.
    """
    from pyevents_codegen.adopt import adopt

    found = []
    for subject in _subjects(registry, wanted):
        adopted = adopt(subject)
        if isinstance(adopted, str):
            click.echo(f"left out {subject.name}: {adopted}")
        else:
            found.append(adopted)
    there = {adopted.event_type for adopted in found if (schemas / adopted.event_type).exists()}
    written = [adopted for adopted in found if adopted.event_type not in there]
    for adopted in written:
        _write(schemas, adopted)
    _add_topics(schemas, sorted({adopted.topic for adopted in written}))
    click.echo(f"{len(written)} contracts written, {len(there)} were there. Next: `pyevents check`, and its findings.")


def _subjects(registry: HttpRegistry, wanted: tuple[str, ...]) -> list[Subject]:
    state = read_state(registry, wanted or None)
    for name in sorted(set(wanted) - state.subjects.keys()):
        deleted = ", it was deleted" if name in state.deleted else ""
        raise click.UsageError(f"{registry.url} has no subject {name!r}{deleted}; `registry export` lists them")
    return list(state.subjects.values())


def _as_json(subject: Subject) -> dict[str, Any]:
    versions = [
        {"version": one.number, "id": one.id, "format": one.schema.format, "schema": one.schema.text}
        for one in subject.versions
    ]
    return {"subject": subject.name, "compatibility": subject.level, "versions": versions}


def _write(schemas: Path, adopted: Adopted) -> None:
    write_files(schemas, adopted.files)
    click.echo(f"written  {schemas / adopted.event_type}")
    for note in adopted.notes:
        click.echo(f"         {note}")


def _add_topics(schemas: Path, names: list[str]) -> None:
    """Make what a schema folder needs, and name the topics that it does not know yet."""
    from pyevents_codegen.scaffold import base_files, topic_table

    write_files(schemas, {name: text for name, text in base_files().items() if not (schemas / name).exists()})
    path = schemas / "topics.toml"
    before = path.read_text(encoding="utf-8")
    new = [name for name in names if f"[topics.{name}]" not in before and f'[topics."{name}"]' not in before]
    if new:
        tables = "\n".join(topic_table(name, "Taken from the registry; say what it carries.") for name in new)
        path.write_text(f"{before.rstrip()}\n\n{tables}", encoding="utf-8")

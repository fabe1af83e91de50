"""`ls`, `show`, `validate`: what contracts there are, and whether a payload fits one."""

from __future__ import annotations

import json
import re
from typing import IO, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from pyevents.catalog import Contract, Version, dead_letter_topic, load
from pyevents.cli.options import catalog_option, format_option, version_option
from pyevents.errors import EventInvalid

__all__ = ["ls_command", "payload_of", "show_command", "validate_command"]


@click.command("ls")
@catalog_option
@format_option
def ls_command(catalog: str, form: str) -> None:
    """List the contracts: event type, versions, topic, key, producers and consumers."""
    contracts = load(catalog).catalog.contracts
    if form == "json":
        click.echo(json.dumps([_summary(contract) for contract in contracts], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("event type", "versions", "topic", "key"):
        table.add_column(column, no_wrap=True)
    for contract in contracts:
        table.add_row(contract.event_type, ", ".join(_numbers(contract)), contract.topic, contract.key)
    Console(soft_wrap=True).print(table)


@click.command("show")
@click.argument("event_type", metavar="TYPE")
@version_option
@catalog_option
@format_option
def show_command(event_type: str, number: str | None, catalog: str, form: str) -> None:
    """Show a contract: who sends and reads it, and its fields."""
    contract = load(catalog).contract(event_type)
    major, version = contract.find(number)
    if form == "json":
        fields = {"version": version.number, "subject": major.subject, "schema": json.loads(version.schema)}
        fields["dead_letters"] = _dead_letters(contract)
        click.echo(json.dumps(_summary(contract) | fields, indent=2, ensure_ascii=False))
        return
    console = Console()
    console.print(f"[bold]{contract.event_type}[/bold] {version.number} ({version.format})  {contract.summary}")
    console.print(f"topic {contract.topic}, key {contract.key}, subject {major.subject}, class {major.class_name}")
    console.print(f"owner {contract.owner}; from {_names(contract.producers)}; to {_names(contract.consumers)}")
    console.print(f"dead letters on {_names(_dead_letters(contract))}\n")
    console.print(_fields(version))


@click.command("validate")
@click.argument("event_type", metavar="TYPE")
@click.argument("file", type=click.File("rb"))
@version_option
@catalog_option
def validate_command(event_type: str, file: IO[bytes], number: str | None, catalog: str) -> None:
    """Check a payload (JSON in FILE, or - for standard input) against its contract."""
    from pyevents.codec import Encoder

    loaded = load(catalog)
    contract = loaded.contract(event_type)
    encoded = Encoder(loaded, "pyevents-validate").encode_payload(
        contract.topic, event_type, payload_of(event_type, file), None, number
    )
    click.echo(f"valid: {encoded.event_type} {encoded.version}, {len(encoded.body)} bytes as a message")


def payload_of(event_type: str, file: IO[bytes]) -> Any:
    """Read a payload from a file.

    Raises:
        EventInvalid: It is no JSON.
    """
    text = file.read()
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventInvalid(event_type, "", "", "json", "a JSON document", _no_json(text, str(error))) from None


def _no_json(text: bytes, problem: str) -> str:
    """Say where a text stops being JSON, without quoting it; msgspec names the byte and the kind of error."""
    found = re.search(r"\(byte (\d+)\)", problem)
    if not text.strip():
        return "nothing"
    if found is None:
        return "one that ends too early" if "truncated" in problem else "bytes that are not UTF-8"
    before = text[: int(found[1])]
    return f"text that is none from line {before.count(10) + 1}, column {len(before) - before.rfind(10)} on"


def _summary(contract: Contract) -> dict[str, Any]:
    kept = ("event_type", "kind", "summary", "topic", "key", "owner", "producers", "consumers")
    return {name: getattr(contract, name) for name in kept} | {"versions": _numbers(contract)}


def _dead_letters(contract: Contract) -> tuple[str, ...]:
    return tuple(dead_letter_topic(contract.topic, consumer) for consumer in contract.consumers)


def _numbers(contract: Contract) -> list[str]:
    return [version.number for major in contract.majors for version in major.versions]


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"


def _fields(version: Version) -> Table:
    schema = json.loads(version.writer)
    table = Table(box=None, pad_edge=False)
    for column in ("field", "type", "required", "description"):
        table.add_column(column, overflow="fold")
    for name, field in schema.get("properties", {}).items():
        required = "yes" if name in schema.get("required", ()) else ""
        table.add_row(name, _type(field), required, field.get("description", ""))
    return table


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join("null" if option is None else str(option) for option in field["enum"])
    kinds = field.get("type", "any")
    words = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "format" in field:
        words += f" ({field['format']})"
    if "maxLength" in field:
        words += f" ≤ {field['maxLength']}"
    return words

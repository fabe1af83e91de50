"""From a schema folder to the catalog that the runtime reads: pure, and the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from pyevents import catalog
from pyevents_codegen import naming
from pyevents_codegen.compose import canonical, message_schema
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion, TopicTable
from pyevents_codegen.opening import opened

__all__ = ["assemble", "text", "topics"]


def assemble(folder: Folder) -> catalog.Catalog:
    """Return the catalog of a schema folder."""
    contracts = tuple(_contract(contract, folder) for contract in folder.contracts)
    environments = {name: tuple(topics(folder.topics, name)) for name in sorted(folder.topics.environments)}
    return catalog.Catalog(catalog.FORMAT, tuple(topics(folder.topics)), contracts, environments)


def topics(table: TopicTable, environment: str | None = None) -> list[catalog.Topic]:
    """Return the topics of `topics.toml` with the settings of an environment; None is none in particular."""
    settings = {name: table.settings(name, environment) for name in table.topics}
    return [catalog.Topic(name, one.partitions, one.replication, one.config) for name, one in settings.items()]


def text(made: catalog.Catalog) -> bytes:
    """Return the bytes of `catalog.json`: a line for every topic and contract, so that two changes seldom meet."""
    environments = ",\n".join(f"{_json(name)}:[\n{_lines(found)}\n]" for name, found in made.environments.items())
    parts = {"topics": f"[\n{_lines(made.topics)}\n]", "contracts": f"[\n{_lines(made.contracts)}\n]"}
    parts |= {"environments": f"{{\n{environments}\n}}"}
    body = ",\n".join(f"{_json(name)}:{part}" for name, part in parts.items())
    return f'{{"format":{made.format},\n{body}}}\n'.encode()


def _lines(values: Iterable[Struct]) -> str:
    return ",\n".join(_json(value) for value in values)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _contract(contract: ContractFolder, folder: Folder) -> catalog.Contract:
    majors = tuple(
        catalog.Major(
            number=number,
            subject=naming.subject(contract.topic, contract.event_type, number),
            class_name=naming.class_name(contract.event_type, number),
            module=naming.module_name(contract.event_type),
            versions=tuple(_version(contract, version, folder) for version in versions),
        )
        for number, versions in contract.majors.items()
    )
    declared: dict[str, str] = contract.source.value.get("upcast", {})
    terms = {name: getattr(contract, name) for name in catalog.Terms.__struct_fields__}
    upcast = {older: path for older, path in declared.items() if not path.startswith("none:")}
    return catalog.Contract(**terms, majors=majors, upcast=upcast)


def _version(contract: ContractFolder, version: PayloadVersion, folder: Folder) -> catalog.Version:
    schema = canonical(message_schema(contract.event_type, version, folder.envelopes[version.envelope]))
    return catalog.Version(
        number=version.text,
        format=version.format,
        envelope=version.envelope,
        schema=schema,
        fingerprint=hashlib.sha256(schema.encode()).hexdigest(),
        writer=canonical(version.view),
        reader=canonical(opened(version.view)),
    )

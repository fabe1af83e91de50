"""From a schema folder to the catalog that the runtime reads: pure, and the same on every machine."""

from __future__ import annotations

import hashlib

import msgspec

from pyevents import catalog
from pyevents_codegen import naming
from pyevents_codegen.compose import canonical, message_schema
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion, TopicTable
from pyevents_codegen.opening import opened

__all__ = ["assemble", "text", "topics"]


def assemble(folder: Folder) -> catalog.Catalog:
    """Return the catalog of a schema folder; topics have the settings of no environment in particular."""
    contracts = tuple(_contract(contract, folder) for contract in folder.contracts)
    return catalog.Catalog(catalog.FORMAT, tuple(topics(folder.topics)), contracts)


def topics(table: TopicTable, environment: str | None = None) -> list[catalog.Topic]:
    """Return the topics of `topics.toml` with the settings of an environment; None is none in particular."""
    settings = {name: table.settings(name, environment) for name in table.topics}
    return [catalog.Topic(name, one.partitions, one.replication, one.config) for name, one in settings.items()]


def text(made: catalog.Catalog) -> bytes:
    """Return the bytes of `catalog.json`: a line for every topic and contract, so that two changes seldom meet."""
    lines = ",\n".join(msgspec.json.encode(topic).decode() for topic in made.topics)
    contracts = ",\n".join(msgspec.json.encode(contract).decode() for contract in made.contracts)
    return f'{{"format":{made.format},\n"topics":[\n{lines}\n],\n"contracts":[\n{contracts}\n]}}\n'.encode()


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
    return catalog.Contract(
        event_type=contract.event_type,
        kind=contract.kind,
        summary=contract.summary,
        topic=contract.topic,
        key=contract.key,
        owner=contract.owner,
        producers=contract.producers,
        consumers=contract.consumers,
        compatibility=contract.compatibility,
        registry_compatibility=contract.registry_compatibility,
        current=contract.current,
        majors=majors,
        upcast={older: path for older, path in declared.items() if not path.startswith("none:")},
    )


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

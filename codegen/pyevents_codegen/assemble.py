"""From a schema folder to the catalog that the runtime reads: pure, and the same on every machine."""

from __future__ import annotations

import hashlib

import msgspec

from pyevents import catalog
from pyevents_codegen import naming
from pyevents_codegen.compose import canonical, message_schema
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.opening import opened

__all__ = ["assemble", "text"]


def assemble(folder: Folder) -> catalog.Catalog:
    """Return the catalog of a schema folder; topics have the settings of no environment in particular."""
    topics = []
    for name in folder.topics.topics:
        settings = folder.topics.settings(name)
        topics.append(catalog.Topic(name, settings.partitions, settings.replication, settings.config))
    contracts = tuple(_contract(contract, folder) for contract in folder.contracts)
    return catalog.Catalog(catalog.FORMAT, tuple(topics), contracts)


def text(made: catalog.Catalog) -> bytes:
    """Return the bytes of `catalog.json`: a line for every topic and contract, so that two changes seldom meet."""
    topics = ",\n".join(msgspec.json.encode(topic).decode() for topic in made.topics)
    contracts = ",\n".join(msgspec.json.encode(contract).decode() for contract in made.contracts)
    return f'{{"format":{made.format},\n"topics":[\n{topics}\n],\n"contracts":[\n{contracts}\n]}}\n'.encode()


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

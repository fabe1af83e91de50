"""A probe: one marked event of a real type through a running stack and back, with a word for every part of it.

Consumers of this package skip what a probe sends (its envelope's `producer` is `pyevents-probe`); older services, which
do not know that, would handle it as any other event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pyevents.catalog import Loaded
from pyevents.codec import Encoded, Encoder
from pyevents.codec.framing import frame
from pyevents.envelope import PROBE
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid, EventRefused, ProbeLost
from pyevents.kafka import KafkaTransport
from pyevents.registry import Registry, Schema
from pyevents.transport import Delivery, Partition, Record

__all__ = ["probe", "probe_payload"]


def probe(
    catalog: Loaded,
    event_type: str,
    payload: Mapping[str, Any],
    transport: KafkaTransport,
    registry: Registry,
    timeout: float = 10.0,
) -> Iterator[str]:
    """Send one event through broker and registry, read it back, and yield a sentence for each part that works.

    Args:
        catalog: The contracts.
        event_type: Of the event.
        payload: Of the event; see `probe_payload`.
        transport: To the broker.
        registry: Asked for the schema's id, and for the schema of that id.
        timeout: Seconds for the way there, and as many for the way back.

    Raises:
        BrokerUnreachable: No broker answers.
        ConfigurationInvalid: The topic does not exist.
        RegistryError: The registry does not answer, or has not this schema.
        EventRefused: The contract refuses the payload.
        ProbeLost: The event did not arrive, or came back changed.
    """
    contract = catalog.contract(event_type)
    major, version = contract.find(None)
    encoded = Encoder(catalog, PROBE).encode_payload(contract.topic, event_type, payload, None, None)
    if contract.topic not in transport.topics(timeout):
        remedy = "Make it with `pyevents topics apply` or docker/kafka/create-topics.sh."
        raise ConfigurationInvalid(f"topic {contract.topic}", f"{transport.name} does not have it", remedy)
    yield f"broker {transport.name} answers and has the topic {contract.topic}"
    schema_id = registry.look_up(major.subject, Schema(version.format, version.schema))
    yield f"registry {registry.url} has {event_type} {version.number} as id {schema_id}"
    sent = frame(schema_id, encoded.body)
    place, offset = _send(transport, encoded, sent, timeout)
    yield f"{event_type} {encoded.event_id} sent, {len(encoded.body)} bytes"
    if _read(transport, place, offset, timeout) != sent:
        raise ProbeLost(contract.topic, f"other bytes came back from {place}@{offset} than were sent")
    if registry.schema_of(schema_id).format != version.format:
        raise ProbeLost(contract.topic, f"the registry's schema {schema_id} is of another format")
    yield "and read back as it was sent, schema id included"


def probe_payload(catalog: Loaded, topic: str) -> tuple[str, dict[str, Any]]:
    """Return an event type of a topic, and a payload with the fewest fields that its contract accepts.

    Raises:
        ConfigurationInvalid: No contract has the topic, or none accepts what can be made up for it.
    """
    contracts = [contract for contract in catalog.contracts.values() if contract.topic == topic]
    schemas = {contract.event_type: json.loads(contract.find(None)[1].writer) for contract in contracts}
    for event_type in sorted(schemas, key=lambda name: (len(schemas[name].get("required", ())), name)):
        schema = schemas[event_type]
        payload = {name: _made_up(schema["properties"][name]) for name in schema.get("required", ())}
        try:
            Encoder(catalog, PROBE).encode_payload(topic, event_type, payload, None, None)
        except EventRefused:  # another type of the topic may do
            continue
        return event_type, payload
    raise ConfigurationInvalid(
        "topic", f"no event of {topic!r} can be made up", "Give a payload: --type TYPE --payload-file FILE."
    )


def _made_up(field: dict[str, Any]) -> Any:
    """Return a small value for one field: enough for ids, names, dates and addresses."""
    if "enum" in field:
        return next(value for value in field["enum"] if value is not None)
    kinds = field.get("type", "string")
    kind = kinds if isinstance(kinds, str) else next(one for one in kinds if one != "null")
    if kind in ("integer", "number"):
        return max(1, field.get("minimum", 1))
    texts = {"date": "2000-01-01", "date-time": "2000-01-01T00:00:00Z", "email": "probe@example.org"}
    values = {"boolean": False, "array": [], "object": {}}
    return values.get(kind, texts.get(field.get("format", ""), "probe"))


def _send(transport: KafkaTransport, encoded: Encoded, message: bytes, timeout: float) -> tuple[Partition, int]:
    """Send a message, and return its place once the broker has it."""
    sender, answers = transport.sender(PROBE), list[Delivery]()
    deadline = time.monotonic() + timeout
    sender.send(Record(encoded.topic, encoded.key, message, (), encoded.timestamp), answers.append)
    while not answers and time.monotonic() < deadline:
        sender.poll(0.1)
    sender.close(0)
    if not answers:
        raise BrokerUnreachable(transport.name, f"it did not confirm the probe within {timeout:g} s")
    if answers[0].fault:
        raise ProbeLost(encoded.topic, f"the broker refuses it: {answers[0].fault.text}")
    return Partition(encoded.topic, answers[0].partition), answers[0].offset


def _read(transport: KafkaTransport, place: Partition, offset: int, timeout: float) -> bytes | None:
    reader = transport.reader(timeout)
    try:
        return next(reader.read({place: (offset, offset + 1)})).value
    except (BrokerUnreachable, StopIteration):
        problem = f"it was confirmed, and not to be read within {timeout:g} s"
        raise ProbeLost(place.topic, problem) from None
    finally:
        reader.close()

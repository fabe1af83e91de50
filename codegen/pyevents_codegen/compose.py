"""Message schemas: the envelope with a payload in its place, as text that the registry holds.

The text is frozen by `released.lock`; whatever changes it here changes every contract, so it is built from the files'
own keys in their own order, and from nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from pyevents_codegen import naming
from pyevents_codegen.folder import Envelope, PayloadVersion
from pyevents_codegen.references import moved

__all__ = ["PAYLOAD", "canonical", "message_schema"]

PAYLOAD = "#/properties/payload"
"""Where a JSON message schema holds its payload; the payload's own references are moved there."""


def canonical(schema: Any) -> str:
    """Return a schema as the one text that is registered, hashed and compared."""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def message_schema(event_type: str, version: PayloadVersion, envelope: Envelope) -> dict[str, Any]:
    """Compose the message schema of one version.

    Args:
        event_type: The contract's.
        version: Its payload schema.
        envelope: The one that the version names, in the version's format.

    Returns:
        A JSON Schema or an Avro schema, closed.
    """
    major = version.number[0]
    if version.format == "avro":
        assert envelope.avro is not None
        return _avro(envelope.avro.value, version.source.value, *naming.record_name(event_type, major))
    assert envelope.json is not None
    return _json(envelope.json.value, version.view, event_type, major)


def _json(envelope: dict[str, Any], payload: dict[str, Any], event_type: str, major: int) -> dict[str, Any]:
    properties = dict(envelope["properties"])
    properties["eventType"] = _described(properties["eventType"], {"type": "string", "const": event_type})
    properties["version"] = _described(
        properties["version"], {"type": "string", "maxLength": 20, "pattern": rf"^{major}\.[0-9]+$"}
    )
    inner = {key: value for key, value in payload.items() if key != "$schema"}
    properties["payload"] = moved(inner, lambda reference: PAYLOAD + reference.removeprefix("#"))
    return {
        "$schema": payload["$schema"],
        "title": naming.message_name(event_type, major),
        "description": envelope.get("description", "The fields around every payload."),
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _described(original: dict[str, Any], replacement: dict[str, Any]) -> dict[str, Any]:
    return {**replacement, "description": original["description"]} if "description" in original else replacement


def _avro(envelope: dict[str, Any], payload: dict[str, Any], namespace: str, name: str) -> dict[str, Any]:
    fields = [{**field, "type": payload} if field["name"] == "payload" else field for field in envelope["fields"]]
    described = {"doc": envelope["doc"]} if "doc" in envelope else {}
    return {"type": "record", "name": name, "namespace": namespace, **described, "fields": fields}

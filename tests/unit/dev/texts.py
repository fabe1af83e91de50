"""Schemas for the tests of the registry, and the body that carries one."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["avro", "posted", "record"]


def posted(schema: Any, kind: str = "JSON", **more: Any) -> dict[str, Any]:
    """Return the body that carries a schema."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return {"schema": text, "schemaType": kind, "references": []} | more


def record(**fields: str) -> dict[str, Any]:
    """Return a closed JSON Schema of these fields, of which a name with `_` at its end is required."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): {"type": kind} for name, kind in fields.items()},
        "required": [name.rstrip("_") for name in fields if name.endswith("_")],
        "additionalProperties": False,
    }


def avro(*fields: tuple[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return an Avro record of these fields."""
    return {
        "type": "record",
        "name": "Send",
        "namespace": "email",
        "fields": [
            {"name": name, "type": kind} | ({"default": defaults[name]} if name in defaults else {})
            for name, kind in fields
        ],
    }

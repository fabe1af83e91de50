"""A registry that is asked without a network."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.routes import answer


class Desk:
    """Where questions are asked in the words of the REST interface."""

    def __init__(self) -> None:
        self._registry = Registry()

    def ask(self, method: str, target: str, body: Any = None) -> Any:
        payload = b"" if body is None else json.dumps(body).encode()
        return answer(self._registry, method, target, payload)

    def code(self, method: str, target: str, body: Any = None) -> int:
        """Return the error code of a question that must be refused."""
        with pytest.raises(Refusal) as refused:
            self.ask(method, target, body)
        return refused.value.code

    def register(self, subject: str, schema: Any, kind: str = "JSON", **more: Any) -> Any:
        return self.ask("POST", f"/subjects/{quote(subject, safe='')}/versions", posted(schema, kind, **more))


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


@pytest.fixture
def desk() -> Desk:
    return Desk()

"""Where a registry is asked in the words of the REST interface, without a network."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.routes import answer
from tests.unit.dev.texts import posted

__all__ = ["Desk"]


class Desk:
    """A registry of its own, and the questions that it is asked."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry or Registry()

    def close(self) -> None:
        self._registry.store.close()

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

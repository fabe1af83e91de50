"""From the bytes of a message straight into the class, where the class implies all but a little of the schema.

Decoding into dictionaries, judging them, and making an object of them costs three times as much. What is refused here
is read the long way, which alone can say why; so this reader may refuse too much, and never too little.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pyevents.codec.residue import Check
from pyevents.envelope import Envelope

__all__ = ["Direct"]


class Direct:
    """Reads the messages of one major of one event type.

    Args:
        event_type: That the envelope has to name.
        versions: One of which it has to name.
        cls: The class of the major.
        checks: What the schema has to say beyond it.
    """

    def __init__(self, event_type: str, versions: frozenset[str], cls: type[Struct], checks: list[Check]) -> None:
        typed = msgspec.defstruct("TypedEnvelope", [("payload", cls)], bases=(Envelope,), frozen=True, rename="camel")
        self._decode = msgspec.json.Decoder(typed).decode
        self._event_type = event_type
        self._versions = versions
        self._checks = checks

    def read(self, body: bytes) -> tuple[Envelope, Struct] | None:
        """Return the envelope and the object of a message, or None where that needs a closer look."""
        try:
            if not body.isascii():
                body.decode()  # msgspec does not look at text in fields that the class does not have
            raw: Any = self._decode(body)
            payload = raw.payload
            for field, accepts, nullable, plain in self._checks:
                value = getattr(payload, field) if field else payload
                if value is UNSET or (nullable and value is None):
                    continue
                if not accepts(msgspec.to_builtins(value) if plain else value):
                    return None
        except (ValueError, TypeError, RecursionError):
            return None
        return (raw, payload) if raw.event_type == self._event_type and raw.version in self._versions else None

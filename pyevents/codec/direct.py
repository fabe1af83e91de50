"""From the bytes of a message straight into the class, where the class implies all but a little of the schema.

Decoding into dictionaries, judging all of them, and making an object of them takes a third to a half more. What is
refused here is read the long way, which alone can say why; so this reader may refuse too much, and never too little.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypedDict

import msgspec
from msgspec import UNSET, Struct

from pyevents.codec.residue import Residue
from pyevents.envelope import Envelope

__all__ = ["Direct"]


class Direct:
    """Reads the messages of one major of one event type.

    Args:
        event_type: That the envelope has to name.
        versions: One of which it has to name.
        cls: The class of the major.
        residue: What its schema asks for beyond it.
    """

    def __init__(self, event_type: str, versions: frozenset[str], cls: type[Struct], residue: Residue) -> None:
        typed = msgspec.defstruct("TypedEnvelope", [("payload", cls)], bases=(Envelope,), frozen=True, rename="camel")
        # mypy knows only dictionaries whose keys it can read.
        rest: Any = TypedDict("rest", dict.fromkeys(residue.names, Any), total=False)  # type: ignore[misc]
        around: Any = msgspec.defstruct("Rest", [("payload", rest)])
        look: Callable[[Any], Any] = attrgetter(*residue.fields) if residue.fields else lambda _: None
        fields, names = residue.fields, dict(zip(residue.fields, residue.names, strict=False))
        self._decode = msgspec.json.Decoder(typed).decode
        self._decode_rest = msgspec.json.Decoder(around).decode
        self._look = look if len(fields) > 1 else lambda payload: (look(payload),)
        self._absent = (UNSET,) * len(fields)
        self._looked: Any = msgspec.defstruct("Looked", [(field, Any, UNSET) for field in fields], rename=names)
        self._event_type = event_type
        self._versions = versions
        self._residue = residue
        self._most_absent = len(cls.__struct_fields__) - residue.fewest

    def read(self, body: bytes) -> tuple[Envelope, Struct] | None:
        """Return the envelope and the object of a message, or None where that needs a closer look."""
        residue = self._residue
        try:
            if not body.isascii():
                body.decode()  # msgspec does not look at text in fields that nobody knows
            raw: Any = self._decode(body)
            if residue.names and (found := self._look(raw.payload)) != self._absent:
                rest = msgspec.to_builtins(self._looked(*found)) if residue.shown else self._decode_rest(body).payload
                if not residue.accepts(rest):
                    return None
        except (ValueError, TypeError, RecursionError):
            return None
        if raw.event_type != self._event_type or raw.version not in self._versions:
            return None
        if residue.fewest and msgspec.structs.astuple(raw.payload).count(UNSET) > self._most_absent:
            return None
        return raw, raw.payload

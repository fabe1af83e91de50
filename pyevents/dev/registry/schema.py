"""One schema as it was posted: whether it is one, and when two are the same; it knows no subjects and no ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pyevents.dev.registry.refusal import Refusal

__all__ = ["KINDS", "Schema", "read_schema"]

KINDS = ("JSON", "AVRO")

_COMPANIONS = ("metadata", "ruleSet")


class Schema(NamedTuple):
    """A valid schema.

    `text` is compact JSON in the order given. `companions` are the metadata and rules that came with it, as
    compact JSON: they belong to the schema, so with others it is another schema.
    """

    kind: str
    text: str
    companions: str = "{}"

    @property
    def identity(self) -> tuple[str, str, str]:
        """Equal for the same content: the order of attributes means nothing in Avro, spaces mean nothing at all."""
        text = _compact(json.loads(self.text), sort=True) if self.kind == "AVRO" else self.text
        return (self.kind, text, self.companions)

    @property
    def guid(self) -> str:
        """A name for the content that is the same in every registry of this kind."""
        digest = hashlib.sha256("\x00".join(self.identity).encode("utf-8", "surrogatepass")).digest()
        return str(UUID(bytes=digest[:16]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as clients read it; a missing type means Avro to them."""
        kind = {} if self.kind == "AVRO" else {"schemaType": self.kind}
        return {"schema": self.text, "guid": self.guid, **kind, **json.loads(self.companions)}


def read_schema(body: Mapping[str, Any]) -> Schema:
    """Return the schema that a request carries.

    Args:
        body: With `schema` (text), `schemaType` (Avro if absent), `references`, `metadata`, `ruleSet`.

    Raises:
        Refusal: It is no schema, or needs what this registry does not have.
    """
    kind, text = body.get("schemaType") or "AVRO", body.get("schema")
    if kind not in KINDS:
        raise _refused(f"the type {kind!r} is not one of {', '.join(KINDS)}")
    if body.get("references"):
        raise _refused("this registry takes no references to other schemas")
    if not isinstance(text, str) or not text:
        raise _refused("there is no text in `schema`")
    value = _parse(text, kind)
    (_check_avro if kind == "AVRO" else _check_json)(value)
    companions = {name: body[name] for name in _COMPANIONS if body.get(name)}
    return Schema(kind, _compact(value), _compact(companions, sort=True))


def _parse(text: str, kind: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    except ValueError as error:
        if kind == "AVRO" and text.isidentifier():
            return text  # a primitive type may be posted as a bare word: long
        raise _refused(f"it is not JSON: {error}") from None


def _check_json(value: Any) -> None:
    import jsonschema_rs

    try:
        if isinstance(value, dict) and "$schema" in value:
            jsonschema_rs.validator_for(value, offline=True)
        else:
            jsonschema_rs.Draft7Validator(value, offline=True)
    except ValueError as error:
        raise _refused(str(error).split("\n", 1)[0]) from None


def _check_avro(value: Any) -> None:
    from fastavro.schema import SchemaParseException, parse_schema

    try:
        parse_schema(value)
    except (SchemaParseException, ValueError) as error:
        raise _refused(f"{error}") from None
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(f"it is no Avro schema ({type(error).__name__}: {error})") from None


def _compact(value: Any, *, sort: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)


def _refused(problem: str) -> Refusal:
    return Refusal(42201, f"Invalid schema: {problem}")

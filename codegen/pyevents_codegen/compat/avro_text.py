"""Owns reading Avro schema texts, making their names comparable, and what the official checker says of two."""

import json
import warnings
from functools import lru_cache
from typing import Any

import avro.errors
import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from pyevents_codegen.compat.document import parse_json
from pyevents_codegen.compat.verdict import Json, SchemaRefused

__all__ = ["clashes", "read_avro", "without_logical_types"]

_NAMED = ("record", "error", "enum", "fixed")


@lru_cache(maxsize=32)
def read_avro(text: str, role: str) -> tuple[avro.schema.Schema, Json]:
    """Parse *text* as an Avro schema, aliases of named types qualified by namespace.

    The official checker compares a reader's aliases with the writer's full name as they are written; the
    specification reads an alias without a dot in the namespace of the type that bears it.

    Returns:
        The parsed schema and the JSON value that it was parsed from.

    Raises:
        SchemaRefused: Not JSON, or no Avro schema.
    """
    value = _qualified(parse_json(text, role), "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return avro.schema.parse(json.dumps(value)), value
    except (avro.errors.AvroException, ValueError, TypeError, KeyError, AttributeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise SchemaRefused(f"the {role} is not a valid Avro schema: {first}") from None


def clashes(reader: avro.schema.Schema, writer: avro.schema.Schema) -> list[tuple[str, str]]:
    """Return what keeps a reader from resolving a writer, by the official checker: rule and place in the schema.

    The rules are Schema Resolution of the Avro specification 1.12 as `avro.compatibility` states them.
    """
    found = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)  # type: ignore[no-untyped-call]
    if found.compatibility is SchemaCompatibilityType.compatible:
        return []
    places = sorted(found.locations) or [""]
    rules = [str(rule.name) for rule in found.incompatibilities] or ["incompatible"]
    return [(rule, places[min(number, len(places) - 1)]) for number, rule in enumerate(rules)]


def without_logical_types(value: Json) -> Json:
    """Return *value* with every logical type taken away: resolution is about the types below them."""
    if isinstance(value, dict):
        return {
            key: member if key in ("default", "doc") else without_logical_types(member)
            for key, member in value.items()
            if key != "logicalType"
        }
    return [without_logical_types(member) for member in value] if isinstance(value, list) else value


def _qualified(value: Json, namespace: str) -> Json:
    if isinstance(value, list):
        return [_qualified(member, namespace) for member in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = dict(value)
    kind, name = value.get("type"), value.get("name")
    if isinstance(kind, str) and kind in _NAMED and isinstance(name, str):
        if "." in name:
            namespace = name.rpartition(".")[0]
        elif isinstance(value.get("namespace"), str):
            namespace = value["namespace"]
        if isinstance(value.get("aliases"), list):
            out["aliases"] = [_full(alias, namespace) for alias in value["aliases"]]
    for key in ("type", "items", "values"):
        if key in out:
            out[key] = _qualified(out[key], namespace)
    if isinstance(out.get("fields"), list):
        out["fields"] = [_qualified(field, namespace) for field in out["fields"]]
    return out


def _full(alias: Json, namespace: str) -> Json:
    if not isinstance(alias, str) or "." in alias or not namespace:
        return alias
    return f"{namespace}.{alias}"

"""Owns which subschemas of a document speak about a place in a message; draws no values."""

import re
from collections.abc import Iterator

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.verdict import Json

__all__ = ["child_schemas", "flattened", "search"]


def flattened(document: Document, schemas: list[Json]) -> list[dict[str, Json]]:
    """Return every object schema that bears on the same value, through references and combinators.

    Polarity is ignored on purpose: a bound below `not` is as interesting a boundary as one above it.
    """
    seen: set[int] = set()
    out: list[dict[str, Json]] = []
    pending = list(schemas)
    while pending and len(out) < 400:
        schema = pending.pop(0)
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        out.append(schema)
        pending.extend(_beside(document, schema))
    return out


def _beside(document: Document, schema: dict[str, Json]) -> Iterator[Json]:
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = schema.get(keyword)
        if isinstance(reference, str):
            yield document.resolve(reference)
    for keyword in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(keyword), list):
            yield from schema[keyword]
    for keyword in ("not", "if", "then", "else"):
        yield schema.get(keyword)
    for keyword in ("dependencies", "dependentSchemas"):
        if isinstance(schema.get(keyword), dict):
            yield from schema[keyword].values()


def child_schemas(document: Document, flat: list[dict[str, Json]], step: str | int) -> list[Json]:
    """Return the schemas that speak about the member *step* of a value that *flat* speaks about."""
    out: list[Json] = []
    for schema in flat:
        out.extend(_for_name(schema, step) if isinstance(step, str) else _for_index(schema, step))
    return out


def _for_name(schema: dict[str, Json], name: str) -> Iterator[Json]:
    known = False
    properties = schema.get("properties")
    if isinstance(properties, dict) and name in properties:
        known = True
        yield properties[name]
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict):
        for pattern, child in patterns.items():
            if search(pattern, name):
                known = True
                yield child
    if not known:
        yield from (schema[k] for k in ("additionalProperties", "unevaluatedProperties") if k in schema)


def _for_index(schema: dict[str, Json], index: int) -> Iterator[Json]:
    items = schema.get("items")
    first = items if isinstance(items, list) else schema.get("prefixItems")
    if isinstance(first, list) and index < len(first):
        yield first[index]
    elif isinstance(items, list):
        yield schema.get("additionalItems", True)
    elif items is not None:
        yield items
    yield from (schema[k] for k in ("contains", "unevaluatedItems") if k in schema)


def search(pattern: str, text: str) -> bool:
    """Say whether *pattern* occurs in *text*; False where Python cannot read the pattern."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError):
        return False

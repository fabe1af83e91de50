"""Owns which subschemas of a document speak about a place in a message, and where two documents differ."""

import re
from collections.abc import Iterator

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.kinds import kinds
from pyevents_codegen.compat.verdict import Json

__all__ = ["Path", "child_schemas", "differing", "flattened", "same_definitions", "schemas_at", "search"]

Path = tuple[str | int, ...]
_Flat = list[dict[str, Json]]
_DEEPEST = 24
_MOST = 2_000  # places looked at
_RETURNS = 60  # places returned


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


def differing(reader: Document, writer: Document) -> list[Path]:
    """Return where the two differ: paths into a message, those of the smallest differing parts first."""
    found: list[Path] = []
    seen: set[tuple[frozenset[int], frozenset[int]]] = set()
    shared = same_definitions(reader, writer)
    pending: list[tuple[Path, _Flat, _Flat]] = [
        ((), flattened(writer, [writer.value]), flattened(reader, [reader.value]))
    ]
    while pending and len(seen) < _MOST:
        path, theirs, ours = pending.pop(0)
        pair = frozenset(map(id, theirs)), frozenset(map(id, ours))
        if pair in seen or len(path) > _DEEPEST:
            continue
        seen.add(pair)
        found.append(path)
        for step in _steps_into(theirs + ours):
            kind = "object" if isinstance(step, str) else "array"
            if not (_may_be(kind, theirs) and _may_be(kind, ours)):
                continue  # whatever is there shows the break already
            below = child_schemas(writer, theirs, step), child_schemas(reader, ours, step)
            if not (shared and below[0] == below[1]):
                pending.append(((*path, step), flattened(writer, below[0]), flattened(reader, below[1])))
    return sorted(found, key=len, reverse=True)[:_RETURNS]


def schemas_at(document: Document, path: Path) -> _Flat:
    """Return every schema of a document that bears on the value at a path."""
    flat = flattened(document, [document.value])
    for step in path:
        flat = flattened(document, child_schemas(document, flat, step))
    return flat


def _steps_into(schemas: _Flat) -> Iterator[str | int]:
    names: dict[str | int, None] = {}
    for schema in schemas:
        if isinstance(schema.get("properties"), dict):
            names.update(dict.fromkeys(schema["properties"]))
        first = schema.get("prefixItems", schema.get("items"))
        if isinstance(first, list):
            names.update(dict.fromkeys(range(min(len(first), 6))))
        elif {"items", "contains", "additionalItems"} & schema.keys():
            names[0] = None
    yield from names


def _may_be(kind: str, schemas: _Flat) -> bool:
    typed = [schema for schema in schemas if "type" in schema]
    return not typed or any(kind in kinds(schema) for schema in typed)


def same_definitions(reader: Document, writer: Document) -> bool:
    """Say whether equal subschemas of the two mean the same, because what they refer to is equal."""
    if not (isinstance(reader.value, dict) and isinstance(writer.value, dict)):
        return True
    return all(reader.value.get(keyword) == writer.value.get(keyword) for keyword in ("definitions", "$defs"))

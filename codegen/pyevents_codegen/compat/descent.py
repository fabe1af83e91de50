"""Owns finding the places where two schemas say different things, by equal pointers, deepest first; draws nothing."""

from collections.abc import Iterator

from pyevents_codegen.compat.branches import kinds
from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.places import child_schemas, flattened
from pyevents_codegen.compat.verdict import Json

__all__ = ["Path", "differing", "same_definitions", "schemas_at"]

Path = tuple[str | int, ...]
_Flat = list[dict[str, Json]]
_DEEPEST = 24
_MOST = 2_000  # places looked at
_RETURNS = 60  # places returned


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
        for step in _steps(theirs + ours):
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


def _steps(schemas: _Flat) -> Iterator[str | int]:
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

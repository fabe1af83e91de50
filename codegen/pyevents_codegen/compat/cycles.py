"""Owns finding references that come back to themselves without going a step into the message."""

from collections.abc import Iterator

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.verdict import Json
from pyevents_codegen.tree import objects

__all__ = ["turns_in_place"]


def turns_in_place(document: Document) -> bool:
    """Say whether a `$ref` leads back to itself through nothing but `$ref` and combinators.

    The specification leaves such a schema undefined (core, "Guarding Against Infinite Recursion"), and the
    two validators answer it differently; a recursion through `properties` or `items` is fine.
    """
    done: set[int] = set()
    return any(
        "$ref" in node and id(node) not in done and _returns(document, node, done) for node in objects(document.value)
    )


def _returns(document: Document, start: Json, done: set[int]) -> bool:
    on_path: set[int] = {id(start)}
    stack: list[tuple[Json, Iterator[Json]]] = [(start, _same_place(document, start))]
    while stack:
        node, following = stack[-1]
        child = next(following, None)
        if child is None:
            stack.pop()
            on_path.discard(id(node))
            done.add(id(node))
        elif isinstance(child, dict) and id(child) not in done:
            if id(child) in on_path:
                return True
            on_path.add(id(child))
            stack.append((child, _same_place(document, child)))
    return False


def _same_place(document: Document, schema: dict[str, Json]) -> Iterator[Json]:
    if isinstance(schema.get("$ref"), str):
        yield document.resolve(schema["$ref"])
        if document.draft <= 7:
            return
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from (member for member in _list(schema.get(keyword)) if member is not None)
    for keyword in ("not", "if", "then", "else"):
        if schema.get(keyword) is not None:
            yield schema[keyword]
    for keyword in ("dependencies", "dependentSchemas"):
        if isinstance(schema.get(keyword), dict):
            yield from (member for member in schema[keyword].values() if member is not None)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []

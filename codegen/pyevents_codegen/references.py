"""The local references of a JSON Schema: which there are, whether they lead somewhere, and how they move.

Contracts are self-contained: a reference is `#` or `#/…`, never an address. Nothing here touches a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyevents_codegen.finding import Finding
from pyevents_codegen.pointer import escape, tokens
from pyevents_codegen.source import Source

__all__ = ["LISTS", "MAPS", "SINGLE", "children", "findings", "followed", "mapped", "moved", "resolve", "subschemas"]

MAPS = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"})
"""Keywords whose values hold subschemas by name."""

LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords that hold a list of subschemas; `items` may be one too."""

SINGLE = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
        "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
"""Keywords that hold one subschema."""

_FOREIGN = {
    "$id": "an identifier would change what references mean inside a message schema",
    "$anchor": "only JSON pointers name a place here",
    "$dynamicAnchor": "only JSON pointers name a place here",
    "$recursiveAnchor": "only JSON pointers name a place here",
    "$dynamicRef": "only $ref with a JSON pointer is read",
    "$recursiveRef": "only $ref with a JSON pointer is read",
}


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every subschema with its pointer, the schema itself first; examples, enums and defaults are none."""
    if not isinstance(schema, dict | bool):
        return
    yield pointer, schema
    if isinstance(schema, bool):
        return
    for keyword, token, child in children(schema):
        yield from subschemas(
            child, f"{pointer}/{keyword}" if token is None else f"{pointer}/{keyword}/{escape(token)}"
        )


def children(schema: dict[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """Yield the subschemas directly below a schema: keyword, token below the keyword if there is one, subschema."""
    for keyword, value in schema.items():
        if keyword in MAPS and isinstance(value, dict):
            for key, child in value.items():
                yield keyword, key, child
        elif keyword in LISTS or (keyword == "items" and isinstance(value, list)):
            for index, child in enumerate(value if isinstance(value, list) else []):
                yield keyword, str(index), child
        elif keyword in SINGLE:
            yield keyword, None, value


def mapped(schema: Any, rewritten: Callable[[dict[str, Any], str], Any], pointer: str = "#") -> Any:
    """Return a copy with every subschema rewritten, outer ones first; `rewritten` is given each with its pointer."""
    if not isinstance(schema, dict):
        return schema
    schema = rewritten(schema, pointer)
    made: dict[str, Any] = dict(schema)
    for keyword, value in schema.items():
        at = f"{pointer}/{keyword}"
        if keyword in MAPS and isinstance(value, dict):
            made[keyword] = {key: mapped(child, rewritten, f"{at}/{escape(key)}") for key, child in value.items()}
        elif keyword in LISTS | {"items"} and isinstance(value, list):
            made[keyword] = [mapped(child, rewritten, f"{at}/{index}") for index, child in enumerate(value)]
        elif keyword in SINGLE:
            made[keyword] = mapped(value, rewritten, at)
    return made


def moved(schema: Any, target: Callable[[str], str]) -> Any:
    """Return a copy in which every `$ref` is what `target` makes of it; data such as enums is left alone."""

    def rewritten(one: dict[str, Any], _: str) -> dict[str, Any]:
        reference = one.get("$ref")
        return {**one, "$ref": target(reference)} if isinstance(reference, str) else one

    return mapped(schema, rewritten)


def resolve(root: Any, reference: str) -> Any:
    """Return the subschema that a local reference names.

    Raises:
        LookupError: There is none.
    """
    found = root
    for key in tokens(reference):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def followed(root: dict[str, Any], schema: Any) -> Any:
    """Return what a schema says with its references followed, as far as they lead to an object of words."""
    for _ in range(10):
        if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str)):
            break
        target = resolve(root, schema["$ref"])
        if not isinstance(target, dict):
            break
        schema = target
    return schema


def findings(source: Source) -> Iterator[Finding]:
    """Say which references and identifiers a payload schema may not have."""
    for pointer, schema in subschemas(source.value):
        if isinstance(schema, bool):
            continue
        for keyword, why in _FOREIGN.items():
            if keyword in schema:
                yield source.finding("schema-self-contained", f"{pointer}/{keyword}", why, f"Remove {keyword!r}.")
        if pointer and "$schema" in schema:
            message = "only the top of a schema says its draft"
            yield source.finding("schema-draft", f"{pointer}/$schema", message, "Remove this $schema.")
        if isinstance(reference := schema.get("$ref"), str):
            yield from _reference(source, f"{pointer}/$ref", reference)


def _reference(source: Source, pointer: str, reference: str) -> Iterator[Finding]:
    if reference != "#" and not reference.startswith("#/"):
        message = "the reference leads out of the file; contracts are self-contained"
        remedy = "Copy the schema under `definitions` and write `#/definitions/…`."
        yield source.finding("schema-self-contained", pointer, message, remedy)
        return
    try:
        resolve(source.value, reference)
    except (LookupError, ValueError, TypeError):
        message = f"the reference {reference!r} leads nowhere"
        yield source.finding("schema-reference", pointer, message, "Correct it, or add what it names.")

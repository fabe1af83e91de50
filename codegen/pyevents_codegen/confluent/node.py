"""A JSON Schema as the registry's parser sees it: a tree of typed nodes, some of which stand for several keywords.

One schema object may become several nodes: `{"type": "string", "enum": […]}` is the intersection of a string and an
enumeration. Which keywords are looked at, and as what, decides most verdicts; the comparison itself is in `differ`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs

from pyevents_codegen.draft import DRAFTS, draft_of
from pyevents_codegen.references import resolve
from pyevents_codegen.tree import objects

__all__ = ["DESCRIPTIONS", "Document", "Node", "Unreadable", "frozen"]

_KEYWORDS = {
    kind: frozenset(names.split())
    for kind, names in {
        "array": "items additionalItems minItems maxItems uniqueItems contains",
        "object": "properties required minProperties maxProperties dependencies patternProperties "
        "additionalProperties propertyNames",
        "number": "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf",
        "string": "minLength maxLength pattern format",
    }.items()
}
_TYPES = frozenset({*_KEYWORDS, "integer", "boolean", "null"})


class Unreadable(ValueError):
    """The registry takes this text for no schema; the message says why."""


class Node(NamedTuple):
    """One node.

    Attributes:
        kind: `string`, `number`, `object`, `array`, `boolean`, `null`, `enum`, `const`, `not`, `conditional`,
            `combined`, `empty` (admits everything) or `false`.
        schema: The schema object whose keywords it has.
        criterion: Of a combined node: `allOf`, `anyOf`, `oneOf`.
        parts: Of a combined node, or the negated one.
        integer: Of a number: only whole ones.
    """

    kind: str
    schema: Mapping[str, Any]
    criterion: str = ""
    parts: tuple[Node, ...] = ()
    integer: bool = False

    @property
    def size(self) -> int:
        """How many parts a combined node has."""
        return len(self.parts)

    def get(self, keyword: str, default: Any = None) -> Any:
        """Return a keyword's value."""
        return self.schema.get(keyword, default)


EMPTY = Node("empty", {})

DESCRIPTIONS = ("$id", "title", "description", "default")
"""Keywords that say nothing about a message; a change of them is named and always compatible."""

_BESIDE = frozenset({"$ref", *DESCRIPTIONS, "$defs", "definitions", "$schema", "$comment"})
"""Keywords that leave a `$ref` beside them a plain reference."""


class Document:
    """One schema text, read; `modern` are the drafts from 2019-09 on, `refers` says that it may hold a `$ref`.

    Args:
        text: JSON.

    Raises:
        Unreadable: It is not JSON, or no schema.
    """

    def __init__(self, text: str) -> None:
        try:
            self._root = json.loads(text)
        except (ValueError, RecursionError):
            raise Unreadable("it is not JSON") from None
        if not isinstance(self._root, bool | dict):
            raise Unreadable(f"a schema is an object or a boolean, not a {type(self._root).__name__}")
        draft = draft_of(self._root) or 7
        _check(self._root, draft)
        self.modern = draft > 7
        self.refers = "$ref" in text or "\\u" in text
        self._draft = draft
        self._kept: dict[int, tuple[Any, Node]] = {}
        self.root = self.node(self._root)

    def node(self, schema: Any) -> Node:
        """Return the node of a schema in this document; the same one for the same place."""
        kept = self._kept.get(id(schema))
        if kept is None:
            kept = self._kept[id(schema)] = (schema, self._load(schema, ()))
        return kept[1]

    def _load(self, schema: Any, followed: tuple[str, ...]) -> Node:
        if isinstance(schema, bool):
            return EMPTY if schema else Node("false", {})
        if not isinstance(schema, dict):
            raise Unreadable(f"a schema is an object or a boolean, not a {type(schema).__name__}")
        if "$ref" in schema and not (self.modern and schema.keys() - _BESIDE):
            return self._target(schema["$ref"], followed)
        given = _as_draft_7(schema) if self.modern else schema
        nodes = list(self._parts(given, followed))
        if len(nodes) < 2:
            return nodes[0] if nodes else Node("empty", given)
        bare = {name: value for name, value in given.items() if name not in DESCRIPTIONS}
        return Node("combined", given, "allOf", tuple(node._replace(schema=bare) for node in nodes))

    def _distinct(self, schemas: Any) -> tuple[Node, ...]:
        """Return the nodes of a list of schemas; those that are written twice count once."""
        return tuple(self.node(part) for part in {frozen(part): part for part in schemas}.values())

    def _target(self, reference: Any, followed: tuple[str, ...]) -> Node:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in followed:
            raise Unreadable(f"the reference {reference!r} cannot be followed")
        try:
            found = self._named(reference) or resolve(self._root, reference)
        except (LookupError, ValueError, TypeError):
            raise Unreadable(f"the reference {reference!r} leads nowhere") from None
        if isinstance(found, dict) and "$ref" in found:
            return self._load(found, (*followed, reference))
        return self.node(found)

    def _named(self, reference: str) -> Any:
        """Return the schema that bears this name as its `$id`, or as its `$anchor`."""
        if reference[1:2] in ("", "/"):
            return None
        wanted = {"$id": reference, "$anchor": reference.removeprefix("#")}.items()
        return next((one for one in objects(self._root) if any(one.get(key) == name for key, name in wanted)), None)

    def _parts(self, schema: Mapping[str, Any], followed: tuple[str, ...]) -> Iterator[Node]:
        """Yield one node for each group of keywords; a type takes its own keywords, what is left speaks for itself."""
        if "$ref" in schema:
            yield self._target(schema["$ref"], followed)
        if "enum" in schema:
            yield Node("enum", schema)
        for criterion in ("allOf", "anyOf", "oneOf"):
            if criterion in schema:
                yield Node("combined", schema, criterion, self._distinct(schema[criterion]))
        if "not" in schema:
            yield Node("not", schema, parts=(self.node(schema["not"]),))
        if "const" in schema and self._draft >= 6:
            yield Node("const", schema)
        types, taken = schema.get("type"), set[str]()
        if isinstance(types, str):
            yield _typed(types, schema)
            taken |= _KEYWORDS.get(_kind(types), frozenset())
        elif isinstance(types, list):
            yield Node("combined", schema, "anyOf", tuple(_typed(name, schema) for name in types))
            taken.update(*(_KEYWORDS.get(_kind(name), frozenset()) for name in types))
        for kind, keywords in _KEYWORDS.items():
            if (schema.keys() & keywords) - taken:
                yield Node(kind, schema)
        if self._draft >= 7 and schema.keys() & {"if", "then", "else"}:
            yield Node("conditional", schema)


def _check(root: Any, draft: int) -> None:
    """Raise `Unreadable` where the text breaks its draft's own rules."""
    try:
        if isinstance(root, dict):
            jsonschema_rs.meta.validate({**root, "$schema": DRAFTS[draft]})
    except ValueError as error:
        raise Unreadable(str(error).split("\n", 1)[0]) from None


def _kind(name: str) -> str:
    return "number" if name == "integer" else name


def _typed(name: Any, schema: Mapping[str, Any]) -> Node:
    if name not in _TYPES:
        raise Unreadable(f"{name!r} is no type")
    return Node(_kind(name), schema, integer=name == "integer")


def _as_draft_7(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of a newer draft with the keywords that draft 7 has for the same.

    Of these drafts the registry's parser tells no `$id`, and takes an empty `properties` for none.
    """
    renamed = {name: value for name, value in schema.items() if name != "$id" and (name, value) != ("properties", {})}
    if "prefixItems" in renamed or isinstance(renamed.get("items"), bool):
        rest = renamed.pop("items", None)
        if "prefixItems" in renamed:
            renamed["items"] = renamed.pop("prefixItems")
        if rest is not None:
            renamed["additionalItems"] = rest
    for new, old in (("unevaluatedItems", "additionalItems"), ("unevaluatedProperties", "additionalProperties")):
        if new in renamed:
            renamed.setdefault(old, renamed.pop(new))
    if "contains" in renamed:
        renamed.setdefault("minContains", 1)
    depending = [renamed.pop(name) for name in ("dependentSchemas", "dependentRequired") if name in renamed]
    if depending:
        renamed["dependencies"] = {name: value for group in depending for name, value in group.items()}
    return renamed


def frozen(value: Any) -> Any:
    """Return a JSON value as something that sets can hold; true is not 1 there."""
    if isinstance(value, dict):
        return ("object", frozenset((key, frozen(member)) for key, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(frozen(member) for member in value))
    return (type(value).__name__, value)

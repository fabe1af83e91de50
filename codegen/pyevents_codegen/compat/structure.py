"""Owns the proof by structure: member by member, through recursive references; searches nothing.

jsonschema-rs proves no containment between recursive schemas. For schemas that are built of objects,
arrays and alternatives only, it is enough to compare place by place and, where a pair of references
comes back to itself, to assume what is being proved (coinduction: a shortest counterexample would hold a
shorter one). Leaves without references go to the canonical proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.verdict import Json

__all__ = ["contained_by_structure"]

_SILENT = {"title", "description", "default", "examples", "$comment", "definitions", "$defs", "$schema"}
_BELOW = {"properties", "additionalProperties", "items"}
_SHELL = {"type", "required", "minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems"}
_MOST = 2_000
_Pair = tuple[int, int]


def contained_by_structure(reader: Document, writer: Document, covers: Callable[[Document, Document], bool]) -> bool:
    """Say whether *reader* admits all of *writer* place by place; False means nothing.

    Args:
        reader: Of the same draft as *writer*.
        writer: See above.
        covers: The proof for two schemas that hold no references.
    """
    return _Proof(reader, writer, covers).holds(reader.value, writer.value, frozenset())


@dataclass
class _Proof:
    reader: Document
    writer: Document
    covers: Callable[[Document, Document], bool]
    steps: int = 0

    def holds(self, ours: Json, theirs: Json, assumed: frozenset[_Pair]) -> bool:
        self.steps += 1
        if self.steps > _MOST:
            return False
        ours, theirs = _followed(self.reader, ours), _followed(self.writer, theirs)
        if theirs is False or ours is True or ours == {}:
            return True
        pair = (id(ours), id(theirs))
        if pair in assumed:
            return True
        if not (_refers(ours) or _refers(theirs)):
            return self._leaf(ours, theirs)
        if not (isinstance(ours, dict) and isinstance(theirs, dict)):
            return False
        assumed |= {pair}
        for keyword in ("anyOf", "oneOf"):
            if _says(theirs) == {keyword}:
                return all(self.holds(ours, branch, assumed) for branch in theirs[keyword])
        if _says(ours) == {"anyOf"}:
            return any(self.holds(branch, theirs, assumed) for branch in ours["anyOf"])
        plain = _BELOW | _SHELL
        if not (_says(ours) <= plain and _says(theirs) <= plain):
            return False
        if isinstance(ours.get("items"), list) or isinstance(theirs.get("items"), list):
            return False
        return self._leaf(_only(ours, _SHELL), _only(theirs, _SHELL)) and all(
            self.holds(mine, yours, assumed) for mine, yours in _places(ours, theirs)
        )

    def _leaf(self, ours: Json, theirs: Json) -> bool:
        return self.covers(_alone(self.reader, ours), _alone(self.writer, theirs))


def _places(ours: dict[str, Json], theirs: dict[str, Json]) -> Iterator[tuple[Json, Json]]:
    mine, yours = ours.get("properties", {}), theirs.get("properties", {})
    my_rest, your_rest = ours.get("additionalProperties", True), theirs.get("additionalProperties", True)
    for name in {**mine, **yours}:
        yield mine.get(name, my_rest), yours.get(name, your_rest)
    yield my_rest, your_rest
    yield ours.get("items", True), theirs.get("items", True)


def _followed(document: Document, schema: Json) -> Json:
    for _ in range(50):
        if not (isinstance(schema, dict) and _says(schema) == {"$ref"}):
            break
        schema = document.resolve(schema["$ref"])
    return schema


def _says(schema: dict[str, Json]) -> set[str]:
    return schema.keys() - _SILENT


def _refers(schema: Json) -> bool:
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if any(keyword in node for keyword in ("$ref", "$dynamicRef", "$recursiveRef", "$id")):
                return True
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return False


def _only(schema: dict[str, Json], keywords: set[str]) -> dict[str, Json]:
    return {keyword: value for keyword, value in schema.items() if keyword in keywords}


def _alone(document: Document, schema: Json) -> Document:
    if document.declared and isinstance(schema, dict):
        schema = {**schema, "$schema": document.value["$schema"]}
    return replace(document, value=schema, declared=document.declared and isinstance(schema, dict), ids={})

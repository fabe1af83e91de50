"""Owns the proof by structure: keyword by keyword, member by member, through recursive references; searches nothing.

jsonschema-rs proves no containment between recursive schemas, and little where an expression or `maxContains` differs
anywhere. Here a reader is taken apart into what it demands, and each demand must follow from something that the
writer's schema says at the same place. Where a pair of references comes back to itself, what is being proved is assumed
(coinduction: a shortest counterexample would hold a shorter one). Parts without references go to the canonical proof.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.kinds import kinds
from pyevents_codegen.compat.names import members_contained
from pyevents_codegen.compat.texts import text_contained
from pyevents_codegen.compat.values import key_of
from pyevents_codegen.compat.verdict import Json
from pyevents_codegen.tree import objects

__all__ = ["contained_by_structure"]

_SILENT = {"title", "description", "default", "examples", "$comment", "definitions", "$defs", "$schema", "$id", "id",
           "$anchor", "deprecated", "readOnly", "writeOnly"}  # fmt: skip
_GROUPS = (
    {"properties", "patternProperties", "additionalProperties"},
    {"items", "prefixItems", "additionalItems"},
    {"contains", "minContains", "maxContains"},
    {"if", "then", "else"},
    {"minimum", "exclusiveMinimum"},  # draft 4: one qualifies the other
    {"maximum", "exclusiveMaximum"},
)
_WHOLE = {"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"}
_REFERRING = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "$id"})
_MOST = 3_000
_TIME_S = 0.25
_Pair = tuple[int, int]


def contained_by_structure(reader: Document, writer: Document, covers: Callable[[Document, Document], bool]) -> bool:
    """Say whether *reader* admits all of *writer* place by place; False means nothing.

    Args:
        reader: Of the same draft as *writer*; its references are pointers into itself.
        writer: See above.
        covers: The proof for two schemas that hold no references.
    """
    return _Proof(reader, writer, covers, time.monotonic() + _TIME_S).holds(reader.value, writer.value, frozenset())


@dataclass
class _Proof:
    reader: Document
    writer: Document
    covers: Callable[[Document, Document], bool]
    until: float
    steps: int = 0
    leaves: dict[_Pair, bool] = field(default_factory=dict)
    made: list[Json] = field(default_factory=list)  # keeps what `leaves` knows by identity

    def holds(self, ours: Json, theirs: Json, assumed: frozenset[_Pair]) -> bool:
        self.steps += 1
        if self.steps > _MOST or time.monotonic() > self.until:
            return False
        ours, theirs = _followed(self.reader, ours), _followed(self.writer, theirs)
        if theirs is False or ours is True or not _says(ours):
            return True
        pair = (id(ours), id(theirs))
        if pair in assumed or _same(ours, theirs):
            return True
        large = isinstance(ours, dict) and "properties" in ours  # the canonical proof is dear where it fails
        if not large and self.leaf(ours, theirs):
            return True
        if not (isinstance(ours, dict) and isinstance(theirs, dict)) or _WHOLE & ours.keys():
            return large and self.leaf(ours, theirs)
        assumed |= {pair}
        if all(self.follows(demand, theirs, assumed) for demand in self.kept(_demands(ours))):
            return True
        return large and self.leaf(ours, theirs)

    def leaf(self, ours: Json, theirs: Json) -> bool:
        """Ask the canonical proof, about what of the writer it can be asked: dropping words only widens it."""
        if _refers(ours):
            return False
        pair = (id(ours), id(theirs))
        if pair not in self.leaves:
            known = _without_references(theirs)
            self.made += [ours, theirs, known]
            self.leaves[pair] = self.covers(_alone(self.reader, ours), _alone(self.writer, known))
        return self.leaves[pair]

    def follows(self, demand: dict[str, Json], theirs: dict[str, Json], assumed: frozenset[_Pair]) -> bool:
        """Say whether one demand of the reader follows from a whole schema of the writer."""
        if _said_too(demand, theirs) or ("properties" in demand and self.by_keyword(demand, theirs, assumed)):
            return True
        if self.leaf(demand, theirs):
            return True
        if "$ref" in demand:
            return self.holds(demand, theirs, assumed)
        for part in theirs.get("allOf", ()):
            if self.holds(demand, part, assumed):
                return True
        for keyword in ("anyOf", "oneOf"):
            if keyword in theirs and all(self.holds(demand, branch, assumed) for branch in theirs[keyword]):
                return True
        if "$ref" in theirs:
            target = _followed(self.writer, {"$ref": theirs["$ref"]})
            if self.holds(demand, target, assumed):
                return True
        return self.by_keyword(demand, theirs, assumed)

    def by_keyword(self, demand: dict[str, Json], theirs: dict[str, Json], assumed: frozenset[_Pair]) -> bool:
        def below(mine: Json, yours: Json) -> bool:
            return self.holds(mine, yours, assumed)

        keyword = next(iter(demand))
        if keyword in _GROUPS[0]:
            return members_contained(demand, theirs, below)
        if keyword in _GROUPS[1]:
            return _items_contained(demand, theirs, below)
        if keyword in _GROUPS[2]:
            return _contains_contained(demand, theirs, below)
        if keyword == "propertyNames" and keyword in theirs:
            return below(demand[keyword], theirs[keyword])
        if keyword == "anyOf":
            return any(below(branch, theirs) for branch in demand["anyOf"])
        if keyword == "oneOf":
            return any(
                below(branch, theirs)
                and all(self.apart(other, theirs) for k, other in enumerate(demand["oneOf"]) if k != place)
                for place, branch in enumerate(demand["oneOf"])
            )
        return text_contained(demand, _conjuncts(theirs))

    def apart(self, ours: Json, theirs: Json) -> bool:
        return not kinds(_followed(self.reader, ours)) & kinds(_followed(self.writer, theirs))

    def kept(self, demands: Iterator[dict[str, Json]]) -> list[dict[str, Json]]:
        listed = list(demands)
        self.made += listed
        return listed


def _demands(schema: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield what a schema demands, part by part: a message is admitted by it where every part admits it."""
    left = _only(schema, schema.keys() - _SILENT)
    for part in left.pop("allOf", ()):
        yield from _demands(part) if isinstance(part, dict) and not _WHOLE & part.keys() else [{"allOf": [part]}]
    for group in _GROUPS:
        if group & left.keys():
            yield _only(left, group)
            left = _only(left, left.keys() - group)
    for keyword, value in left.items():
        yield {keyword: value}


def _same(ours: Json, theirs: Json) -> bool:
    return not (_refers(ours) or _refers(theirs)) and key_of(ours) == key_of(theirs)


def _said_too(demand: dict[str, Json], theirs: dict[str, Json]) -> bool:
    """Say whether the writer's schema demands the very same, in words that mean the same in any document."""
    words = next((group for group in _GROUPS if group & demand.keys()), set(demand))
    return not _refers(demand) and key_of(_only(theirs, words)) == key_of(demand)


def _without_references(schema: Json) -> Json:
    """Return a schema that admits more, without references; words that qualify each other go together."""
    if not isinstance(schema, dict) or not _refers(schema):
        return schema
    out = _only(schema, schema.keys() - _WHOLE)
    if isinstance(out.get("properties"), dict):
        out["properties"] = {name: True if _refers(member) else member for name, member in out["properties"].items()}
    for keyword in [keyword for keyword, value in out.items() if _refers({keyword: value})]:
        group: set[str] = next((group for group in _GROUPS if keyword in group), {keyword})
        out = _only(out, out.keys() - group)
    return out


def _conjuncts(schema: dict[str, Json]) -> list[dict[str, Json]]:
    parts = [part for part in schema.get("allOf", ()) if isinstance(part, dict)]
    return [schema, *(inner for part in parts for inner in _conjuncts(part))]


def _items_contained(ours: dict[str, Json], theirs: dict[str, Json], below: Callable[[Json, Json], bool]) -> bool:
    mine, my_rest = _positions(ours)
    yours, your_rest = _positions(theirs)
    most = theirs.get("maxItems", inf)
    count = max(len(mine), len(yours))
    pairs = [
        (mine[k] if k < len(mine) else my_rest, yours[k] if k < len(yours) else your_rest)
        for k in range(count)
        if k < most
    ]
    if count < most:
        pairs.append((my_rest, your_rest))
    return all(below(*pair) for pair in pairs)


def _positions(schema: dict[str, Json]) -> tuple[list[Json], Json]:
    items = schema.get("items", True)
    if isinstance(items, list):
        return items, schema.get("additionalItems", True)
    return schema.get("prefixItems", []), items


def _contains_contained(ours: dict[str, Json], theirs: dict[str, Json], below: Callable[[Json, Json], bool]) -> bool:
    if "contains" not in ours:
        return True
    least, most = ours.get("minContains", 1), ours.get("maxContains")
    same = "contains" in theirs and not _refers(ours) and ours["contains"] == theirs["contains"]
    first, rest = _positions(theirs)
    enough = least == 0 or ("contains" in theirs and theirs.get("minContains", 1) >= least
                            and below(ours["contains"], theirs["contains"]))  # fmt: skip
    enough = enough or (
        theirs.get("minItems", 0) >= least and all(below(ours["contains"], one) for one in (*first, rest))
    )
    few = most is None or theirs.get("maxItems", inf) <= most or (same and theirs.get("maxContains", inf) <= most)
    few = few or all(not kinds(ours["contains"]) & kinds(one) for one in (*first, rest))
    return enough and few


def _followed(document: Document, schema: Json) -> Json:
    for _ in range(50):
        if not (isinstance(schema, dict) and "$ref" in schema):
            break
        if document.draft > 7 and _says(schema) != {"$ref"}:
            break
        schema = document.resolve(schema["$ref"])
    return schema


def _says(schema: Json) -> set[str]:
    return schema.keys() - _SILENT if isinstance(schema, dict) else {"false"}


def _refers(schema: Json) -> bool:
    return any(not _REFERRING.isdisjoint(node) for node in objects(schema))


def _only(schema: dict[str, Json], keywords: set[str]) -> dict[str, Json]:
    return {keyword: value for keyword, value in schema.items() if keyword in keywords}


def _alone(document: Document, schema: Json) -> Document:
    if document.declared and isinstance(schema, dict):
        schema = {**schema, "$schema": document.value["$schema"]}
    return replace(document, value=schema, declared=document.declared and isinstance(schema, dict), ids={})

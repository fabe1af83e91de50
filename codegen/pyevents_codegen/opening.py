"""From a writer's schema to a reader's: the same, but blind to fields that it does not know.

A producer sends what the contract says and nothing else; a consumer must live with fields that a newer minor added.
So `additionalProperties: false` and `unevaluatedProperties: false` are taken away wherever that only admits more:

    properties, items, allOf, anyOf, then, else, definitions …   opened
    not, if, contains with maxContains                           left closed: opening there would refuse more
    oneOf                                                        opened where the branches stay disjoint, else left

What a closed part refers to is referred to in a closed copy of the whole schema, kept under `definitions`. Limits on
the number or the names of properties are the contract's own words and stay.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Satisfiability

from pyevents_codegen.compat.kinds import kinds
from pyevents_codegen.draft import draft_of
from pyevents_codegen.pointer import escape
from pyevents_codegen.references import LISTS, MAPS, SINGLE, followed, moved, resolve

__all__ = ["canonical", "disjoint", "opened"]

_CLOSING = frozenset({"additionalProperties", "unevaluatedProperties"})
_CLOSED = frozenset({"contains", "contentSchema", "if", "not", "propertyNames"})


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the reader's form of a closed payload schema.

    Args:
        schema: Self-contained, with `$schema`; every reference is `#` or `#/…`.
    """
    return _Opening(schema).root()


def canonical(schema: dict[str, Any]) -> jsonschema_rs.CanonicalSchema:
    """Return the canonical form, with formats that bind and draft-07 where no draft is named."""
    return jsonschema_rs.canonicalize(schema, draft=draft_of(schema) or 7, validate_formats=True, offline=True)


def disjoint(root: dict[str, Any], at: str, count: int) -> bool:
    """Prove that no value matches two branches of a list of schemas; without a proof they count as overlapping.

    Args:
        root: Self-contained; every reference is `#` or `#/…`.
        at: JSON pointer to the list in `root`.
        count: How many branches it has.
    """
    place = "definitions" if draft_of(root) == 7 else "$defs"
    whole = f"#/{place}/whole"
    moved_here = moved(root, lambda reference: whole + reference.removeprefix("#"))
    for one, other in combinations(range(count), 2):
        first, second = (kinds(followed(root, resolve(root, f"#{at}/{branch}"))) for branch in (one, other))
        if not first & second:
            continue
        both = {
            "$schema": root.get("$schema", "http://json-schema.org/draft-07/schema#"),
            place: {"whole": {key: value for key, value in moved_here.items() if key != "$schema"}},
            "allOf": [{"$ref": f"{whole}{quote(at)}/{branch}"} for branch in (one, other)],
        }
        try:
            if canonical(both).satisfiability() != Satisfiability.NO:
                return False
        except (CanonicalizationError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
            return False
    return True


class _Opening:
    """One opening: the closed schema, the `oneOf`s that must stay closed, and whether a closed copy is referred to."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.closed = schema
        self.place = "definitions" if draft_of(schema) == 7 else "$defs"
        taken = schema.get(self.place, {})
        self.copy = next(name for count in range(len(taken) + 1) if (name := "closed" + "_" * count) not in taken)
        self.kept: set[str] = set()
        self.one_ofs: dict[str, int] = {}
        self.needs_copy = False

    def root(self) -> dict[str, Any]:
        """Open everything, then close again what turned out to overlap, until nothing does."""
        while True:
            self.one_ofs, self.needs_copy = {}, False
            made: dict[str, Any] = self.open(self.closed, "")
            overlapping = {at for at, count in self.one_ofs.items() if not disjoint(self.with_copy(made), at, count)}
            if not overlapping:
                break
            self.kept |= overlapping
        return self.with_copy(made)

    def with_copy(self, made: dict[str, Any]) -> dict[str, Any]:
        if not self.needs_copy:
            return made
        copy = {key: value for key, value in self.keep(self.closed).items() if key != "$schema"}
        return {**made, self.place: {**made.get(self.place, {}), self.copy: copy}}

    def open(self, schema: Any, pointer: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        made: dict[str, Any] = {}
        for keyword, value in schema.items():
            at = f"{pointer}/{escape(keyword)}"
            if keyword in _CLOSING and value is False:
                continue
            if keyword in MAPS and isinstance(value, dict):
                made[keyword] = {key: self.open(child, f"{at}/{escape(key)}") for key, child in value.items()}
            elif keyword == "oneOf" and at in self.kept:
                made[keyword] = [self.keep(branch) for branch in value]
            elif keyword in LISTS | {"items"} and isinstance(value, list):
                made[keyword] = [self.open(child, f"{at}/{index}") for index, child in enumerate(value)]
                if keyword == "oneOf":
                    self.one_ofs[at] = len(value)
            elif keyword in _CLOSED and (keyword != "contains" or "maxContains" in schema):
                made[keyword] = self.keep(value)
            elif keyword in SINGLE:
                made[keyword] = self.open(value, at)
            else:
                made[keyword] = value
        return made

    def keep(self, schema: Any) -> Any:
        """Return a part as it is, with its references led to the closed copy."""

        def into_copy(reference: str) -> str:
            self.needs_copy = True
            return f"#/{self.place}/{self.copy}{reference.removeprefix('#')}"

        return moved(schema, into_copy)

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

from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment, Satisfiability

from pyevents_codegen.metaschema import draft_of
from pyevents_codegen.references import moved

__all__ = ["canonical", "covers", "opened"]

_CLOSING = frozenset({"additionalProperties", "unevaluatedProperties"})
_MAPS = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"})
_LISTS = frozenset({"allOf", "anyOf", "prefixItems", "items"})
_SINGLE = frozenset(
    {"additionalItems", "additionalProperties", "else", "items", "then", "unevaluatedItems", "unevaluatedProperties"}
)
_CLOSED = frozenset({"not", "if", "propertyNames", "contentSchema"})
_COPY = "closed"


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the reader's form of a closed payload schema.

    Args:
        schema: Self-contained, with `$schema`; every reference is `#` or `#/…`.
    """
    return _Opening(schema).root()


def covers(reader: dict[str, Any], writer: dict[str, Any]) -> Containment:
    """Say whether a reader admits everything that a writer can send; only `Containment.YES` proves it."""
    return canonical(reader).covers(canonical(writer))


def canonical(schema: dict[str, Any]) -> jsonschema_rs.CanonicalSchema:
    """Return the canonical form, with formats that bind and draft-07 where no draft is named."""
    draft = {7: 7, 2019: 19, 2020: 20}[draft_of(schema) or 7]
    return jsonschema_rs.canonicalize(schema, draft=draft, validate_formats=True, offline=True)


class _Opening:
    """One opening: the closed schema, and whether the opened one needs a copy of it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.closed = schema
        self.place = "$defs" if draft_of(schema) != 7 else "definitions"
        taken = schema.get(self.place, {})
        self.name = next(name for count in range(len(taken) + 1) if (name := _COPY + "_" * count) not in taken)
        self.needs_copy = False

    def root(self) -> dict[str, Any]:
        made: dict[str, Any] = self.open(self.closed)
        if self.needs_copy:
            copy = {key: value for key, value in self.keep(self.closed).items() if key != "$schema"}
            made[self.place] = {**made.get(self.place, {}), self.name: copy}
        return made

    def open(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        made: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword in _CLOSING and value is False:
                continue
            if keyword in _MAPS and isinstance(value, dict):
                made[keyword] = {key: self.open(child) for key, child in value.items()}
            elif keyword in _LISTS and isinstance(value, list):
                made[keyword] = [self.open(child) for child in value]
            elif keyword in _SINGLE or (keyword == "contains" and "maxContains" not in schema):
                made[keyword] = self.open(value)
            elif keyword == "oneOf":
                made[keyword] = self.one_of(value)
            elif keyword in _CLOSED or keyword == "contains":
                made[keyword] = self.keep(value)
            else:
                made[keyword] = value
        return made

    def one_of(self, branches: list[Any]) -> list[Any]:
        candidates = [self.open(branch) for branch in branches]
        if all(self.disjoint(one, other) for index, one in enumerate(candidates) for other in candidates[index + 1 :]):
            return candidates
        return [self.keep(branch) for branch in branches]

    def disjoint(self, one: Any, other: Any) -> bool:
        """Prove that no value matches both; what cannot be proved counts as an overlap."""
        both = {
            "$schema": self.closed.get("$schema", "http://json-schema.org/draft-07/schema#"),
            self.place: self.definitions(),
            "allOf": [one, other],
        }
        try:
            return canonical(both).satisfiability() == Satisfiability.NO
        except (CanonicalizationError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
            return False

    def definitions(self) -> dict[str, Any]:
        made: dict[str, Any] = {key: self.open(child) for key, child in self.closed.get(self.place, {}).items()}
        return made

    def keep(self, schema: Any) -> Any:
        """Return a part as it is, with its references led to the closed copy."""

        def into_copy(reference: str) -> str:
            self.needs_copy = True
            return f"#/{self.place}/{self.name}{reference.removeprefix('#')}"

        return moved(schema, into_copy)

"""Owns drawing records of an Avro schema that reach every branch and symbol; reads and writes nothing."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import avro.schema

from pyevents_codegen.compat.verdict import Json

__all__ = ["as_json", "records"]

_MOST = 400
_DEEPEST = 6
_STEPS = 5_000  # values made in all; from then on optional members are absent first
_BREADTH = (60, 40, 12, 4, 2)  # choices kept at each depth; one below
_PLAIN: dict[str, tuple[Any, ...]] = {
    "null": (None,),
    "boolean": (True,),
    "int": (1,),
    "long": (1, 2**40),
    "float": (1.5,),
    "double": (1.5,),
    "bytes": (b"a", b"\xff"),
    "string": ("a",),
}


def records(schema: avro.schema.Schema, known: frozenset[str] = frozenset()) -> Iterator[Any]:
    """Yield up to 1,200 values of *schema*: lean ones first, then full ones; in each, one per other choice.

    Args:
        schema: What the values are of.
        known: Enum symbols that the other side knows; those it does not know come first.
    """
    for full_to, choice_to in ((0, 2), (0, 4), (4, 4)):
        yield from islice(_Values(known, full_to, choice_to).of(schema, 0), _MOST)


def as_json(value: Any) -> Json:
    """Return *value* as JSON can show it: bytes as ISO 8859-1 text, like Avro's JSON encoding."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple):
        return as_json(value[1])
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items()}
    return [as_json(member) for member in value] if isinstance(value, list) else value


class _Values:
    def __init__(self, known: frozenset[str], full_to: int, choice_to: int) -> None:
        self._full_to = full_to  # depth from which on an optional member is absent first
        self._choice_to = choice_to  # depth from which on only the first branch is taken
        self._known = known
        self._left = _STEPS

    def of(self, schema: avro.schema.Schema, depth: int) -> Iterator[Any]:
        kind = schema.type
        self._left -= 1
        if kind in _PLAIN:
            yield from _PLAIN[kind]
        elif isinstance(schema, avro.schema.EnumSchema):
            yield from sorted(schema.symbols, key=lambda symbol: symbol in self._known)
        elif isinstance(schema, avro.schema.FixedSchema):
            yield b"\0" * schema.size
        elif isinstance(schema, avro.schema.ArraySchema):
            if depth < _DEEPEST:
                yield from ([member] for member in self._some(schema.items, depth))
            yield []
        elif isinstance(schema, avro.schema.MapSchema):
            if depth < _DEEPEST:
                yield from ({"a": member} for member in self._some(schema.values, depth))
            yield {}
        elif isinstance(schema, avro.schema.UnionSchema):
            yield from self._branches(schema, depth)
        elif isinstance(schema, avro.schema.RecordSchema):
            yield from self._record(schema, depth)

    def _some(self, schema: avro.schema.Schema, depth: int) -> Iterator[Any]:
        return islice(self.of(schema, depth + 1), _BREADTH[depth] if depth < len(_BREADTH) else 1)

    def _branches(self, schema: avro.schema.UnionSchema, depth: int) -> Iterator[Any]:
        full = self._full_to if self._left > 0 else 0
        branches = sorted(schema.schemas, key=lambda branch: (branch.type == "null") == (depth < full))
        if depth >= self._choice_to or self._left < 0:
            branches = branches[:1]
        turns = {place: self._some(branch, depth) for place, branch in enumerate(branches)}
        for place, value in _in_turn(turns):
            branch = branches[place]
            yield (branch.fullname, value) if isinstance(branch, avro.schema.NamedSchema) else value

    def _record(self, schema: avro.schema.RecordSchema, depth: int) -> Iterator[dict[str, Any]]:
        if depth > 2 * _DEEPEST:
            return
        choices = {field.name: list(self._some(field.type, depth)) for field in schema.fields}
        if not all(choices.values()):
            return
        base = {name: values[0] for name, values in choices.items()}
        yield base
        for name, value in _in_turn({name: iter(values[1:]) for name, values in choices.items()}):
            yield {**base, name: value}


def _in_turn(sources: dict[Any, Iterator[Any]]) -> Iterator[tuple[Any, Any]]:
    while sources:
        for source, values in list(sources.items()):
            for value in islice(values, 1):
                yield source, value
                break
            else:
                del sources[source]

"""Owns changing one place of a message to whatever the two schemas find interesting there."""

import itertools
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.drawing import Draft, NothingFits
from pyevents_codegen.compat.places import Path, child_schemas, flattened, same_definitions, schemas_at
from pyevents_codegen.compat.values import interesting, interesting_names
from pyevents_codegen.compat.verdict import Json

__all__ = ["at", "mutants", "mutants_at", "put"]

_WIDEST = 3_000
_Flat = list[dict[str, Json]]


def mutants(
    reader: Document, writer: Document, message: Json, rng: random.Random, *, everywhere: bool = True
) -> Iterator[Json]:
    """Yield messages that differ from *message* at one place, following both schemas down by equal pointers.

    A value that only the writer lists, the numbers and lengths around every bound, members taken away,
    members that the reader names and the writer leaves open: each put into an otherwise whole message.

    Args:
        reader: Whose bounds are tried from outside.
        writer: Whose bounds are tried from inside.
        message: A message that the writer probably admits.
        rng: Source of choices.
        everywhere: Also where the two schemas read the same.
    """
    twins = not everywhere and same_definitions(reader, writer)
    change = _Change(reader, writer, rng, twins)
    start = flattened(writer, [writer.value]), flattened(reader, [reader.value])
    pending: list[tuple[Path, Json, _Flat, _Flat]] = [((), message, *start)]
    while pending:
        path, value, theirs, ours = pending.pop(0)
        for changed in change.of(value, theirs, ours):
            yield put(message, path, changed)
        if len(path) > 60:
            continue
        steps: list[str | int] = []
        if isinstance(value, dict):
            steps = list(value)
        elif isinstance(value, list):
            steps = list(range(min(len(value), 6)))
        for step in steps:
            below = child_schemas(writer, theirs, step), child_schemas(reader, ours, step)
            if not (twins and below[0] == below[1]):
                pending.append(((*path, step), value[step], flattened(writer, below[0]), flattened(reader, below[1])))


def mutants_at(reader: Document, writer: Document, message: Json, path: Path, rng: random.Random) -> Iterator[Json]:
    """Yield messages that differ from *message* at *path* only; otherwise as `mutants`, where the two differ."""
    change = _Change(reader, writer, rng, same_definitions(reader, writer))
    try:
        value = at(message, path)
    except (LookupError, TypeError):
        return  # the message was drawn without this place
    for changed in change.of(value, schemas_at(writer, path), schemas_at(reader, path)):
        yield put(message, path, changed)


def put(message: Json, path: Path, value: Json) -> Json:
    """Return *message* with *value* at *path*; what is not on the path is shared."""
    if not path:
        return value
    step = path[0]
    copy = dict(message) if isinstance(message, dict) else list(message)
    copy[step] = put(message[step], path[1:], value)  # type: ignore[index]
    return copy


def at(message: Json, path: Path) -> Json:
    """Return the value of *message* at *path*."""
    for step in path:
        message = message[step]
    return message


@dataclass(frozen=True)
class _Change:
    reader: Document
    writer: Document
    rng: random.Random
    twins: bool

    def of(self, value: Json, theirs: _Flat, ours: _Flat) -> Iterator[Json]:
        yield from interesting(theirs, ours, self.rng)
        if isinstance(value, dict):
            yield from self._object(value, theirs, ours)
        if isinstance(value, list):
            yield from self._array(value, theirs, ours)
        draft = Draft(self.writer, self.rng)
        for draft.fullness in (0.0, 0.3, 1.0):
            try:
                draft.steps = 0
                yield draft.draw(list(theirs[:1]))
            except NothingFits:
                continue

    def _object(self, value: dict[str, Json], theirs: _Flat, ours: _Flat) -> Iterator[Json]:
        names = self._names(theirs, ours)
        for name in names[:120]:
            if name not in value:
                yield from self._with(value, name, theirs, ours)
                yield from itertools.islice(self._with({}, name, theirs, ours), 12)
        for name in list(value)[:200]:
            yield {key: member for key, member in value.items() if key != name}
        for size in _sizes(theirs + ours, "minProperties", "maxProperties"):
            fill = {f"k{place}": 0 for place in range(size - len(value))}
            yield {**value, **fill}
            yield {**value, **dict.fromkeys(fill, "a")}
            yield {**value, **dict.fromkeys(names[: max(0, size - len(value))])}
            yield dict(list(value.items())[:size])

    def _names(self, theirs: _Flat, ours: _Flat) -> list[str]:
        names = interesting_names(theirs + ours, self.rng)
        if len(names) <= 120:
            return names

        def alike(name: str) -> bool:
            return child_schemas(self.writer, theirs, name) == child_schemas(self.reader, ours, name)

        return sorted(names, key=alike)

    def _with(self, value: dict[str, Json], name: str, theirs: _Flat, ours: _Flat) -> Iterator[Json]:
        below = child_schemas(self.writer, theirs, name), child_schemas(self.reader, ours, name)
        if self.twins and below[0] == below[1]:
            return
        flat = flattened(self.writer, below[0]), flattened(self.reader, below[1])
        for member in interesting(*flat, self.rng)[:60]:
            yield {**value, name: member}
        with suppress(NothingFits):
            drawn = Draft(self.writer, self.rng).draw(child_schemas(self.writer, theirs[:1], name))
            yield {**value, name: drawn}

    def _array(self, value: list[Json], theirs: _Flat, ours: _Flat) -> Iterator[Json]:
        for index in range(min(len(value), 6)):
            yield value[:index] + value[index + 1 :]
            yield [*value, value[index]]
            yield [value[index], *value]
        below = child_schemas(self.writer, theirs, len(value)), child_schemas(self.reader, ours, len(value))
        extra = interesting(flattened(self.writer, below[0]), flattened(self.reader, below[1]), self.rng)
        for member in extra[:60]:
            yield [*value, member]
            yield [*value, member, member]
        fillers = [*value[-1:], *extra[:8]]
        for size in _sizes(theirs + ours, "minItems", "maxItems", "minContains", "maxContains"):
            yield value[:size]
            for filler in fillers:
                yield value + [filler] * (size - len(value))
            yield value + [place + 1000 for place in range(size - len(value))]
            yield value + [f"a{place}" for place in range(size - len(value))]


def _sizes(schemas: _Flat, *keywords: str) -> list[int]:
    found = {
        int(schema[keyword])
        for schema in schemas
        for keyword in keywords
        if isinstance(schema.get(keyword), int | float) and schema[keyword] <= _WIDEST
    }
    return sorted({size + step for size in found for step in (-1, 0, 1) if size + step >= 0})

"""Owns making a counterexample smaller while it stays one."""

import json
import time
from collections.abc import Callable, Iterator

from pyevents_codegen.compat.mutation import at, put
from pyevents_codegen.compat.verdict import Json

__all__ = ["smallest"]


_USUAL = dict.fromkeys(map(ord, "abcdefghijklmnopqrstuvwxyz0123456789"))


def smallest(message: Json, holds: Callable[[Json], bool], until: float) -> Json:
    """Return the smallest message reachable from *message* by taking away, for which *holds* stays true.

    Args:
        message: A message for which *holds* is true.
        holds: Whether a message is still a counterexample.
        until: `time.monotonic()` at which to stop with what there is.
    """
    progress = True
    while progress and time.monotonic() < until:
        progress, weight = False, _weight(message)
        for candidate in _smaller(message):
            if time.monotonic() > until:
                break
            if _weight(candidate) < weight and holds(candidate):
                message, progress = candidate, True
                break
    return message


def _weight(value: Json) -> tuple[int, int, str]:
    text = json.dumps(value, sort_keys=True)
    unusual = len(text.translate(_USUAL)) if len(text) < 2_000 else 0
    return len(text), unusual, text[:2_000]


def _smaller(message: Json) -> Iterator[Json]:
    for path in _paths(message):
        value = at(message, path)
        for simpler in _simpler(value):
            yield put(message, path, simpler)


def _paths(message: Json) -> Iterator[tuple[str | int, ...]]:
    pending: list[tuple[tuple[str | int, ...], Json]] = [((), message)]
    while pending:
        path, value = pending.pop(0)
        yield path
        if isinstance(value, dict):
            pending += [((*path, name), member) for name, member in value.items()]
        elif isinstance(value, list):
            pending += [((*path, index), member) for index, member in enumerate(value)]


def _simpler(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        names = list(value)
        if len(names) > 3:
            yield {name: value[name] for name in names[: len(names) // 2]}
            yield {name: value[name] for name in names[len(names) // 2 :]}
        for name in names:
            yield {key: member for key, member in value.items() if key != name}
    elif isinstance(value, list):
        if len(value) > 3:
            yield value[: len(value) // 2]
            yield value[len(value) // 2 :]
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
    elif isinstance(value, str):
        if len(value) > 3:
            yield value[: len(value) // 2]
            yield value[len(value) // 2 :]
        yield from (value[1:], value[:-1])
        if len(value) < 40:
            yield "a" * len(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (0, 1, -1, 2, 0.5, -value, *range(3, 13))
        if isinstance(value, float) and value == int(value):
            yield int(value)
        if isinstance(value, int):
            yield value // 2
    yield from (0, None, "", [], {})

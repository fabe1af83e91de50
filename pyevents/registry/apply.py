"""Doing what a plan says, and nothing else; what was done stays done, so a second run goes on where the first ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from pyevents.errors import SchemaRefused, SchemaUnknown
from pyevents.registry.client import HttpRegistry
from pyevents.registry.plan import Action, pending
from pyevents.registry.state import AT_ONCE

__all__ = ["Done", "apply"]


class Done(NamedTuple):
    """What became of one action: the schema's id, or the registry's reason where it refused."""

    action: Action
    schema_id: int | None = None
    refusal: str = ""


def apply(registry: HttpRegistry, actions: Sequence[Action]) -> Iterator[Done]:
    """Carry out the steps of a plan, those of one subject in their order, subjects side by side.

    Every step may be repeated, and two runs at once register one version: the registry finds a text that it has. Where
    it refuses one, the rest of that subject is left out, because versions come in order.

    Raises:
        RegistryUnreachable: It went away; what is not done yet is done by the next run.
    """
    subjects: dict[str, list[Action]] = {}
    for action in pending(actions):
        subjects.setdefault(action.subject, []).append(action)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for done in pool.map(partial(_subject, registry), subjects.values()):
                yield from done
        finally:
            pool.shutdown(cancel_futures=True)


def _subject(registry: HttpRegistry, actions: Sequence[Action]) -> list[Done]:
    done: list[Done] = []
    for action in actions:
        try:
            done.append(Done(action, _twice(registry, action)))
        except (SchemaRefused, SchemaUnknown) as error:
            return [*done, Done(action, refusal=str(error))]
    return done


def _twice(registry: HttpRegistry, action: Action) -> int | None:
    """Do one step; again if it is refused: Apicurio refuses what another run is doing that moment (measured)."""
    try:
        return _do(registry, action)
    except SchemaRefused:
        return _do(registry, action)


def _do(registry: HttpRegistry, action: Action) -> int | None:
    if action.schema is None:
        registry.set_compatibility(action.subject, action.level)
        return None
    return registry.register(action.subject, action.schema)

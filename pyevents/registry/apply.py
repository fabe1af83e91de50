"""Doing what a plan says, and nothing else; what was done stays done, so a second run goes on where the first ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pyevents.errors import RegistryUnreachable, SchemaRefused, SchemaUnknown
from pyevents.registry.client import HttpRegistry
from pyevents.registry.plan import Action, pending

__all__ = ["Done", "apply"]


class Done(NamedTuple):
    """What became of one action: the schema's id, or the registry's reason where it refused."""

    action: Action
    schema_id: int | None = None
    refusal: str = ""


def apply(registry: HttpRegistry, actions: Sequence[Action]) -> Iterator[Done]:
    """Carry out the steps of a plan in their order.

    Every step may be repeated, and two runs at once register one version: the registry finds a text that it has. Where
    it refuses one, the rest of that subject is left out, because versions come in order.

    Raises:
        RegistryUnreachable: It went away; what is not done yet is done by the next run.
    """
    stopped: set[str] = set()
    for action in pending(actions):
        if action.subject in stopped:
            continue
        try:
            yield Done(action, _do(registry, action))
        except RegistryUnreachable:
            raise
        except (SchemaRefused, SchemaUnknown) as error:
            stopped.add(action.subject)
            yield Done(action, refusal=str(error))


def _do(registry: HttpRegistry, action: Action) -> int | None:
    if action.schema is None:
        registry.set_compatibility(action.subject, action.level)
        return None
    return registry.register(action.subject, action.schema)

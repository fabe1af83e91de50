"""From the object of an older major to that of the newest: typed functions, chained one major at a time.

A consumer that handles `PatientCreatedV2` is given events of both majors, those of the first through the function
that the contract names under `[upcast]`:

    @upcaster(PatientCreated, PatientCreatedV2)
    def split_street(old: PatientCreated) -> PatientCreatedV2: ...
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from pyevents.catalog import Contract, Loaded
from pyevents.codec.payload import PayloadRules, plain
from pyevents.codec.refusal import Problem
from pyevents.errors import ConfigurationInvalid, UpcastFailed

__all__ = ["Lift", "lift", "upcaster"]

Old = TypeVar("Old", bound=Struct)
New = TypeVar("New", bound=Struct)

_steps: dict[type[Struct], tuple[type[Struct], Callable[[Any], Struct]]] = {}


def upcaster(old: type[Old], new: type[New]) -> Callable[[Callable[[Old], New]], Callable[[Old], New]]:
    """Declare the function that makes an object of the next major from one of *old*.

    Args:
        old: A generated class.
        new: The class of the next major of the same event type.

    Raises:
        ConfigurationInvalid: Another function does it already.
    """

    def declare(function: Callable[[Old], New]) -> Callable[[Old], New]:
        before = _steps.get(old)
        if before is not None and before[1].__qualname__ != function.__qualname__:
            raise ConfigurationInvalid(
                f"upcaster of {old.__name__}", f"{before[1].__qualname__} is one already", "Keep one of them."
            )
        _steps[old] = new, function
        return function

    return declare


class Lift(NamedTuple):
    """The way of one event type from an older major to a newer one."""

    event_type: str
    steps: tuple[_Step, ...]

    def __call__(self, event: Struct) -> Struct:
        """Return the object of the newer major.

        Raises:
            UpcastFailed: A function raised, or made an object that its contract refuses; the step is named.
        """
        for step in self.steps:
            event = step(event, self.event_type)
        return event


class _Step(NamedTuple):
    number: int
    cls: type[Struct]
    function: Callable[[Any], Struct]
    rules: PayloadRules

    def __call__(self, event: Struct, event_type: str) -> Struct:
        where = f"{event_type} from major {self.number - 1} to {self.number} by {self.function.__qualname__}"
        try:
            lifted = self.function(event)
        except Exception as error:  # whatever it raises, the event goes where failed events go
            raise UpcastFailed(where, f"it raised {type(error).__name__}") from error
        if not isinstance(lifted, self.cls):
            raise UpcastFailed(where, f"it returned {type(lifted).__name__} and not {self.cls.__name__}")
        held = self.rules.hold(plain(lifted))
        if isinstance(held, Problem):
            problem = f"{held.rule} at {held.pointer or '/'}: expected {held.expected}, found {held.found}"
            raise UpcastFailed(where, f"the contract refuses what it made: {problem}")
        return held[1]


def lift(catalog: Loaded, contract: Contract, old: int, new: int) -> Lift:
    """Return the way from one major to another.

    Raises:
        ConfigurationInvalid: A link is missing; the message says which, and where to declare it.
    """
    majors = [major for major in contract.majors if old <= major.number <= new]
    steps = []
    for older, newer in pairwise(majors):
        before, after = catalog.class_of(older), catalog.class_of(newer)
        found = _steps.get(before) or _declared(contract, older.number, before)
        if found is None or found[0] is not after:
            raise ConfigurationInvalid(
                f"upcaster of {contract.event_type} {older.number}",
                f"no function makes {after.__name__} from {before.__name__}",
                f"Declare one with @upcaster({before.__name__}, {after.__name__}), and name it in contract.toml: "
                f'[upcast] "{older.number}" = "module:function".',
            )
        steps.append(_Step(newer.number, after, found[1], PayloadRules(newer.newest.reader, after)))
    return Lift(contract.event_type, tuple(steps))


def _declared(
    contract: Contract, older: int, before: type[Struct]
) -> tuple[type[Struct], Callable[[Any], Struct]] | None:
    """Import the module that the contract names, which declares the function."""
    path = contract.upcast.get(str(older))
    if path is None:
        return None
    module, _, name = path.partition(":")
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationInvalid(
            f"upcaster of {contract.event_type} {older}", f"{path} cannot be imported ({error})", "Correct [upcast]."
        ) from None
    return _steps.get(before)

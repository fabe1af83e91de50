"""What a registry holds, as values, and how to read it in one pass; it changes nothing.

A thousand subjects are asked for side by side over few connections; what is not asked for is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from pyevents.errors import SchemaRefused, SchemaUnknown
from pyevents.registry.client import HttpRegistry, Schema

__all__ = ["AT_ONCE", "State", "Subject", "Version", "read_state"]

AT_ONCE = 8
"""Questions under way, and so connections (measured: more are not faster)."""


class Version(NamedTuple):
    """One version of a subject, in use; `number` is the registry's own."""

    number: int
    id: int
    schema: Schema


class Subject(NamedTuple):
    """A subject in use: its own level, None where the global one holds, and its versions, oldest first."""

    name: str
    level: str | None
    versions: tuple[Version, ...]


class State(NamedTuple):
    """What a registry holds.

    `subjects` has those that were asked for and are there, by name; `names` all that are in use, `deleted` those that
    are deleted and could be brought back.
    """

    subjects: dict[str, Subject]
    names: frozenset[str]
    deleted: frozenset[str] = frozenset()


def read_state(
    registry: HttpRegistry, wanted: Iterable[str] | None = None, report: Callable[[int, int], None] | None = None
) -> State:
    """Read what a registry holds.

    Args:
        registry: Whom to ask.
        wanted: Subjects to read; None is every one.
        report: Told how many subjects are read, of how many.

    Raises:
        RegistryUnreachable: It does not answer, or not as a registry.
    """
    names = frozenset(registry.subjects())
    deleted = frozenset(_all_subjects(registry)) - names
    chosen = sorted(names if wanted is None else names & set(wanted))
    found: dict[str, Subject] = {}
    with ThreadPoolExecutor(min(AT_ONCE, len(chosen)) or 1) as pool:
        for done, subject in enumerate(pool.map(lambda name: _subject(registry, name), chosen), start=1):
            if subject is not None:
                found[subject.name] = subject
            if report:
                report(done, len(chosen))
    return State(found, names & (found.keys() | (names - set(chosen))), deleted)


def _all_subjects(registry: HttpRegistry) -> list[str]:
    try:
        return registry.ask("deleted subjects", lambda client: list(client.get_subjects(deleted=True)))
    except (SchemaRefused, SchemaUnknown):  # a registry that keeps none
        return []


def _subject(registry: HttpRegistry, name: str) -> Subject | None:
    """Return one subject; None where somebody deleted it in the meantime."""
    try:
        numbers = sorted(registry.ask(name, lambda client: client.get_versions(name)))
        versions = tuple(Version(number, *registry.version(name, number)) for number in numbers)
    except SchemaUnknown:
        return None
    try:
        level: Any = registry.ask(name, lambda client: client.get_compatibility(name))
    except SchemaUnknown:
        level = None
    return Subject(name, level, versions)

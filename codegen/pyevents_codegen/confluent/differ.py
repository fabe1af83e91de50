"""What changed from one node to another, by the registry's rules; it knows no texts and no levels.

The registry never asks what a message looks like: it walks both schemas side by side, names each change, and accepts
the new schema if every name is on its list of compatible changes (`rule`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pyevents_codegen.confluent.node import DESCRIPTIONS, Document, Node, Unreadable
from pyevents_codegen.confluent.rule import COMPATIBLE

__all__ = ["Change", "Differ"]

_MOST_STEPS = 20_000
"""Pairs of nodes that are compared at most, a few seconds: types that refer to each other make ever more ways."""


class Change(NamedTuple):
    """One change: the rule's name, and where in the older schema, as `#/properties/name`."""

    rule: str
    place: str

    def __str__(self) -> str:
        return f"{self.rule} {self.place}"


class Differ:
    """One comparison: the two documents, the way to the place looked at, and the changes found so far.

    Args:
        old: What writers used.
        new: What readers use.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self.old = old
        self.new = new
        self.changes: list[Change] = []
        self._refers = old.refers or new.refers
        self._path: tuple[str, ...] = ()
        self._open: frozenset[tuple[int, int]] = frozenset()
        self._same: dict[tuple[int, int], None] = {}
        self._left = [_MOST_STEPS]

    def add(self, rule: str) -> None:
        """Note a change here."""
        self.changes.append(Change(rule, "#/" + "/".join(self._path)))

    @contextmanager
    def at(self, *steps: str) -> Iterator[None]:
        """Look at a place below this one."""
        before, self._path = self._path, (*self._path, *steps)
        yield
        self._path = before

    def attempt(self, compare: Callable[[], None]) -> tuple[bool, list[Change]]:
        """Compare on trial: say whether the changes are compatible, and return them without noting them."""
        before, self.changes = self.changes, []
        compare()
        found, self.changes = self.changes, before
        return all(change.rule in COMPATIBLE for change in found), found

    def swapped(self, old: Node, new: Node) -> bool:
        """Say whether the change from the new node back to the old one would be compatible."""
        back = Differ(self.new, self.old)
        back._open, back._left = self._open, self._left
        back.nodes(new, old)
        return all(change.rule in COMPATIBLE for change in back.changes)

    def schemas(self, old: Any, new: Any) -> None:
        """Compare two schemas of the documents; None where one has none at this place."""
        if old is None and new is None:
            return
        if old is None or new is None:
            self.add("SCHEMA_ADDED" if old is None else "SCHEMA_REMOVED")
            return
        if not self._refers and repr(old) == repr(new):
            return  # text for text the same, as nearly all parts of two versions are
        self.nodes(self.old.node(old), self.new.node(new))

    def nodes(self, old: Node, new: Node) -> None:
        """Compare two nodes."""
        from pyevents_codegen.confluent import combined, kinds

        pair = (id(old), id(new))
        if pair in self._open or pair in self._same:
            return
        self._left[0] -= 1
        if not self._left[0]:
            raise Unreadable("its parts refer to each other in too many ways to follow")
        before, self._open = self._open, self._open | {pair}
        found, known = len(self.changes), len(self._same)
        if not combined.settle(self, old, new):
            if old.kind == new.kind:
                self._descriptions(old, new)
                kinds.compare(self, old, new)
            elif old.kind != "false" and new.kind != "empty":
                self.add("TYPE_CHANGED")
        self._open = before
        if len(self.changes) == found:
            self._same[pair] = None
        else:  # what was found to be the same inside of it may have counted on this pair
            for wrong in list(self._same)[known:]:
                del self._same[wrong]

    def limit(self, old: Node, new: Node, keyword: str) -> None:
        """Note how a limit moved: `maxLength` from 3 to 5 is `MAX_LENGTH_INCREASED`."""
        before, after = _number(old.get(keyword)), _number(new.get(keyword))
        if before == after:
            return
        if before is None or after is None:
            change = "ADDED" if before is None else "REMOVED"
        else:
            change = "INCREASED" if after > before else "DECREASED"
        name = re.sub("([A-Z])", r"_\1", keyword).upper()
        with self.at(keyword):
            self.add(f"{name}_{change}")

    def _descriptions(self, old: Node, new: Node) -> None:
        for keyword in DESCRIPTIONS:
            if old.get(keyword) != new.get(keyword):
                self.add(f"{keyword.strip('$').upper()}_CHANGED")


def _number(value: Any) -> int | float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value

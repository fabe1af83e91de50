"""Unions and intersections: when a part is enough, and which part of the one answers to which of the other."""

from __future__ import annotations

from functools import partial

from pyevents_codegen.confluent.differ import Change, Differ
from pyevents_codegen.confluent.node import Node

__all__ = ["compare", "settle"]


def settle(differ: Differ, old: Node, new: Node) -> bool:
    """Compare where only one of the two is combined; say whether that decided it."""
    one = new if new.kind == "combined" else old
    if (old.kind == "combined") == (new.kind == "combined"):
        return False
    pairs = [(old, part) if one is new else (part, new) for part in one.parts]
    if one.size > 1 and (one.criterion == "allOf") == (one is new):
        return False
    for pair in pairs:
        fine, changes = differ.attempt(partial(differ.nodes, *pair))
        if fine:
            differ.changes += changes
            if one.size > 1:
                differ.add("SUM_TYPE_EXTENDED" if one is new else "PRODUCT_TYPE_NARROWED")
            return True
    return False


def compare(differ: Differ, old: Node, new: Node) -> None:
    """Compare two combined nodes: the criteria, the number of parts, then the best matching of compatible parts."""
    if old.criterion != new.criterion:
        wider = new.criterion == "anyOf" or old.criterion == "allOf" or old.size == 1
        if not wider or (old.criterion != "allOf" and new.criterion == "allOf" and new.size > 1):
            differ.add("COMBINED_TYPE_CHANGED")
            return
        differ.add("COMBINED_TYPE_EXTENDED")
    if old.size != new.size:
        larger = new if old.size < new.size else old
        kind = "PRODUCT" if larger.criterion == "allOf" else "SUM"
        differ.add(f"{kind}_TYPE_{'EXTENDED' if larger is new else 'NARROWED'}")
    matched = _matching(_edges(differ, old, new))
    differ.changes += [change for changes in matched for change in changes]
    if len(matched) < min(old.size, new.size):
        differ.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED")


def _edges(differ: Differ, old: Node, new: Node) -> list[dict[int, list[Change]]]:
    edges: list[dict[int, list[Change]]] = []
    for place, part in enumerate(old.parts):
        edges.append({})
        with differ.at(old.criterion, str(place)):
            for other, counterpart in enumerate(new.parts):
                fine, changes = differ.attempt(partial(differ.nodes, part, counterpart))
                if fine:
                    edges[-1][other] = changes
    return edges


def _matching(edges: list[dict[int, list[Change]]]) -> list[list[Change]]:
    """Return the changes of a largest matching (augmenting paths)."""
    taken: dict[int, int] = {}

    def place(left: int, seen: set[int]) -> bool:
        for right in sorted(edges[left], key=lambda one: len(edges[left][one])):
            if right not in seen:
                seen.add(right)
                if right not in taken or place(taken[right], seen):
                    taken[right] = left
                    return True
        return False

    for left in range(len(edges)):
        place(left, set())
    return [edges[left][right] for right, left in sorted(taken.items(), key=lambda pair: pair[1])]

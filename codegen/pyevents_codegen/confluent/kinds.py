"""Two nodes of one kind, keyword by keyword."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pyevents_codegen.confluent import arrays, combined, objects
from pyevents_codegen.confluent.differ import Differ
from pyevents_codegen.confluent.node import Node, frozen

__all__ = ["compare"]


def compare(differ: Differ, old: Node, new: Node) -> None:
    """Note every change between two nodes of the same kind; kinds without keywords have none."""
    by_kind: dict[str, Callable[[Differ, Node, Node], None]] = {
        "array": arrays.compare,
        "combined": combined.compare,
        "const": _consts,
        "enum": _enums,
        "not": _negations,
        "number": _numbers,
        "object": objects.compare,
        "string": _strings,
    }
    if old.kind in by_kind:
        by_kind[old.kind](differ, old, new)


def _strings(differ: Differ, old: Node, new: Node) -> None:
    differ.limit(old, new, "maxLength")
    differ.limit(old, new, "minLength")
    before, after = old.get("pattern"), new.get("pattern")
    if before != after:
        change = "ADDED" if before is None else "REMOVED" if after is None else "CHANGED"
        with differ.at("pattern"):
            differ.add(f"PATTERN_{change}")


def _numbers(differ: Differ, old: Node, new: Node) -> None:
    for keyword in ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"):
        differ.limit(old, new, keyword)
    before, after = old.get("multipleOf"), new.get("multipleOf")
    if before != after:
        with differ.at("multipleOf"):
            differ.add(f"MULTIPLE_OF_{_multiple(before, after)}")
    if old.integer != new.integer:
        differ.add("TYPE_EXTENDED" if old.integer else "TYPE_NARROWED")


def _multiple(before: Any, after: Any) -> str:
    if before is None or after is None:
        return "ADDED" if before is None else "REMOVED"
    one, other = Decimal(str(before)), Decimal(str(after))  # 3.3 is a multiple of 1.1, as floats it is not
    if other % one == 0:
        return "EXPANDED"
    return "REDUCED" if one % other == 0 else "CHANGED"


def _enums(differ: Differ, old: Node, new: Node) -> None:
    before, after = ({frozen(value) for value in node.get("enum")} for node in (old, new))
    _value_sets(differ, "enum", before, after)


def _consts(differ: Differ, old: Node, new: Node) -> None:
    _value_sets(differ, "const", {frozen(old.get("const"))}, {frozen(new.get("const"))})


def _value_sets(differ: Differ, keyword: str, before: set[Any], after: set[Any]) -> None:
    if before != after:
        change = "EXTENDED" if before < after else "NARROWED" if after < before else "CHANGED"
        with differ.at(keyword):
            differ.add(f"ENUM_ARRAY_{change}")


def _negations(differ: Differ, old: Node, new: Node) -> None:
    """What is refused must not grow: the other way round, it has to be compatible."""
    with differ.at("not"):
        fine = differ.swapped(old.parts[0], new.parts[0])
        differ.add(f"NOT_TYPE_{'NARROWED' if fine else 'EXTENDED'}")

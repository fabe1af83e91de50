"""Numbers and JSON values, compared as the registry compares them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyevents_codegen.confluent.differ import Differ
    from pyevents_codegen.confluent.node import Node

__all__ = ["frozen", "limit"]


def limit(differ: Differ, old: Node, new: Node, keyword: str) -> None:
    """Note how a limit moved: `maxLength` from 3 to 5 is `MAX_LENGTH_INCREASED`."""
    before, after = _number(old.get(keyword)), _number(new.get(keyword))
    if before == after:
        return
    if before is None or after is None:
        change = "ADDED" if before is None else "REMOVED"
    else:
        change = "INCREASED" if after > before else "DECREASED"
    name = re.sub("([A-Z])", r"_\1", keyword).upper()
    with differ.at(keyword):
        differ.add(f"{name}_{change}")


def frozen(value: Any) -> Any:
    """Return a JSON value as something that sets can hold; true is not 1 there."""
    if isinstance(value, dict):
        return ("object", frozenset((key, frozen(member)) for key, member in value.items()))
    if isinstance(value, list):
        return ("array", tuple(frozen(member) for member in value))
    return (type(value).__name__, value)


def _number(value: Any) -> int | float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value

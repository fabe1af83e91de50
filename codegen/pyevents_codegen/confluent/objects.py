"""Two object schemas: properties by the content model they meet, then what is demanded around them.

open            other properties may be anything
partially open  other properties must meet a schema (`additionalProperties`, or a pattern that fits the name)
closed          there are no other properties
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from pyevents_codegen.confluent.differ import Differ
from pyevents_codegen.confluent.node import Node

__all__ = ["additional", "compare", "covered"]


def compare(differ: Differ, old: Node, new: Node) -> None:
    """Note every change between two objects."""
    _required(differ, old, new)
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in {**before, **after}:
        with differ.at("properties", name):
            if name not in after:
                _removed(differ, name, before[name], new)
            elif name not in before:
                _added(differ, name, old, new)
            else:
                differ.schemas(before[name], after[name])
    _dependencies(differ, old.get("dependencies", {}), new.get("dependencies", {}))
    additional(differ, "additionalProperties", "ADDITIONAL_PROPERTIES", old, new)
    differ.limit(old, new, "maxProperties")
    differ.limit(old, new, "minProperties")


def additional(differ: Differ, keyword: str, name: str, old: Node, new: Node) -> None:
    """Note how what is beside the named members changed: allowed at all, and by which schema."""
    before, after = old.get(keyword, True), new.get(keyword, True)
    with differ.at(keyword):
        if (before is False) != (after is False):
            differ.add(f"{name}_{'ADDED' if before is False else 'REMOVED'}")
        elif (before is True) != (after is True):
            differ.add(f"{name}_{'NARROWED' if before is True else 'EXTENDED'}")
        elif before is not False and before is not True:
            differ.schemas(before, after)


def _required(differ: Differ, old: Node, new: Node) -> None:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in old.get("properties", {}):
        if name in new.get("properties", {}) and (name in before) != (name in after):
            with differ.at("required", name):
                if name in before:
                    differ.add("REQUIRED_ATTRIBUTE_REMOVED")
                else:
                    differ.add(f"REQUIRED_ATTRIBUTE{_with_default(new, name)}_ADDED")


def _removed(differ: Differ, name: str, before: Any, new: Node) -> None:
    if _is_open(new):
        differ.add("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL")
        return
    others = _others(new, name)
    if others is not None:
        covered(differ, "PROPERTY_REMOVED", lambda: differ.schemas(before, others))
    elif differ.old.node(before).kind == "false":
        differ.add("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL")
    else:
        differ.add("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL")


def _added(differ: Differ, name: str, old: Node, new: Node) -> None:
    after = new.get("properties")[name]
    model = "OPEN" if _is_open(old) else "UNOPEN"
    if model == "OPEN" and differ.new.node(after).kind == "empty":
        differ.add("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL")
        return
    others = _others(old, name)
    if model == "UNOPEN" and others is not None:
        covered(differ, "PROPERTY_ADDED", lambda: differ.schemas(others, after))
    needed = f"REQUIRED_PROPERTY{_with_default(new, name)}" if name in new.get("required", ()) else "OPTIONAL_PROPERTY"
    differ.add(f"{needed}_ADDED_TO_{model}_CONTENT_MODEL")


def covered(differ: Differ, name: str, compare: Any) -> None:
    """Note whether a member and the schema for all others go together, with what differs between them."""
    fine, changes = differ.attempt(compare)
    differ.changes += changes
    differ.add(f"{name}_{'IS' if fine else 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL")


def _is_open(node: Node) -> bool:
    return node.get("additionalProperties", True) is True and not node.get("patternProperties")


def _others(node: Node, name: str) -> Any:
    """Return the schema that a property without one of its own must meet; None where there may be none."""
    for pattern, schema in node.get("patternProperties", {}).items():
        if jsonschema_rs.is_valid({"pattern": pattern}, name):
            return schema
    rest = node.get("additionalProperties", True)
    return None if isinstance(rest, bool) else rest


def _with_default(node: Node, name: str) -> str:
    schema = node.get("properties")[name]
    return "_WITH_DEFAULT" if isinstance(schema, dict) and "default" in schema else ""


def _dependencies(differ: Differ, old: dict[str, Any], new: dict[str, Any]) -> None:
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        with differ.at("dependencies", name):
            _arrays(differ, before, after)
            _schemas(differ, before, after)


def _arrays(differ: Differ, before: Any, after: Any) -> None:
    names = [set(value) if isinstance(value, list) else None for value in (before, after)]
    if names[0] == names[1]:
        return
    if names[0] is None or names[1] is None:
        change = "ADDED" if names[0] is None else "REMOVED"
    else:
        change = "EXTENDED" if names[0] < names[1] else "NARROWED" if names[1] < names[0] else "CHANGED"
    differ.add(f"DEPENDENCY_ARRAY_{change}")


def _schemas(differ: Differ, before: Any, after: Any) -> None:
    old, new = (None if isinstance(value, list) else value for value in (before, after))
    if (old is None) != (new is None):
        differ.add(f"DEPENDENCY_SCHEMA_{'ADDED' if old is None else 'REMOVED'}")
    else:
        differ.schemas(old, new)

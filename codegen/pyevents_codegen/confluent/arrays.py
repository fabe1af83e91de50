"""Two array schemas: one schema for every item, or one for each place with a content model for the rest."""

from __future__ import annotations

from typing import Any

from pyevents_codegen.confluent.differ import Differ
from pyevents_codegen.confluent.node import Node
from pyevents_codegen.confluent.objects import additional, covered

__all__ = ["compare"]


def compare(differ: Differ, old: Node, new: Node) -> None:
    """Note every change between two arrays; `contains` is not looked at, only how often."""
    before, after = old.get("items"), new.get("items")
    every = [None if isinstance(items, list) else items for items in (before, after)]
    with differ.at("items"):
        differ.schemas(*every)
    _places(differ, old, new)
    additional(differ, "additionalItems", "ADDITIONAL_ITEMS", old, new)
    newer_drafts = differ.old.modern and differ.new.modern
    for keyword in ("maxItems", "minItems", *(("maxContains", "minContains") if newer_drafts else ())):
        differ.limit(old, new, keyword)
    if bool(old.get("uniqueItems")) != bool(new.get("uniqueItems")):
        with differ.at("uniqueItems"):
            differ.add(f"UNIQUE_ITEMS_{'REMOVED' if old.get('uniqueItems') else 'ADDED'}")


def _places(differ: Differ, old: Node, new: Node) -> None:
    before, after = (items if isinstance(items := node.get("items"), list) else [] for node in (old, new))
    for place in range(max(len(before), len(after))):
        with differ.at("items", str(place)):
            if place >= len(after):
                _removed(differ, before[place], new.get("additionalItems", True))
            elif place >= len(before):
                _added(differ, after[place], old.get("additionalItems", True))
            else:
                differ.schemas(before[place], after[place])


def _removed(differ: Differ, before: Any, rest: Any) -> None:
    if rest is True:
        differ.add("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL")
    elif rest is not False:
        covered(differ, "ITEM_REMOVED", lambda: differ.schemas(before, rest))
    else:
        refused = differ.old.node(before).kind == "false"
        differ.add(f"ITEM{'_WITH_FALSE' if refused else ''}_REMOVED_FROM_CLOSED_CONTENT_MODEL")


def _added(differ: Differ, after: Any, rest: Any) -> None:
    if rest is True:
        empty = differ.new.node(after).kind == "empty"
        differ.add(f"ITEM{'_WITH_EMPTY_SCHEMA' if empty else ''}_ADDED_TO_OPEN_CONTENT_MODEL")
    elif rest is not False:
        covered(differ, "ITEM_ADDED", lambda: differ.schemas(rest, after))
    else:
        differ.add("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL")

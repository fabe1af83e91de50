"""From a place in the JSON view of an Avro payload back to the field in the Avro schema that it comes from."""

from __future__ import annotations

from typing import Any

from pyevents_codegen.pointer import tokens

__all__ = ["in_avro"]


def in_avro(record: dict[str, Any], pointer: str) -> str:
    """Return the JSON pointer of the field, or of the record, that a place in the view is derived from.

    Args:
        record: The Avro schema of the payload.
        pointer: JSON pointer into the view that `view.derive` makes of it.
    """
    keys = tokens(pointer)
    at, here = "", record
    while len(keys) > 1:
        keyword, name, *keys = keys
        if keyword == "definitions":
            at, here = _named(record, name, "") or (at, here)
        elif keyword == "properties":
            names = [field["name"] for field in here["fields"]]
            return f"{at}/fields/{names.index(name)}" if name in names else at
        else:
            keys = [name, *keys]
    return at


def _named(node: Any, name: str, pointer: str) -> tuple[str, dict[str, Any]] | None:
    """Find the record that the view keeps under a name: its own, or the full one where that was taken."""
    if isinstance(node, dict):
        if node.get("type") == "record" and pointer and node["name"] in (name, name.rpartition(".")[2]):
            return pointer, node
        below: Any = node.items()
    else:
        below = enumerate(node) if isinstance(node, list) else ()
    for key, child in below:
        if found := _named(child, name, f"{pointer}/{key}"):
            return found
    return None

"""JSON values as trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["objects"]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value, whatever it means there; itself first."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)

"""Descriptions and limits in words, for people who read a class rather than its schema."""

from __future__ import annotations

from typing import Any

__all__ = ["told"]

_UNTOLD = {2**31 - 1, 2**53 - 1, 2**63 - 1, -(2**31), -(2**53) + 1, -(2**63)}
"""Bounds that come from a number's storage; docstrings leave them out, as those beyond a float's integers."""


def told(schema: dict[str, Any]) -> str:
    """Return a field's description, with its limits in words."""
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    words = [_between(low, high, "character", "characters")] if low or high is not None else []
    words += [_range(schema)]
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    if low or high is not None:
        words.append(_between(low, high, "item", "items"))
    if schema.get("uniqueItems") is True:
        words.append("no item twice")
    sentence = ", ".join(word for word in words if word)
    description = str(schema.get("description", "")).strip()
    if not sentence:
        return description
    return f"{description} {sentence[0].upper()}{sentence[1:]}.".strip()


def _between(low: int, high: int | None, one: str, many: str) -> str:
    if high is None:
        return f"at least {low:,} {one if low == 1 else many}"
    if low == high:
        return f"exactly {low:,} {one if low == 1 else many}"
    return f"{low:,} to {high:,} {many}" if low else f"at most {high:,} {one if high == 1 else many}"


def _range(schema: dict[str, Any]) -> str:
    low, high = _bound(schema.get("minimum")), _bound(schema.get("maximum"))
    above, below = _bound(schema.get("exclusiveMinimum")), _bound(schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"from {low:,} to {high:,}"
    if low in (0, 1) and schema.get("type") != "number":
        low = None  # of an id or a count: not worth a word
    words = [
        f"{word} {bound:,}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high), ("less than", below))
        if bound is not None
    ]
    return " and ".join(words)


def _bound(value: Any) -> Any:
    if not isinstance(value, int | float) or value in _UNTOLD or abs(value) > 1e37:
        return None
    return int(value) if value == int(value) else value

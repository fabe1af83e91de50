"""Owns which characters an element of a regular expression reads, as ranges of code points."""

from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any

__all__ = ["LAST", "Letters", "letters", "shared"]

LAST = 0x10FFFF
Letters = tuple[tuple[int, int], ...]
_CATEGORIES: dict[Any, Letters] = {
    op.CATEGORY_DIGIT: ((48, 57),),
    op.CATEGORY_SPACE: ((9, 13), (32, 32), (160, 160)),
    op.CATEGORY_WORD: ((48, 57), (65, 90), (95, 95), (97, 122), (192, LAST)),
}
_OPPOSITES = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}


def letters(code: Any, argument: Any) -> Letters:
    """Return what one element of a parsed expression reads: LITERAL, NOT_LITERAL, ANY or IN."""
    if code is op.LITERAL:
        return ((argument, argument),)
    if code is op.NOT_LITERAL:
        return _without(((argument, argument),))
    if code is op.ANY:
        return _without(((10, 10),))
    negated = argument[0][0] is op.NEGATE
    found: list[tuple[int, int]] = []
    for kind, value in argument[1:] if negated else argument:
        if kind is op.LITERAL:
            found.append((value, value))
        elif kind is op.RANGE:
            found.append(value)
        elif kind is op.CATEGORY:
            found += _CATEGORIES[value] if value in _CATEGORIES else _without(_CATEGORIES[_OPPOSITES[value]])
    return _without(found) if negated else tuple(sorted(found))


def _without(letters: Iterable[tuple[int, int]]) -> Letters:
    left, at = [], 0
    for low, high in sorted(letters):
        if at < low:
            left.append((at, low - 1))
        at = max(at, high + 1)
    return (*left, (at, LAST)) if at <= LAST else tuple(left)


def shared(one: Letters, other: Letters) -> Letters:
    """Return the characters in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((low, high) for low, high in pairs if low <= high)

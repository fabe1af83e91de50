"""How names are written: the style of a name, and the words in it. Pure text to text."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["style", "word_set", "words"]

_STYLES = (
    ("snake_case", r"[a-z0-9]+(_[a-z0-9]+)+"),
    ("kebab-case", r"[a-z0-9]+(-[a-z0-9]+)+"),
    ("camelCase", r"[a-z]+[a-z0-9]*([A-Z][a-z0-9]*)+"),
    ("PascalCase", r"([A-Z][a-z0-9]+)+"),
    ("UPPER_CASE", r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"),
    ("", r"[a-z0-9]*"),
)


@lru_cache(maxsize=65536)
def style(name: str) -> str:
    """Return the style of a name: `""` where it fits several (one word in lower case), `mixed` where none."""
    return next((found for found, form in _STYLES if re.fullmatch(form, name)), "mixed")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, in whatever style it is written."""
    return [word.lower() for word in re.findall(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[0-9]+", name)]


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(text.split())

"""How names are written: the style of a name, and the words in it. Pure text to text."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["style", "word_set", "words"]

_LOW, _UP = "[a-z0-9ß-öø-ÿ]", "[A-ZÀ-ÖØ-Þ]"
_STYLES = (
    ("snake_case", re.compile(rf"{_LOW}+(_{_LOW}+)+")),
    ("kebab-case", re.compile(rf"{_LOW}+(-{_LOW}+)+")),
    ("camelCase", re.compile(rf"{_LOW}+({_UP}{_LOW}*)+")),
    ("PascalCase", re.compile(rf"({_UP}{_LOW}+)+")),
    ("UPPER_CASE", re.compile(rf"{_UP}({_UP}|[0-9])*(_({_UP}|[0-9])+)*")),
    ("", re.compile(rf"{_LOW}*")),
)


@lru_cache(maxsize=65536)
def style(name: str) -> str:
    """Return the style of a name: `""` where it fits several (one word in lower case), `mixed` where none."""
    return next((found for found, form in _STYLES if form.fullmatch(name)), "mixed")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, in whatever style it is written."""
    return [word.lower() for word in re.findall(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[0-9]+", name)]


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(text.split())

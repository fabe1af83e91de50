"""Owns drawing strings that match a regular expression; never decides whether one matches."""

import random
import re
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as grammar  # type: ignore[attr-defined]
from typing import Any

from pyevents_codegen.compat.characters import Letters, letters

__all__ = ["matching", "parsed"]

_PALETTE = "a0 Z_-.é/A9\t"
_LONGEST = 2_000
# ECMA 262 spellings that Python's parser does not know; near enough to draw from
_SPELLINGS = ((r"\\[pP]\{[^}]*\}", "[Aa]"), (r"\(\?<(?=[A-Za-z_])", "(?P<"), (r"\\c[A-Za-z]", r"\\x01"))


def matching(pattern: str, rng: random.Random, stretch: int = 2) -> str | None:
    """Draw one string that *pattern* probably matches, or None where it cannot be read.

    Lookaheads and conditions are passed over: whoever asks has the string checked by a validator.

    Args:
        pattern: A regular expression, unanchored as in JSON Schema.
        rng: Source of choices; the same state draws the same string.
        stretch: How many repetitions an unbounded repeat takes beyond its minimum, at most.
    """
    tree = parsed(pattern)
    if tree is None:
        return None
    groups: dict[int, str] = {}
    return "".join(_draw(tree, rng, stretch, groups))[:_LONGEST]


@lru_cache(maxsize=256)
def parsed(pattern: str) -> Any:
    """Return Python's parse tree of *pattern*, ECMA 262 spellings near enough; None where it has none."""
    for old, new in _SPELLINGS:
        pattern = re.sub(old, new, pattern)
    try:
        return grammar.parse(pattern)
    except (re.error, ValueError, RecursionError, OverflowError):
        return None


def _draw(tree: Any, rng: random.Random, stretch: int, groups: dict[int, str]) -> list[str]:
    out: list[str] = []
    for code, argument in tree:
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            out.append(_character(letters(code, argument), rng))
        elif code is op.BRANCH:
            out += _draw(rng.choice(argument[1]), rng, stretch, groups)
        elif code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inner = argument
            times = rng.randint(least, min(int(most), least + stretch))
            for _ in range(min(times, _LONGEST)):
                out += _draw(inner, rng, stretch, groups)
        elif code is op.SUBPATTERN:
            text = "".join(_draw(argument[3], rng, stretch, groups))
            if argument[0] is not None:
                groups[argument[0]] = text
            out.append(text)
        elif code is op.ATOMIC_GROUP:
            out += _draw(argument, rng, stretch, groups)
        elif code is op.GROUPREF:
            out.append(groups.get(argument, ""))
    return out


def _character(ranges: Letters, rng: random.Random) -> str:
    """Draw one that they hold; where they are wide, a usual one."""
    if not ranges:
        return "\u00a1"
    if any(high - low > 128 for low, high in ranges):
        usual = [letter for letter in _PALETTE if any(low <= ord(letter) <= high for low, high in ranges)]
        if usual:
            return rng.choice(usual)
    low, high = rng.choice(ranges)
    return chr(rng.choice((low, high, rng.randint(low, high))))

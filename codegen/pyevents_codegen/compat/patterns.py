"""Owns drawing strings that match a regular expression; never decides whether one matches."""

import random
import re
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as grammar  # type: ignore[attr-defined]
from typing import Any

__all__ = ["matching", "parsed"]

_WORD = "a0_Z9"
_DIGIT = "0195"
_SPACE = " \t"
_ANY = "a0 Zé-"
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
        if code is op.LITERAL:
            out.append(chr(argument))
        elif code is op.NOT_LITERAL:
            out.append(next(c for c in _ANY if ord(c) != argument))
        elif code is op.ANY:
            out.append(rng.choice(_ANY))
        elif code is op.IN:
            out.append(_one_of(argument, rng))
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


def _one_of(members: list[Any], rng: random.Random) -> str:
    if members[0][0] is op.NEGATE:
        return _outside(members[1:], rng)
    code, argument = rng.choice(members)
    if code is op.LITERAL:
        return chr(argument)
    if code is op.RANGE:
        return chr(rng.choice((argument[0], argument[1], rng.randint(*argument))))
    return rng.choice(_category(argument))


def _outside(members: list[Any], rng: random.Random) -> str:
    choices = [c for c in "a0 Z_-.é/A9\t" if not any(_holds(member, c) for member in members)]
    return rng.choice(choices) if choices else "\u00a1"


def _holds(member: tuple[Any, Any], character: str) -> bool:
    code, argument = member
    if code is op.LITERAL:
        return bool(ord(character) == argument)
    if code is op.RANGE:
        return bool(argument[0] <= ord(character) <= argument[1])
    return character in _category(argument) or _matches_category(argument, character)


def _matches_category(category: Any, character: str) -> bool:
    table = {
        op.CATEGORY_DIGIT: character.isdigit(),
        op.CATEGORY_NOT_DIGIT: not character.isdigit(),
        op.CATEGORY_SPACE: character.isspace(),
        op.CATEGORY_NOT_SPACE: not character.isspace(),
        op.CATEGORY_WORD: character.isalnum() or character == "_",
        op.CATEGORY_NOT_WORD: not (character.isalnum() or character == "_"),
    }
    return table.get(category, False)


def _category(category: Any) -> str:
    return {
        op.CATEGORY_DIGIT: _DIGIT,
        op.CATEGORY_NOT_DIGIT: "a -",
        op.CATEGORY_SPACE: _SPACE,
        op.CATEGORY_NOT_SPACE: "a0-",
        op.CATEGORY_WORD: _WORD,
        op.CATEGORY_NOT_WORD: " -.",
    }.get(category, "a")

"""Rules on strings: their length, their patterns, their formats."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from pyevents.errors import did_you_mean
from pyevents_codegen.compat.patterns import parsed
from pyevents_codegen.draft import draft_of
from pyevents_codegen.rules.backtracking import growth
from pyevents_codegen.rules.case import Case, Problem, Seen, types_of
from pyevents_codegen.rules.dialect import differences
from pyevents_codegen.rules.rule import Rule

__all__ = ["RULES", "enforced"]

_COMMON = frozenset({"date", "date-time", "email", "ipv4", "ipv6"})
"""Formats that need no asking: importing both validators takes a second."""

_BOUNDED_FORMATS = frozenset({"date", "date-time", "ipv4", "ipv6", "time", "uuid"})
_LONGEST = 1_000_000
_GROWS = {
    "exponential": "doubles with each further character",
    "polynomial": "grows with its square or faster",
    "unknown": "cannot be told, since the pattern is too long",
}


def _bounded(case: Case) -> Iterator[Problem]:
    for seen, node in case.values:
        schema = node.schema
        if "string" not in types_of(schema) or {"maxLength", "enum", "const"} & schema.keys():
            continue
        if schema.get("format") not in _BOUNDED_FORMATS and not _ends(schema.get("pattern", "")):
            yield seen.problem(node, "the string may be of any length")


@cache
def _ends(pattern: str) -> bool:
    tree = parsed(pattern)
    anchored = pattern.startswith("^") and pattern.endswith("$") and "|" not in pattern
    return anchored and tree is not None and tree.getwidth()[1] < _LONGEST


def _patterns(seen: Seen) -> Iterator[tuple[str, str]]:
    """Yield pointer and text of every regular expression."""
    for node in seen.nodes:
        if "pattern" in node.schema:
            yield f"{node.pointer}/pattern", node.schema["pattern"]
        for pattern in node.schema.get("patternProperties", ()):
            yield f"{node.pointer}/patternProperties", pattern


def _backtracking(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        for pointer, pattern in _patterns(seen):
            if (found := growth(pattern)) != "linear":
                yield seen.problem(pointer, f"the time to refuse a text {_GROWS[found]}")


def _differences(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        for pointer, pattern in _patterns(seen):
            for why in dict.fromkeys(_reasons(pattern)):
                message, _, remedy = why.partition("; ")
                yield seen.problem(pointer, message, f"{remedy[:1].upper()}{remedy[1:]}.")


@cache
def _reasons(pattern: str) -> tuple[str, ...]:
    return tuple(why for _, why in differences(pattern))


def _formats(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        draft = draft_of(seen.root) or 7
        for node in seen.nodes:
            named: Any = node.schema.get("format")
            if isinstance(named, str) and named not in _COMMON and named not in enforced(draft):
                otherwise = "Say it as `pattern`, or in the description."
                message = f"not every validator enforces the format {named!r}"
                yield seen.problem(f"{node.pointer}/format", message, did_you_mean(named, enforced(draft), otherwise))


@cache
def enforced(draft: int) -> frozenset[str]:
    """Return the formats that both validators enforce."""
    from pyevents_codegen.compat.judges import enforced_formats, one_sided_formats

    return enforced_formats(draft) - one_sided_formats(draft)


_rule = partial(Rule, category="text")

RULES = (
    _rule(
        id="string-bounded",
        preset="STANDARD",
        purpose="Every string has a limit: maxLength, an enumeration, a format or a pattern of bounded length.",
        why="The column that a consumer keeps it in has one; the event that is the first to pass it is lost there.",
        fix='{"type": "string"}  →  {"type": "string", "maxLength": 100}',
        remedy='Add "maxLength".',
        find=_bounded,
    ),
    _rule(
        id="pattern-backtracking",
        preset="MINIMAL",
        purpose="The time to refuse a text grows with its length, and not faster.",
        why="Java and Python try every way in which a text can match; thirty characters can then take hours.",
        fix="^([a-z]+)*$  →  ^[a-z]*$, and [a-z]+$  →  ^[a-z]+$",
        remedy="Begin with ^, and let no two repeats be able to read the same text.",
        find=_backtracking,
    ),
    _rule(
        id="pattern-portable",
        preset="STANDARD",
        purpose="Java, Python, Rust and ECMA 262 read every pattern in the same way.",
        why="Services validate in their own languages; what one accepts, another one refuses.",
        fix=r"^\d+\w*$  →  ^[0-9]+[A-Za-z0-9_]*$",
        find=_differences,
    ),
    _rule(
        id="format-enforced",
        preset="MINIMAL",
        purpose="Every format is one that validators enforce.",
        why="An unknown format is ignored by every validator: it looks like a limit and is none.",
        fix='"format": "datetime"  →  "format": "date-time"',
        find=_formats,
    ),
)

"""Rules on numbers, and on the dates and times that are often written as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial

from pyevents_codegen.rules.case import Case, Node, Problem, Seen, types_of
from pyevents_codegen.rules.rule import Rule
from pyevents_codegen.rules.style import word_set, words

__all__ = ["RULES"]

_EXACT = 2**53 - 1
"""Largest whole number up to which doubles, and so most JSON parsers, hold every one (RFC 8259, section 6)."""

_MONEY = word_set(
    "amount balance betrag brutto cost costs eur euro fee fees gebuehr gebühr gehalt honorar kosten money netto preis "
    "price rabatt rechnungsbetrag salary saldo steuer summe tax total usd"
)
_IDS = word_set("id ids key nr nummer number uuid")
_MOMENT = r"am|at|date|datetime|.*(?:datum|timestamp|zeitpunkt|zeitstempel)"
_TIME = {"string": re.compile(f"{_MOMENT}|time|zeit|uhrzeit"), "number": re.compile(_MOMENT)}
"""Last words of names; a number with the name `travel_time` is a duration."""
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LOCAL = ("2026-11-23T07:00:00", "2026-11-23 07:00:00", "2026-11-23T07:00", "2026-11-23T07:00:00.000")


def _bounded(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        for node in _numbers(seen):
            for side, names in (("lower", ("minimum", "exclusiveMinimum")), ("upper", ("maximum", "exclusiveMaximum"))):
                if not any(name in node.schema for name in names):
                    yield seen.problem(node, f"the number has no {side} limit", f'Add "{names[0]}".')


def _integers(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        for node in _numbers(seen) if seen.version.format == "json" else ():
            limits = (node.schema.get(name, 0) for name in _LIMITS)
            if "integer" in types_of(node.schema) and any(abs(limit) > _EXACT + 1 for limit in limits):
                yield seen.problem(node, "it admits whole numbers beyond 2^53, which many JSON parsers round")


def _numbers(seen: Seen) -> Iterator[Node]:
    return (
        node
        for node in seen.values
        if types_of(node.schema) & {"integer", "number"} and not {"enum", "const"} & node.schema.keys()
    )


def _floats(case: Case) -> Iterator[Problem]:
    for seen, node in case.fields:
        if "number" not in types_of(node.schema):
            continue
        named = _words(node.name)
        kind = "money" if _MONEY & set(named) else "an id" if named and named[-1] in _IDS else ""
        if kind:
            yield seen.problem(node, f"the field {node.name!r} is {kind} and a float")


def _times(case: Case) -> Iterator[Problem]:
    for seen, node in case.fields:
        if not {"format", "pattern", "enum", "const", "$ref"} & node.schema.keys() and _is_time(node):
            yield seen.problem(node, f"the field {node.name!r} does not say how a date or time is written in it")


def _is_time(node: Node) -> bool:
    """By the last word of the name; texts may be anything, numbers are epochs in a unit that nobody states."""
    named, types = _words(node.name), types_of(node.schema)
    kinds = {"string" if "string" in types else "number"} if types & {"string", "integer", "number"} else set()
    return bool(named) and any(_TIME[kind].fullmatch(named[-1]) for kind in kinds)


def _offsets(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        pattern = node.schema.get("pattern")
        if isinstance(pattern, str) and node.schema.get("format") != "date-time" and _local(pattern):
            yield seen.problem(
                f"{node.pointer}/pattern", "the pattern admits a date and time without an offset from UTC"
            )


@cache
def _local(pattern: str) -> bool:
    """Whether a pattern is made for a date with a time, and admits one without an offset."""
    try:
        read = re.compile(pattern)
    except re.error:
        return False
    return any(read.search(text) and not read.search("x" * len(text)) for text in _LOCAL)


@cache
def _words(name: str | None) -> list[str]:
    return words(name or "")


_rule = partial(Rule, category="numbers")

RULES = (
    _rule(
        id="number-bounded",
        preset="STANDARD",
        purpose="Every number has a lower and an upper limit.",
        why="The column or the variable that a consumer keeps it in has both; what passes them is lost there.",
        fix='{"type": "integer"}  →  {"type": "integer", "minimum": 1, "maximum": 9007199254740991}',
        find=_bounded,
    ),
    _rule(
        id="integer-exact",
        preset="STANDARD",
        purpose="Whole numbers in JSON stay within 2^53.",
        why="JavaScript and many other parsers read doubles, which round beyond it: another id arrives than was sent.",
        fix='"maximum": 9223372036854775807  →  "maximum": 9007199254740991, or a string of digits',
        remedy="Lower the limits to 9007199254740991, or make it a string of digits.",
        find=_integers,
    ),
    _rule(
        id="float-exact",
        preset="MINIMAL",
        purpose="Money and ids are no floats.",
        why="0.1 + 0.2 is not 0.3 in a float, and a long id is rounded.",
        fix='"preis": {"type": "number"}  →  "preis_cent": {"type": "integer"}',
        remedy="Make it a whole number of the smallest unit, or a string of digits.",
        find=_floats,
    ),
    _rule(
        id="time-formatted",
        preset="STANDARD",
        purpose="A date or time says how it is written.",
        why="03.04.2026 is two days; a bare number is seconds to one service and milliseconds to another one.",
        fix='"gesendet_am": {"type": "string"}  →  add "format": "date-time"',
        remedy='Add "format": "date" or "date-time" to a string, or a pattern to a local time.',
        find=_times,
    ),
    _rule(
        id="time-offset",
        preset="MINIMAL",
        purpose="A date with a time has an offset from UTC.",
        why="Without one, each service reads it in its own zone, and twice a year an hour is there twice.",
        fix='a pattern for 2026-11-23T07:00:00  →  "format": "date-time", as in 2026-11-23T07:00:00Z',
        remedy='Write "format": "date-time" in place of the pattern.',
        find=_offsets,
    ),
)

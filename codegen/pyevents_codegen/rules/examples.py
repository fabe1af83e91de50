"""Rules on examples: that there are some, that they show everything, and that they look like what is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from pyevents_codegen.pointer import joined
from pyevents_codegen.rules.case import Case, Problem, Seen
from pyevents_codegen.rules.rule import Rule

__all__ = ["RULES"]

_MADE_UP = re.compile(
    r"(?i)^(?:foo|bar|baz|foobar|qux|test(?:[ _-]?[0-9]*|ing)|string|str|text|value|wert|beispiel|example|sample|dummy|"
    r"name|asdf\w*|qwert\w*|lorem ipsum.*|abc|xyz|todo|tbd|n/?a|null|none|(.)\1{2,})$"
)


def _present(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        place = f"examples/{seen.version.text}"
        if not any(example.reason is None for example in seen.examples):
            yield seen.problem("", "there is no valid example of this version", f"Add one to {place}/.")
        if not any(example.reason for example in seen.examples):
            remedy = f"Add one to {place}/invalid/, named <field>--<keyword>.json."
            yield seen.problem("", "there is no invalid example of this version", remedy)


def _complete(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        valid = [example.source.value for example in seen.examples if example.reason is None]
        shown = {names for value in valid for names, _ in _leaves(value, ()) for names in _prefixes(names)}
        for node in seen.fields:
            path = _path(seen, node.pointer)
            if valid and path is not None and path not in shown:
                yield seen.problem(node, f"no valid example fills the field {node.name!r}")


def _realistic(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        for example in seen.examples:
            for path, value in _leaves(example.source.value, ()) if example.reason is None else ():
                if isinstance(value, str) and _MADE_UP.match(value.strip()):
                    pointer = joined(path)
                    yield Problem(example.source, pointer, "the text is a placeholder")


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value in a payload that is filled, with its path."""
    if isinstance(value, dict | list) and value:
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in items:
            yield from _leaves(child, (*path, str(key)))
    elif value is not None:
        yield path, value


def _prefixes(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for length in range(1, len(path) + 1):
        yield tuple("*" if token.isdigit() else token for token in path[:length])


def _path(seen: Seen, pointer: str) -> tuple[str, ...] | None:
    """Return the path of a field in payloads; None where a choice or a reference stands before it."""
    tokens = pointer.split("/")[1:]
    path: list[str] = []
    while tokens:
        if tokens[0] == "properties":
            path.append(tokens[1])
            tokens = tokens[2:]
        elif tokens[0] == "items":
            path.append("*")
            tokens = tokens[1:]
        else:
            return None
    return tuple(path)


_rule = partial(Rule, category="examples")

RULES = (
    _rule(
        id="example-missing",
        preset="STANDARD",
        purpose="Every version has at least one valid and one invalid example.",
        why="Examples are the tests of a contract, here and in every service that reads it.",
        fix="examples/1.0/minimal.json and examples/1.0/invalid/patient_id--required.json",
        find=_present,
    ),
    _rule(
        id="example-complete",
        preset="STRICT",
        purpose="Every field is filled in some valid example.",
        why="What no example shows, no test has ever sent through codec, class and consumer.",
        fix="examples/1.0/full.json with every field",
        remedy="Fill it in an example; full.json is the place.",
        find=_complete,
    ),
    _rule(
        id="example-realistic",
        preset="STRICT",
        purpose="Valid examples hold texts as they are really sent.",
        why='Who reads "test" or "string" learns nothing of what a field is for, nor of umlauts, lengths and forms.',
        fix='"vorname": "test"  →  "vorname": "Änne"',
        remedy="Write a text as it is really sent, of an invented person.",
        find=_realistic,
    ),
)

"""Lines and columns: where in a JSON or TOML text the value at a JSON pointer (RFC 6901) stands.

Places are looked for when there is something to say about them, never before.
"""

from __future__ import annotations

import bisect
import json
import re
import tomllib
from functools import lru_cache
from typing import Any

from pyevents_codegen.pointer import escape, tokens

__all__ = ["in_json", "in_toml", "last", "line_and_column", "second_key"]

_SPAN = 200
"""Most lines of one TOML value, for finding places."""

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')


def in_json(text: str, pointer: str) -> tuple[int, int] | None:
    """Return line and column, from 1, of a key or array item; None where the text has none there."""
    offset = _offsets(text).get(pointer)
    if offset is None:
        return None
    starts = _line_starts(text)
    line = bisect.bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


@lru_cache(maxsize=2)
def _offsets(text: str) -> dict[str, int]:
    """Findings come file by file, and there may be thousands in one: a text is read once for all of them."""
    return dict(reversed(_members(text)))


@lru_cache(maxsize=2)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def second_key(text: str) -> tuple[str, int]:
    """Return pointer and offset of the first key that stood in its object before."""
    seen: set[str] = set()
    for pointer, offset in _members(text):
        if pointer in seen:
            return pointer, offset
        seen.add(pointer)
    return "", 0


def _members(text: str) -> list[tuple[str, int]]:
    """Return pointer and offset of every key and array item of a JSON text, in its order."""
    found: list[tuple[str, int]] = [("", len(text) - len(text.lstrip()))]
    parents: list[str] = []
    index: list[int | None] = []  # of the item, in an array; None in an object
    here, fresh = "", False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "}]":
            here, fresh = parents.pop() if parents else "", False
            del index[-1:]
            continue
        if fresh:
            position = index[-1]
            if position is None:
                here = f"{parents[-1]}/{escape(_unquoted(token))}"
            else:
                here, index[-1] = f"{parents[-1]}/{position}", position + 1
            found.append((here, match.start()))
        if token in "{[":
            parents.append(here)
            index.append(None if token == "{" else 0)
        fresh = token in "{[,"
    return found


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def in_toml(text: str, pointer: str) -> tuple[int, int] | None:
    """Find, by halving, the line with which the document begins to hold the pointer: TOML is read in order."""
    lines = text.splitlines(keepends=True)
    keys = tokens(pointer)
    if not keys:
        return 1, 1
    line = bisect.bisect_left(range(len(lines) + 1), True, key=lambda end: _holds(_beginning(lines, end), keys))
    if line > len(lines):
        return None
    return line, max(lines[line - 1].find(keys[-1]), 0) + 1


def _beginning(lines: list[str], end: int) -> Any:
    """Parse the first `end` lines, with as many more as a value that spans lines needs."""
    for last in range(end, min(len(lines), end + _SPAN) + 1):
        try:
            return tomllib.loads("".join(lines[:last]))
        except tomllib.TOMLDecodeError:
            continue
    return None


def _holds(value: Any, keys: list[str]) -> bool:
    for key in keys:
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset from 0."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def last(text: str) -> tuple[int, int]:
    """Return the place after the last letter that is not space."""
    return line_and_column(text, len(text.rstrip()))

"""Text files a person edits: reads them safely and finds the line of a value. It knows nothing of contracts.

JSON is read more strictly than Python's own parser does: a duplicate key, `NaN`, a number that no double holds, half
of a surrogate pair and deep nesting are findings, because other languages' readers disagree about each of them.
"""

from __future__ import annotations

import bisect
import json
import math
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from pyevents_codegen.finding import Finding, Severity

__all__ = ["DEPTH", "SIZE", "Source", "escape", "read"]

SIZE = 16 * 1024 * 1024
"""Longest file that is read, in bytes."""

DEPTH = 64
"""Deepest nesting of objects and arrays."""

_SPAN = 200
"""Most lines of one TOML value, for finding places."""

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')


class Source(Struct, frozen=True):
    """A file that was read: what it holds, and where in it.

    `file` is its name as a person would type it, `value` what its JSON or TOML says.
    """

    file: str
    text: str
    value: Any

    def finding(self, rule: str, pointer: str, message: str, remedy: str, *, severity: Severity = "error") -> Finding:
        """Return a finding about the value at a JSON pointer, with its line and column."""
        line, column = self.place(pointer)
        return Finding(self.file, line, column, pointer, rule, message, remedy, severity)

    def place(self, pointer: str) -> tuple[int, int]:
        """Return line and column, from 1, of the value at a JSON pointer, or of the nearest value around it."""
        find = _place_in_toml if self.file.endswith(".toml") else _place_in_json
        while True:
            place = find(self.text, pointer)
            if place is not None:
                return place
            pointer = pointer.rpartition("/")[0]


class _Refused(ValueError):
    """A JSON document breaks a rule that Python's parser does not know."""


def read(path: Path, file: str) -> Source | Finding:
    """Read a TOML or JSON file (`.avsc` is JSON), or say why it cannot be.

    Args:
        path: Where it is.
        file: Its name in findings.
    """
    try:
        if path.stat().st_size > SIZE:
            return _whole(file, "file-size", f"it is larger than {SIZE // 2**20} MiB", "Make it smaller.")
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        return _whole(file, "file-unreadable", f"it cannot be read: {error.strerror}", "Make it a readable file.")
    except UnicodeDecodeError as error:
        return _whole(file, "file-encoding", f"byte {error.start} is not UTF-8", "Save it as UTF-8.")
    if text.startswith("\ufeff"):
        return _whole(file, "file-encoding", "it starts with a byte order mark", "Save it as UTF-8 without one.")
    return _toml(file, text) if file.endswith(".toml") else _json(file, text)


def escape(key: str) -> str:
    """Return a key as a token of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _toml(file: str, text: str) -> Source | Finding:
    try:
        return Source(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        line, column = _last_place(text)
        if found := re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message):
            message = message[: found.start()]
            line, column = (int(found[1]), int(found[2])) if found[1] else (line, column)
        return Finding(file, line, column, "", "toml-syntax", _clause(message), "Correct the TOML.")
    except RecursionError:
        return _whole(file, "file-depth", "it is nested too deeply", f"Stay below {DEPTH} levels.")


def _json(file: str, text: str) -> Source | Finding:
    try:
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
        if r"\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return Finding(file, error.lineno, error.colno, "", "json-syntax", _clause(error.msg), "Correct the JSON.")
    except UnicodeEncodeError:
        return _whole(file, "json-text", "a text holds half of a surrogate pair", "Write the character itself.")
    except _Refused as error:
        pointer, offset = _second(text) if error.args[0].startswith("the key") else ("", 0)
        return Finding(file, *_line_and_column(text, offset), pointer, "json-strict", *error.args)
    except RecursionError:
        return _whole(file, "file-depth", "it is nested too deeply", f"Stay below {DEPTH} levels.")
    except ValueError:
        return _whole(file, "json-number", "a whole number has thousands of digits", "Write a smaller number.")
    if _deeper_than(value, DEPTH):
        return _whole(file, "file-depth", f"it is nested deeper than {DEPTH} levels", "Make it flatter.")
    return Source(file, text, value)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {twice!r} stands twice in one object", "Keep one of them.")
    return made


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON", "Write a number, or leave the value out.")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused("a number is larger than a double can hold", "Write a smaller number.")
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        containers = [part for part in level if isinstance(part, dict | list)]
        level = [child for part in containers for child in (part.values() if isinstance(part, dict) else part)]
        if not level:
            return False
    return True


def _place_in_json(text: str, pointer: str) -> tuple[int, int] | None:
    for candidate, offset in _members(text):
        if candidate == pointer:
            return _line_and_column(text, offset)
    return None


def _second(text: str) -> tuple[str, int]:
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


def _place_in_toml(text: str, pointer: str) -> tuple[int, int] | None:
    """Find, by halving, the line with which the document begins to hold the pointer: TOML is read in order."""
    lines = text.splitlines(keepends=True)
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    if not tokens:
        return 1, 1
    line = bisect.bisect_left(range(len(lines) + 1), True, key=lambda end: _holds(_beginning(lines, end), tokens))
    if line > len(lines):
        return None
    return line, max(lines[line - 1].find(tokens[-1]), 0) + 1


def _beginning(lines: list[str], end: int) -> Any:
    """Parse the first `end` lines, with as many more as a value that spans lines needs."""
    for last in range(end, min(len(lines), end + _SPAN) + 1):
        try:
            return tomllib.loads("".join(lines[:last]))
        except tomllib.TOMLDecodeError:
            continue
    return None


def _holds(value: Any, tokens: list[str]) -> bool:
    for token in tokens:
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict) or token not in value:
            return False
        value = value[token]
    return True


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _last_place(text: str) -> tuple[int, int]:
    return _line_and_column(text, len(text.rstrip()))


def _whole(file: str, rule: str, message: str, remedy: str) -> Finding:
    return Finding(file, 0, 0, "", rule, message, remedy)


def _clause(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")

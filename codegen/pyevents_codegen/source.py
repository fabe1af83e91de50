"""Text files a person edits: reads them safely and finds the line of a value. It knows nothing of contracts.

JSON is read more strictly than Python's own parser does: a duplicate key, `NaN`, a number that no double holds, half
of a surrogate pair and deep nesting are findings, because other languages' readers disagree about each of them.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from pyevents_codegen.finding import Finding, Severity
from pyevents_codegen.place import in_json, in_toml, last, line_and_column, second_key

__all__ = ["DEPTH", "SIZE", "Source", "read"]

SIZE = 16 * 1024 * 1024
"""Longest file that is read, in bytes."""

DEPTH = 64
"""Deepest nesting of objects and arrays."""


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
        find = in_toml if self.file.endswith(".toml") else in_json
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
        with path.open("rb") as opened:
            content = opened.read(SIZE + 1)
        if len(content) > SIZE:
            return _whole(file, "file-size", f"it is larger than {SIZE // 2**20} MiB", "Make it smaller.")
        text = content.decode("utf-8")
    except OSError as error:
        return _whole(file, "file-unreadable", f"it cannot be read: {error.strerror}", "Make it a readable file.")
    except UnicodeDecodeError as error:
        return _whole(file, "file-encoding", f"byte {error.start} is not UTF-8", "Save it as UTF-8.")
    if text.startswith("\ufeff"):
        return _whole(file, "file-encoding", "it starts with a byte order mark", "Save it as UTF-8 without one.")
    return _toml(file, text) if file.endswith(".toml") else _json(file, text)


def _toml(file: str, text: str) -> Source | Finding:
    try:
        return Source(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        line, column = last(text)
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
        pointer, offset = second_key(text) if error.args[0].startswith("the key") else ("", 0)
        return Finding(file, *line_and_column(text, offset), pointer, "json-strict", *error.args)
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


def _whole(file: str, rule: str, message: str, remedy: str) -> Finding:
    return Finding(file, 0, 0, "", rule, message, remedy)


def _clause(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")

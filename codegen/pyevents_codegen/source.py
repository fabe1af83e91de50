"""Text files a person edits: reads them safely and finds the line of a value. It knows nothing of contracts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from msgspec import Struct

from pyevents_codegen.finding import Finding, Severity, of_file
from pyevents_codegen.place import in_json, in_toml, last, line_and_column, second_key
from pyevents_codegen.strict import NotStrict, parse

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
            return of_file(file, "file-size", f"it is larger than {SIZE // 2**20} MiB", "Make it smaller.")
        text = content.decode("utf-8")
    except OSError as error:
        return of_file(file, "file-unreadable", f"it cannot be read: {error.strerror}", "Make it a readable file.")
    except UnicodeDecodeError as error:
        return of_file(file, "file-encoding", f"byte {error.start} is not UTF-8", "Save it as UTF-8.")
    return _toml(file, text) if file.endswith(".toml") else _json(file, text)


def _toml(file: str, text: str) -> Source | Finding:
    if text.startswith("\ufeff"):
        return of_file(file, "file-encoding", "it starts with a byte order mark", "Save it as UTF-8 without one.")
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
        return of_file(file, "file-depth", "it is nested too deeply", f"Stay below {DEPTH} levels.")


def _json(file: str, text: str) -> Source | Finding:
    try:
        return Source(file, text, parse(text, DEPTH))
    except NotStrict as error:
        pointer, place = "", error.place
        if error.twice is not None:
            pointer, offset = second_key(text)
            place = line_and_column(text, offset)
        return Finding(file, *place, pointer, error.rule, error.message, error.remedy)


def _clause(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")

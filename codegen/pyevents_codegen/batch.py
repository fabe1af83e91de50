"""Pairs of schema texts as lines of JSON, for whoever judges them; it judges none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

__all__ = ["Asked", "asked"]


class Asked(NamedTuple):
    """One line: can *reader* read what *writer* wrote? `problem` says why it cannot be asked; `""` where it can."""

    id: Any
    kind: Literal["json", "avro"] = "json"
    reader: str = ""
    writer: str = ""
    problem: str = ""


def asked(lines: Iterable[str]) -> Iterator[Asked]:
    """Yield what each line `{"id", "kind": "json"|"avro", "reader", "writer"}` asks; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read(number, line)


def _read(number: int, line: str) -> Asked:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Asked(None, problem=f"line {number} is no JSON object")
    name, kind = found.get("id"), found.get("kind") or found.get("format") or "json"
    reader, writer = found.get("reader"), found.get("writer")
    if kind not in ("json", "avro") or not (isinstance(reader, str) and isinstance(writer, str)):
        problem = f'line {number}: kind is "json" or "avro", reader and writer are schema texts'
        return Asked(name, problem=problem)
    return Asked(name, "avro" if kind == "avro" else "json", reader, writer)

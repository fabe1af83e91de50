"""The tables of docs/compatibility.md: what is compatible and why, each change with the message that breaks.

`python -m tests.suite.compatibility` writes them anew into the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pyevents_codegen.compat import Question, Verdict, decide_all
from pyevents_codegen.compose import canonical
from pyevents_codegen.opening import opened
from tests.suite.changes import AVRO_CHANGES, CHANGES, Change, made

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"

_JSON: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "ort": {"type": "string", "maxLength": 9},
        "tag": {"type": ["string", "null"], "format": "date"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "status": {"type": "string", "enum": ["offen", "zu"]},
        "namen": {"type": "array", "items": {"type": "string"}},
    },
}
_AVRO: dict[str, Any] = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "ort", "type": ["null", "string"], "default": None},
        {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["offen", "zu"]}},
    ],
}


def page() -> str:
    """Return the page with its tables made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition("\n## JSON Schema\n")[0], text.partition("\nLimits in Avro ")[2]
    tables = _table("JSON Schema", "json", CHANGES, _JSON) + _table("Avro", "avro", AVRO_CHANGES, _AVRO)
    return f"{before}{tables}\nLimits in Avro {after}"


def _table(title: str, kind: Literal["json", "avro"], changes: tuple[Change, ...], schema: dict[str, Any]) -> str:
    rows = ["", f"## {title}", "", "| change | BACKWARD | FORWARD | because |", "|---|---|---|---|"]
    for change in changes:
        changed = _example(change, kind, schema)
        if changed is not None:
            back, forth = decide_all([_pair(kind, changed, schema), _pair(kind, schema, changed)])
            rows.append(f"| {change.words} | {_cell(back)} | {_cell(forth)} | {change.why} |")
    return "\n".join(rows) + "\n"


def _example(change: Change, kind: Literal["json", "avro"], schema: dict[str, Any]) -> dict[str, Any] | None:
    return next(_changed(change, kind, schema), None)


def _changed(change: Change, kind: Literal["json", "avro"], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = list(schema["properties"]) if kind == "json" else [field["name"] for field in schema["fields"]]
    for name in [*names[1:], names[0]]:
        yield from made(change, schema, name, kind)


def _pair(kind: Literal["json", "avro"], reader: dict[str, Any], writer: dict[str, Any]) -> Question:
    if kind == "avro":
        return Question(canonical(reader), canonical(writer), "avro")
    return Question(canonical(opened(reader)), canonical(writer), "json")


def _cell(verdict: Verdict) -> str:
    if verdict.kind == "safe":
        return "yes"
    return f"no: `{json.dumps(verdict.counterexample, ensure_ascii=False)}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

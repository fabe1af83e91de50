"""What a reader finds in the payloads of an Avro writer, as JSON Schemas: the limits that Avro does not compare.

Avro resolves by types. The reader's limits (`maxLength`, `minimum`, …) are checked after that, on the resolved payload:
its fields have the reader's names, every field of the writer is there, unknown symbols have become the enum's default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyevents_codegen import view
from pyevents_codegen.compat import Question
from pyevents_codegen.compose import PAYLOAD, canonical
from pyevents_codegen.folder import PayloadVersion
from pyevents_codegen.opening import opened
from pyevents_codegen.references import moved, subschemas
from pyevents_codegen.source import Source

__all__ = ["limits"]


def limits(reader: PayloadVersion, writer: PayloadVersion) -> Question:
    """Return the pair that compares the limits of two Avro versions, which resolve as far as types go."""
    source = writer.source
    words = _in_words_of(reader.source.value, source.value)
    sent, _ = view.derive(Source(source.file, source.text, words))
    for _, schema in subschemas(sent):
        if isinstance(schema, dict) and "properties" in schema:
            schema["required"] = list(schema["properties"])
    return Question(_message(opened(reader.view)), _message(sent), "json")


def _message(payload: dict[str, Any]) -> str:
    inner = {key: value for key, value in payload.items() if key != "$schema"}
    return canonical(
        {
            "$schema": payload["$schema"],
            "type": "object",
            "required": ["payload"],
            "properties": {"payload": moved(inner, lambda reference: PAYLOAD + reference.removeprefix("#"))},
        }
    )


def _in_words_of(reader: Any, writer: Any) -> Any:
    if isinstance(writer, list):
        return [_in_words_of(_branch(reader, branch), branch) for branch in writer]
    if isinstance(reader, list):
        reader = _branch(reader, writer)
    if not (isinstance(reader, dict) and isinstance(writer, dict)):
        return writer
    if isinstance(writer.get("type"), dict | list):
        inner = reader["type"] if isinstance(reader.get("type"), dict | list) else reader
        return {**writer, "type": _in_words_of(inner, writer["type"])}
    if writer.get("type") == "record":
        return {**writer, "fields": list(_fields(reader.get("fields", []), writer["fields"]))}
    if writer.get("type") == "enum" and "default" in reader:
        known = [symbol if symbol in reader["symbols"] else reader["default"] for symbol in writer["symbols"]]
        return {**writer, "symbols": list(dict.fromkeys(known)), "default": reader["default"]}
    for keyword in ("items", "values"):
        if keyword in writer and keyword in reader:
            writer = {**writer, keyword: _in_words_of(reader[keyword], writer[keyword])}
    return writer


def _fields(reader: list[dict[str, Any]], writer: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    sent = {field["name"]: field for field in writer}
    for field in reader:
        names = [field["name"], *field.get("aliases", ())]
        found = next((sent[name] for name in names if name in sent), None)
        if found is not None:
            yield {**found, "name": field["name"], "type": _in_words_of(field["type"], found["type"])}


def _branch(reader: Any, writer: Any) -> Any:
    """Return the branch of a reader's union that a writer's type is read with."""
    branches = reader if isinstance(reader, list) else [reader]
    kind = writer.get("type") if isinstance(writer, dict) else writer
    return next((one for one in branches if (one.get("type") if isinstance(one, dict) else one) == kind), writer)

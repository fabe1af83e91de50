"""Owns the verdict on a pair of Avro schemas: the official checker's rules, shown by a record really read."""

import io
import time
from typing import Any

import avro.schema
import fastavro

from pyevents_codegen.compat.avro_records import as_json, records
from pyevents_codegen.compat.avro_text import clashes, read_avro, without_logical_types
from pyevents_codegen.compat.verdict import Json, SchemaRefused, Verdict
from pyevents_codegen.tree import objects

__all__ = ["decide_avro"]

_SMALLER_S = 0.02


def decide_avro(reader: str, writer: str, budget_s: float) -> Verdict:
    """Decide a pair of Avro schema texts.

    A break is shown by a record that fastavro writes with *writer* and cannot read with *reader*; where
    fastavro reads more than the rules allow, the fullest record is shown and the reason says so.
    """
    until = time.monotonic() + budget_s * 0.6
    try:
        ours, our_value = read_avro(reader, "reader")
        theirs, their_value = read_avro(writer, "writer")
    except SchemaRefused as refused:
        return Verdict("error", reason=str(refused))
    if reader == writer:
        return Verdict("safe", reason="the reader's schema is the writer's")
    found = clashes(ours, theirs)
    if not found:
        return Verdict("safe", reason="the reader resolves every record of the writer")
    rule, pointer = found[0]
    refused_record = _refused(our_value, their_value, theirs, until)
    where = f"at {pointer} of the schema" if pointer.strip("/") else "as a whole"
    reason = f"the reader cannot resolve what the writer sends, {where}: {rule.replace('_', ' ')}"
    if refused_record is not None:
        return Verdict("breaking", as_json(refused_record[0]), pointer, rule, reason)
    fullest = next(iter(records(theirs)), None)
    return Verdict(
        "breaking",
        as_json(fullest),
        pointer,
        rule,
        f"{reason} (by the specification; fastavro reads it all the same)",
    )


def _parsed(value: Json) -> Any:
    try:
        return fastavro.parse_schema(without_logical_types(value))
    except Exception:  # fastavro raises what its C code met: any of it means "not readable here"
        return None


def _read(reader: Any, writer: Any, record: Any) -> bool | None:
    out = io.BytesIO()
    try:
        fastavro.schemaless_writer(out, writer, record)
    except Exception:  # as above: "cannot be written"
        return None
    out.seek(0)
    try:
        fastavro.schemaless_reader(out, writer, reader)
    except Exception:  # as above: "cannot be read"
        return False
    return True


def _refused(reader: Json, writer: Json, schema: avro.schema.Schema, until: float) -> tuple[Any] | None:
    smallest: tuple[Any] | None = None
    known = frozenset(symbol for node in objects(reader) for symbol in node.get("symbols") or ())
    ours, theirs = _parsed(reader), _parsed(writer)
    if ours is None or theirs is None:
        return None
    for record in records(schema, known):
        if time.monotonic() > until:
            break
        smaller = smallest is None or len(repr(record)) < len(repr(smallest[0]))
        if smaller and _read(ours, theirs, record) is False:
            until = until if smallest else min(until, time.monotonic() + _SMALLER_S)
            smallest = (record,)
    return smallest

"""What a Confluent registry says of one pair of schema texts, or of many as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pyevents_codegen.batch import asked
from pyevents_codegen.confluent.differ import Differ
from pyevents_codegen.confluent.node import Document, Unreadable
from pyevents_codegen.confluent.rule import COMPATIBLE

__all__ = ["Answer", "judge", "pairs"]


class Answer(NamedTuple):
    """The registry's answer.

    Attributes:
        compatible: The reader may follow the writer.
        changes: Every change by the registry's name and its place, compatible ones too: `TYPE_CHANGED #/properties/id`.
        reasons: Those of them that refuse, or why a text is no schema.
    """

    compatible: bool
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def judge(reader: str, writer: str, kind: str) -> Answer:
    """Say whether a registry accepts `reader` as able to read what `writer` wrote.

    It is a prediction of what the registry answers, not of what is safe: see `pyevents_codegen.compat` for that.

    Args:
        reader: Schema text; under BACKWARD the new version.
        writer: Schema text; under BACKWARD the version before.
        kind: `json` or `avro`.
    """
    try:
        return _avro(reader, writer) if kind == "avro" else _json(reader, writer)
    except RecursionError:
        return Answer(False, reasons=("the schemas are nested or refer to themselves too deeply",))


def pairs(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Judge each line of *lines*, as `pyevents_codegen.batch` reads them, in order.

    Yields:
        `{"id", "compatible", "changes"}`; with `problem` where a text is no schema or a line is no pair.
    """
    for one in asked(lines):
        answer = Answer(False, reasons=(one.problem,)) if one.problem else judge(one.reader, one.writer, one.kind)
        row = {"id": one.id, "compatible": answer.compatible, "changes": list(answer.changes)}
        yield row if answer.compatible or answer.changes else {**row, "problem": "; ".join(answer.reasons)}


def _json(reader: str, writer: str) -> Answer:
    documents = []
    for role, text in (("writer", writer), ("reader", reader)):
        try:
            documents.append(Document(text))
        except Unreadable as error:
            return Answer(False, reasons=(f"the {role}'s text is no schema: {error}",))
    differ = Differ(*documents)
    try:
        differ.nodes(documents[0].root, documents[1].root)
    except Unreadable as error:
        if all(change.rule in COMPATIBLE for change in differ.changes):
            return Answer(False, reasons=(f"a part of a schema cannot be read: {error}",))
    refused = tuple(str(change) for change in differ.changes if change.rule not in COMPATIBLE)
    return Answer(not refused, tuple(map(str, differ.changes)), refused)


def _avro(reader: str, writer: str) -> Answer:
    from pyevents_codegen.compat.avro_text import clashes, read_avro
    from pyevents_codegen.compat.verdict import SchemaRefused

    try:
        found = clashes(read_avro(reader, "reader")[0], read_avro(writer, "writer")[0])
    except SchemaRefused as error:
        return Answer(False, reasons=(str(error),))
    changes = tuple(f"{rule.upper()} {place or '/'}" for rule, place in found)
    return Answer(not changes, changes, changes)

"""Judges every promise of a schema folder by proof or counterexample, and says what a broken one means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pyevents_codegen import references
from pyevents_codegen.compat import Question, Verdict, decide_all
from pyevents_codegen.compose import canonical, message_schema
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history.demand import Demand, demands
from pyevents_codegen.opening import opened
from pyevents_codegen.place import escape

__all__ = ["broken", "compatibility", "question"]


def compatibility(folder: Folder) -> Iterator[Finding]:
    """Yield a finding for every promise that is broken, or that can be neither proved nor refuted."""
    asked = [
        (demand, question(folder, contract, demand)) for contract in folder.contracts for demand in demands(contract)
    ]
    verdicts = decide_all([pair for _, pair in asked])
    for (demand, _), verdict in zip(asked, verdicts, strict=True):
        if found := broken(demand, verdict):
            yield found


def question(folder: Folder, contract: ContractFolder, demand: Demand) -> Question:
    """Return the pair of message schemas that a promise is about: the reader's opened, the writer's closed."""
    reader, writer = _texts(folder, contract, demand.reader)[0], _texts(folder, contract, demand.writer)[1]
    return Question(reader, writer, demand.writer.format)


def broken(demand: Demand, verdict: Verdict) -> Finding | None:
    """Return what a verdict means for a promise; None where it is kept."""
    return None if verdict.kind == "safe" else _finding(demand, verdict)


def _texts(folder: Folder, contract: ContractFolder, version: PayloadVersion) -> tuple[str, str]:
    """Return the whole message of a version as its readers and as its writers have it."""
    closed = message_schema(contract.event_type, version, folder.envelopes[version.envelope])
    text = canonical(closed)
    return (text, text) if version.format == "avro" else (canonical(opened(closed)), text)


def _finding(demand: Demand, verdict: Verdict) -> Finding:
    source = demand.newer.source
    if verdict.kind != "breaking":
        message = f"it cannot be decided whether {demand.broken}: {verdict.reason.partition(';')[0]}"
        remedy = verdict.reason.partition(";")[2].strip() or "simplify what changed"
        return source.finding("compatibility-undecided", "", message, f"{remedy[:1].upper()}{remedy[1:]}.")
    pointer = _schema_pointer(demand.newer.view, verdict.pointer)
    at = f"at {verdict.pointer}" if verdict.pointer else "as a whole"
    message = f"{demand.broken}: {at} it is refused by {verdict.rule}"
    remedy = f"Take the change back, or make it a new major: {demand.newer.number[0] + 1}.0."
    if demand.direction == "ITSELF":
        remedy = "Let no two branches of the schema differ only in which fields they leave out."
    return Finding(
        source.file,
        *source.place(pointer),
        pointer,
        "compatibility",
        message,
        remedy,
        counterexample=json.dumps(verdict.counterexample, ensure_ascii=False),
    )


def _schema_pointer(view: dict[str, Any], pointer: str) -> str:
    """Return where the payload schema speaks about a place in a message, or about the nearest place around it."""
    schema: Any = view
    found = ""
    for token in pointer.split("/")[2:]:
        while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            found = schema["$ref"].removeprefix("#")
            schema = references.resolve(view, schema["$ref"])
        if not isinstance(schema, dict):
            break
        name = token.replace("~1", "/").replace("~0", "~")
        if name in schema.get("properties", {}):
            schema, found = schema["properties"][name], f"{found}/properties/{escape(name)}"
        elif isinstance(schema.get("items"), dict):
            schema, found = schema["items"], f"{found}/items"
        else:
            break
    return found

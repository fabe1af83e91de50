"""Judges every promise of a schema folder by proof or counterexample, and says what a broken one means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyevents_codegen import references
from pyevents_codegen.compat import Verdict, decide_all
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder
from pyevents_codegen.history.demand import Demand, demands
from pyevents_codegen.history.texts import ContractTexts
from pyevents_codegen.pointer import escape, tokens

__all__ = ["broken", "compatibility", "first_broken"]


def compatibility(contracts: Iterable[tuple[ContractFolder, ContractTexts]]) -> Iterator[Finding]:
    """Yield a finding for every promise that is broken, or that can be neither proved nor refuted."""
    asked = [(demand, texts.questions(demand)) for contract, texts in contracts for demand in demands(contract)]
    verdicts = iter(decide_all([pair for _, pairs in asked for pair in pairs]))
    for demand, pairs in asked:
        if found := broken(demand, [next(verdicts) for _ in pairs]):
            yield found


def broken(demand: Demand, verdicts: list[Verdict]) -> Finding | None:
    """Return what the verdicts on a promise mean; None where it is kept."""
    verdict = first_broken(verdicts)
    return None if verdict.kind == "safe" else _finding(demand, verdict)


def first_broken(verdicts: list[Verdict]) -> Verdict:
    """Return what is to be said of a promise: the first verdict that is not `safe`, or the first."""
    return next((verdict for verdict in verdicts if verdict.kind != "safe"), verdicts[0])


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
        counterexample=json.dumps(_shown(verdict.counterexample), ensure_ascii=False),
    )


def _shown(message: Any) -> Any:
    """Return a message for people: texts longer than anybody reads say how long they are."""
    if isinstance(message, dict):
        return {name: _shown(member) for name, member in message.items()}
    if isinstance(message, list):
        return [_shown(member) for member in message]
    if isinstance(message, str) and len(message) > 500:
        return f"{message[:20]}… ({len(message):,} characters)"
    return message


def _schema_pointer(view: dict[str, Any], pointer: str) -> str:
    """Return where the payload schema speaks about a place in a message, or about the nearest place around it."""
    schema: Any = view
    found = ""
    for name in tokens(pointer)[1:]:
        while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            found = schema["$ref"].removeprefix("#")
            schema = references.resolve(view, schema["$ref"])
        if not isinstance(schema, dict):
            break
        if name in schema.get("properties", {}):
            schema, found = schema["properties"][name], f"{found}/properties/{escape(name)}"
        elif isinstance(schema.get("items"), dict):
            schema, found = schema["items"], f"{found}/items"
        else:
            break
    return found

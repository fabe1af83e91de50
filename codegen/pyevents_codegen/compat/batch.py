"""Owns deciding many pairs given as lines of JSON; reads no files and prints nothing."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyevents_codegen.compat.engine import Engine
from pyevents_codegen.compat.verdict import Verdict

__all__ = ["pairs"]


def pairs(lines: Iterable[str], *, budget_s: float = 1.0) -> Iterator[dict[str, Any]]:
    """Decide each line ``{"id", "kind": "json"|"avro", "reader", "writer"}`` of *lines*, in order.

    A line that cannot be used is answered `error`, and the batch goes on. Empty lines are passed over.

    Args:
        lines: One JSON object a line; reader and writer are schema texts.
        budget_s: Seconds of wall time for each pair.

    Yields:
        ``{"id", "verdict", "counterexample", "reason", "ms"}``, one for each line, as soon as it is known.
        `id` is null where the line gave none.
    """
    with Engine() as engine:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _answer(engine, number, line, budget_s)


def _answer(engine: Engine, number: int, line: str, budget_s: float) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return _row(None, Verdict("error", reason=f"line {number} is not JSON"))
    if not isinstance(asked, dict):
        return _row(None, Verdict("error", reason=f"line {number} is not a JSON object"))
    wrong = _wrong(asked)
    if wrong:
        return _row(asked.get("id"), Verdict("error", reason=f"line {number}: {wrong}"))
    return _row(asked.get("id"), engine.decide(asked["reader"], asked["writer"], asked["kind"], budget_s=budget_s))


def _wrong(asked: dict[str, Any]) -> str:
    if asked.get("kind") not in ("json", "avro"):
        return 'kind must be "json" or "avro"'
    for role in ("reader", "writer"):
        if not isinstance(asked.get(role), str):
            return f"{role} must be a schema text (a string)"
    return ""


def _row(name: Any, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": name,
        "verdict": verdict.kind,
        "counterexample": verdict.counterexample,
        "reason": verdict.reason,
        "ms": round(verdict.ms, 3),
    }

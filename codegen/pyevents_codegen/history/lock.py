"""`schemas/released.lock`: what was released, frozen by the SHA-256 of every composed message schema.

JSON, one version a line, so that two releases seldom meet in a merge. `pyevents release` adds to it; nothing is ever
taken away.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from pyevents_codegen.finding import Finding
from pyevents_codegen.history.past import Past, PastContract
from pyevents_codegen.source import read

__all__ = ["NAME", "added", "read_lock", "text"]

NAME = "released.lock"
_REMEDY = "Take the file from the last release; `pyevents release` adds to it, and nobody edits it."


def read_lock(schemas: Path) -> Past | Finding:
    """Read the lock of a schema folder; where there is none, nothing has been released."""
    path = schemas / NAME
    shown = path.as_posix()
    if not path.exists():
        return Past(shown, {})
    source = read(path, shown)
    if isinstance(source, Finding):
        return source
    try:
        return Past(shown, msgspec.convert(source.value, dict[str, PastContract]))
    except msgspec.ValidationError as error:
        return source.finding("lock-unreadable", "", f"it is no list of releases: {error}", _REMEDY)


def added(lock: Past, present: Past) -> dict[str, list[str]]:
    """Return the versions of the present state that the lock does not hold, by event type."""
    missing = {}
    for event_type, contract in sorted(present.contracts.items()):
        known = lock.contracts[event_type].versions if event_type in lock.contracts else {}
        if new := [number for number in contract.versions if number not in known]:
            missing[event_type] = new
    return missing


def text(lock: Past, present: Past) -> str:
    """Return the lock with every version of the present state; what it holds already stays as it is."""
    whole = {}
    for event_type in sorted(lock.contracts.keys() | present.contracts.keys()):
        now, then = present.contracts.get(event_type), lock.contracts.get(event_type)
        contract = now or then
        assert contract is not None
        versions = {**(now.versions if now else {}), **(then.versions if then else {})}
        whole[event_type] = {
            **msgspec.to_builtins(contract),
            "versions": dict(sorted(versions.items(), key=lambda item: [int(part) for part in item[0].split(".")])),
        }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"

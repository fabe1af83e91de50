"""Freezes versions: adds what is not released yet to `released.lock`, if nothing speaks against it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from pyevents_codegen import history
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.history import lock
from pyevents_codegen.history.texts import present
from pyevents_codegen.load import load_folder

__all__ = ["Released", "release"]


class Released(Struct, frozen=True):
    """What a release froze: versions by event type; and what else there is to say of them."""

    versions: dict[str, list[str]]
    notices: tuple[Finding, ...]


def release(schemas: Path) -> Released:
    """Add every version of a schema folder to its lock.

    Raises:
        SchemaFolderInvalid: A version breaks a promise, or a released one was changed; nothing was written.
        OSError: The lock cannot be written.
    """
    folder = load_folder(schemas)
    findings = history.findings(folder)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise SchemaFolderInvalid(errors)
    now, before = present(folder, "the present"), lock.read_lock(schemas)
    assert not isinstance(before, Finding)  # it would have been among the errors
    path = schemas / lock.NAME
    wanted = lock.text(before, now)
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        path.write_text(wanted, encoding="utf-8")
    return Released(lock.added(before, now), tuple(finding for finding in findings))

"""One result of a check, as a value and as text. It owns no rule and reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pyevents.errors import PyEventsError

__all__ = ["Finding", "SchemaFolderInvalid", "Severity", "of_file"]

Severity = Literal["error", "warning", "notice"]


class Finding(Struct, frozen=True, order=True):
    """What is wrong, where, and what to do about it.

    Args:
        file: As a person would type it, with forward slashes.
        line: From 1; 0 where the whole file or folder is meant.
        column: From 1; 0 with `line` 0.
        pointer: JSON pointer (RFC 6901) into the file; `""` is the whole of it.
        rule: Short name of the rule, stable across releases.
        message: What is wrong, as a clause without a full stop.
        remedy: What to do next, as a sentence.
        severity: A notice is said and fails nothing.
        counterexample: The smallest message that shows it, as JSON; `""` where there is none.
    """

    file: str
    line: int
    column: int
    pointer: str
    rule: str
    message: str
    remedy: str
    severity: Severity = "error"
    counterexample: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        shown = f"\n    {self.counterexample}" if self.counterexample else ""
        return f"{place}: {self.severity} {self.rule}: {self.message}. {self.remedy}{shown}"


def of_file(file: str, rule: str, message: str, remedy: str, *, severity: Severity = "error") -> Finding:
    """Return a finding about a whole file or folder."""
    return Finding(file, 0, 0, "", rule, message, remedy, severity)


class SchemaFolderInvalid(PyEventsError):
    """The schema folder cannot be used; every finding is carried, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))

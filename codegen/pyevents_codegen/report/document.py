"""Findings as one JSON document; `report.schema.json` beside this module says what is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from pyevents_codegen.finding import Finding

__all__ = ["FORMAT", "document"]

FORMAT = 1
"""Raised when a reader of the document has to change."""


def document(findings: Sequence[Finding]) -> str:
    """Return findings as JSON text. A counterexample is the message itself, or null."""
    severities = ("error", "warning", "notice")
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in severities}
    found = [_found(finding) for finding in findings]
    return json.dumps({"format": FORMAT, "counts": counts, "findings": found}, indent=2, ensure_ascii=False)


def _found(finding: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(finding)
    shown["counterexample"] = json.loads(finding.counterexample) if finding.counterexample else None
    return shown

"""Findings as SARIF 2.1.0, the format that code scanning reads (OASIS, sarif-v2.1.0-os)."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pyevents_codegen.finding import Finding
from pyevents_codegen.rules import RULES

__all__ = ["sarif"]

_LEVELS = {"error": "error", "warning": "warning", "notice": "note"}


def sarif(findings: Sequence[Finding]) -> str:
    """Return one run with every finding; places are relative to the folder that the command ran in."""
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": "pyevents",
        "version": importlib.metadata.version("pyevents-kafka"),
        "rules": [_rule(rule) for rule in rules],
    }
    index = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule]) for finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name)
    if rule is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": rule.purpose},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.file)}}
    if finding.line:
        location["region"] = {"startLine": finding.line, "startColumn": finding.column}
    place: dict[str, Any] = {"physicalLocation": location}
    if finding.pointer:
        place["logicalLocations"] = [{"fullyQualifiedName": finding.pointer}]
    text = f"{finding.message}. {finding.remedy}"
    if finding.counterexample:
        text += f" Counterexample: {finding.counterexample}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [place],
    }

"""Findings as workflow commands of GitHub Actions, which show them beside the changed line.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from pyevents_codegen.finding import Finding

__all__ = ["commands"]


def commands(findings: Sequence[Finding]) -> str:
    """Return one command a line; only the first ten of each severity are shown by GitHub, all are in the log."""
    return "\n".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    place = {"file": finding.file, "title": finding.rule}
    if finding.line:
        place |= {"line": str(finding.line), "col": str(finding.column)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    shown = f"\ncounterexample: {finding.counterexample}" if finding.counterexample else ""
    return f"::{finding.severity} {properties}::{_data(f'{finding.message}. {finding.remedy}{shown}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

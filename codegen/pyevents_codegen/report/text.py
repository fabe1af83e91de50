"""Findings for a person at a terminal: the place, the source line with a caret, the remedy, the counterexample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pyevents_codegen.finding import Finding

__all__ = ["show"]

_STYLES = {"error": "bold red", "warning": "bold yellow", "notice": "bold cyan"}
_WIDTH = 100
"""Longest part of a source line that is shown, in characters."""


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print findings in their order, and how many there are of each severity."""
    lines: dict[str, list[str]] = {}
    for finding in findings:
        if finding.file not in lines:
            lines[finding.file] = _lines(finding.file)
        for part in _block(finding, lines[finding.file]):
            console.print(part, soft_wrap=True)
    counts = [
        f"{count} {severity}{'' if count == 1 else 's'}"
        for severity in _STYLES
        if (count := sum(finding.severity == severity for finding in findings))
    ]
    if counts:
        console.print(", ".join(counts), soft_wrap=True, highlight=False)


def _block(finding: Finding, lines: list[str]) -> Iterator[Text]:
    place = f"{finding.file}:{finding.line}:{finding.column}" if finding.line else finding.file
    head = Text.assemble((place, "bold"), ": ", (finding.severity, _STYLES[finding.severity]), f" {finding.rule}: ")
    yield head + Text(f"{finding.message}.")
    if 0 < finding.line <= len(lines):
        yield from _marked(finding, lines[finding.line - 1])
    yield Text(f"  {finding.remedy}")
    if finding.counterexample:
        yield Text(f"  counterexample: {finding.counterexample}")
    yield Text()


def _marked(finding: Finding, line: str) -> Iterator[Text]:
    start = max(0, finding.column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[start : start + _WIDTH].replace("\t", " ").rstrip()
    number = str(finding.line)
    margin = " " * len(number)
    yield Text.assemble((f"  {number} | ", "dim"), shown)
    caret = " " * (finding.column - 1 - start) + "^"
    yield Text.assemble((f"  {margin} | ", "dim"), (caret, _STYLES[finding.severity]))


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []

"""Findings as people and other programs read them: one module for each format, each a pure function to text.

Nothing here decides what is wrong. The text format alone reads files, to show the line that is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyevents_codegen.finding import Finding
from pyevents_codegen.report.document import document
from pyevents_codegen.report.github import commands
from pyevents_codegen.report.junit import junit
from pyevents_codegen.report.sarif import sarif

__all__ = ["FORMATS"]

FORMATS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "json": document,
    "github": commands,
    "junit": junit,
    "sarif": sarif,
}
"""The formats for programs, by the word that `--format` knows; `text` is `pyevents_codegen.report.text.show`."""

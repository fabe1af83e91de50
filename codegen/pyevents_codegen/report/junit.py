"""Findings as a JUnit report: a suite for each file, a failed case for each error; others are told as output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from pyevents_codegen.finding import Finding

__all__ = ["junit"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(findings: Sequence[Finding]) -> str:
    """Return the report; without a finding it has one case, which passes: an empty report counts as broken."""
    suites = ElementTree.Element("testsuites", name="pyevents check")
    for file, group in groupby(findings, key=lambda finding: finding.file):
        found = list(group)
        failures = sum(finding.severity == "error" for finding in found)
        suite = ElementTree.SubElement(suites, "testsuite", name=_xml(file), errors="0", skipped="0")
        suite.set("tests", str(len(found)))
        suite.set("failures", str(failures))
        for finding in found:
            _case(suite, finding)
    if not findings:
        suite = ElementTree.SubElement(suites, "testsuite", name="schemas", tests="1", failures="0", errors="0")
        ElementTree.SubElement(suite, "testcase", classname="schemas", name="check")
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    name = f"{finding.rule} {finding.line}:{finding.column}" if finding.line else finding.rule
    case = ElementTree.SubElement(suite, "testcase", classname=_xml(finding.file), name=_xml(name))
    if finding.line:
        case.set("line", str(finding.line))
    case.set("file", _xml(finding.file))
    told = ElementTree.SubElement(case, "failure" if finding.severity == "error" else "system-out")
    if finding.severity == "error":
        told.set("type", finding.rule)
        told.set("message", _xml(finding.message))
    told.text = _xml(str(finding))


def _xml(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return _NOT_XML.sub("\ufffd", text)

"""Findings in every format: what a person, GitHub, a CI server and a code scanner are told."""

from __future__ import annotations

import importlib.resources
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from rich.console import Console

from pyevents_codegen.finding import Finding
from pyevents_codegen.report import FORMATS
from pyevents_codegen.report.text import show

HOSTILE = "50 % of [bold]it[/bold],\nand ::error:: <more> \x00\x1b[31m"

FINDINGS = [
    Finding("schemas/a.b/1.0.json", 3, 5, "/properties/name", "string-bounded", "it has no end", "Bound it."),
    Finding("schemas/a.b/1.0.json", 4, 1, "/x~1y", "compat", HOSTILE, "Add it.", "warning", '{"name": "Anna\\n"}'),
    Finding("schemas/a.b", 0, 0, "", "version-gap", "version 1.1 is missing", "Number without a gap.", "notice"),
]


def told(findings: list[Finding]) -> str:
    stream = io.StringIO()
    show(findings, Console(file=stream, width=60))
    return stream.getvalue()


def test_text_shows_the_source_line_with_a_caret_below_the_place(tmp_path: Path) -> None:
    file = tmp_path / "1.0.json"
    file.write_text('{\n  "type": "string"\n}\n')
    lines = told([Finding(file.as_posix(), 2, 3, "/type", "some-rule", "it is wrong", "Mend it.")]).splitlines()
    assert lines[0] == f"{file.as_posix()}:2:3: error some-rule: it is wrong."
    assert lines[1] == '  2 |   "type": "string"'
    assert lines[2] == "    |   ^"
    assert lines[3] == "  Mend it."


def test_text_shows_the_part_of_a_long_line_that_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "1.0.json"
    file.write_text("a" * 5000 + "X" + "b" * 5000)
    lines = told([Finding(file.as_posix(), 1, 5001, "", "some-rule", "it is wrong", "Mend it.")]).splitlines()
    assert len(lines[1]) < 120 and lines[1][lines[2].index("^")] == "X"


def test_text_takes_a_message_as_it_is_and_counts_by_severity() -> None:
    text = told(FINDINGS)
    assert "[bold]it[/bold]" in text
    assert 'counterexample: {"name": "Anna\\n"}' in text
    assert text.splitlines()[-1] == "1 error, 1 warning, 1 notice"
    assert told([]) == ""


@pytest.mark.parametrize("findings", [FINDINGS, []], ids=["findings", "none"])
def test_json_keeps_its_documented_schema(findings: list[Finding]) -> None:
    schema = importlib.resources.files("pyevents_codegen.report").joinpath("report.schema.json").read_text()
    document = json.loads(FORMATS["json"](findings))
    jsonschema_rs.Draft7Validator(json.loads(schema)).validate(document)
    assert len(document["findings"]) == sum(document["counts"].values()) == len(findings)


def test_json_holds_the_counterexample_as_a_message() -> None:
    found = json.loads(FORMATS["json"](FINDINGS))["findings"]
    assert [one["counterexample"] for one in found] == [None, {"name": "Anna\n"}, None]


def test_github_gets_one_command_a_line_that_no_text_can_break() -> None:
    lines = FORMATS["github"](FINDINGS).splitlines()
    assert len(lines) == len(FINDINGS)
    assert lines[0] == ("::error file=schemas/a.b/1.0.json,title=string-bounded,line=3,col=5::it has no end. Bound it.")
    assert lines[1].startswith("::warning ") and "50 %25 of" in lines[1] and "%0Aand" in lines[1]
    assert lines[2].startswith("::notice file=schemas/a.b,title=version-gap::")


def test_junit_has_a_suite_for_each_file_and_fails_for_errors_only() -> None:
    suites = ElementTree.fromstring(FORMATS["junit"](FINDINGS))
    assert [suite.get("name") for suite in suites] == ["schemas/a.b/1.0.json", "schemas/a.b"]
    assert [suite.get("failures") for suite in suites] == ["1", "0"]
    failure = suites.find(".//failure")
    assert failure is not None and failure.get("type") == "string-bounded"


def test_junit_without_findings_has_one_case_that_passes() -> None:
    suites = ElementTree.fromstring(FORMATS["junit"]([]))
    assert len(suites.findall(".//testcase")) == 1 and suites.find(".//failure") is None


def test_sarif_names_rule_place_and_level() -> None:
    document = json.loads(FORMATS["sarif"](FINDINGS))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["compat", "string-bounded", "version-gap"]
    assert "Every string has a limit" in run["tool"]["driver"]["rules"][1]["shortDescription"]["text"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [finding.rule for finding in FINDINGS]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "schemas/a.b/1.0.json"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert "region" not in run["results"][2]["locations"][0]["physicalLocation"]

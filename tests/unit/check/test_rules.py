"""Every rule fires on its failing fixture, alone, and on no passing one.

`tests/rules/<rule>/fail` and `pass` are laid over `tests/rules/base`; an empty file takes the one below it away. Where there
is no `pass`, the base is what passes.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pyevents_codegen.examples import read_examples, validate_examples
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.lint import lint
from pyevents_codegen.load import load_folder
from pyevents_codegen.rules import PRESETS, RULES, of_preset

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests/rules"

ELSEWHERE = {
    "folder-missing": "test_check_command.py",
    "file-unreadable": "test_wrong_files.py; depends on the user who runs the tests",
    "file-size": "test_wrong_files.py; too large to keep",
    "generated-stale": "test_check_command.py; about generated files",
    **{rule.id: "tests/unit/history; about several states" for rule in RULES.values() if rule.category == "history"},
}


def laid_over(folder: Path, *layers: Path) -> Path:
    """Lay folders over each other, the last on top; an empty file takes the one below it away."""
    shutil.copytree(ROOT / "schemas/envelope", folder / "envelope")
    for layer in layers:
        for path in sorted(layer.rglob("*")) if layer.is_dir() else ():
            target = folder / path.relative_to(layer)
            if path.is_file() and path.stat().st_size:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            elif path.is_file():
                target.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return folder


def found(folder: Path) -> list[Finding]:
    try:
        loaded = load_folder(folder)
    except SchemaFolderInvalid as error:
        return list(error.findings)
    examples = read_examples(loaded)
    return lint(loaded, examples) + validate_examples(loaded, examples)


def shown(findings: list[Finding]) -> str:
    return "\n".join(map(str, findings))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ELSEWHERE])
def test_rule_fires_alone_on_its_failing_fixture(rule: str, tmp_path: Path) -> None:
    findings = found(laid_over(tmp_path / "schemas", FIXTURES / "base", FIXTURES / rule / "fail"))
    assert {finding.rule for finding in findings} == {rule}, shown(findings)
    assert all(finding.message and finding.remedy.endswith((".", "?")) for finding in findings), shown(findings)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ELSEWHERE])
def test_passing_fixture_has_no_finding_under_the_strictest_preset(rule: str, tmp_path: Path) -> None:
    findings = found(laid_over(tmp_path / "schemas", FIXTURES / "base", FIXTURES / rule / "pass"))
    assert not findings, shown(findings)


@pytest.mark.parametrize("rule", [rule.id for rule in of_preset("STRICT")])
def test_rule_that_can_be_ignored_has_a_passing_fixture_of_its_own(rule: str) -> None:
    assert any((FIXTURES / rule / "pass").rglob("*.*"))


def test_every_fixture_belongs_to_a_rule() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == RULES.keys() - ELSEWHERE.keys() | {"base"}


def test_each_preset_holds_the_one_before_it() -> None:
    held = [{rule.id for rule in of_preset(preset)} for preset in PRESETS]
    assert held[0] < held[1] < held[2]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_rule_says_what_it_asks_for_why_and_how(rule: object) -> None:
    for name in ("purpose", "why", "fix"):
        assert len(getattr(rule, name)) > 5, name
    assert getattr(rule, "purpose").endswith("."), "a sentence"  # noqa: B009


def test_every_rule_that_the_toolchain_names_is_listed() -> None:
    import re

    source = "\n".join(path.read_text() for path in sorted((ROOT / "codegen/pyevents_codegen").rglob("*.py")))
    calls = r'(?:Finding\([^"()]*(?:\([^()]*\)[^"()]*)*"", |\bfinding\(|_whole\(file, |_of_file\([^"]*|refuse\()\s*"([a-z-]+)"'
    named = set(re.findall(calls, source))
    assert len(named) > 40
    assert named <= RULES.keys(), named - RULES.keys()


def test_preset_of_the_folder_decides_which_rules_hold(tmp_path: Path) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base", FIXTURES / "example-complete/fail")
    assert found(folder)
    (folder / "pyevents.toml").write_text(
        'preset = "STANDARD"\nservices = ["communication-service", "patient-service"]\n'
    )
    assert not found(folder)


@pytest.mark.parametrize(
    ("text", "rule", "hint"),
    [
        ('preset = "STRICTEST"', "wrong-value", "STRICT"),
        ('prest = "STRICT"', "unknown-key", "'preset'"),
        ("preset = ", "toml-syntax", ""),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, rule: str, hint: str) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    (folder / "pyevents.toml").write_text(text)
    (finding,) = found(folder)
    assert finding.rule == rule and finding.file.endswith("pyevents.toml") and hint in str(finding)


def test_ignore_needs_a_reason_and_a_rule_that_can_be_ignored(tmp_path: Path) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    contract = folder / "patient.created/contract.toml"
    text = contract.read_text()
    contract.write_text(text + '[ignore]\nstring-bounded = "why?"\n')
    assert [finding.rule for finding in found(folder)] == ["wrong-value"]
    contract.write_text(text + '[ignore]\nversion-gap = "We lost version 1.1 somewhere."\n')
    (finding,) = found(folder)
    assert finding.rule == "ignore-unknown" and "cannot be ignored" in finding.message


def test_finding_about_an_avro_payload_stands_at_the_field_that_it_comes_from(tmp_path: Path) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    place = {"name": "ort", "type": "string"}
    address = {"type": "record", "name": "Address", "doc": "Where.", "fields": [place]}
    path = folder / "email.send/1.0.avsc"
    schema = json.loads(path.read_text())
    schema["fields"].append({"name": "adresse", "type": ["null", address], "default": None, "doc": "Sender."})
    path.write_text(json.dumps(schema, indent=2))
    findings = [finding for finding in found(folder) if finding.rule in ("string-bounded", "field-described")]
    assert {finding.pointer for finding in findings} == {"/fields/2/type/1/fields/0"}
    line = path.read_text().splitlines().index('              "name": "ort",') + 1
    assert all(line - 1 <= finding.line <= line for finding in findings), shown(findings)

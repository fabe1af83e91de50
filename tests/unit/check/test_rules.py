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


def with_fields(tmp_path: Path, **fields: dict[str, object]) -> set[str]:
    """Return the rules that fields of patient.created break; those on descriptions, limits and examples aside."""
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    path = folder / "patient.created/1.0.json"
    schema = json.loads(path.read_text())
    schema["properties"] |= fields
    path.write_text(json.dumps(schema))
    told = {finding.rule for finding in found(folder)}
    return told - {"field-described", "example-complete", "string-bounded", "number-bounded"}


@pytest.mark.parametrize(
    ("names", "style"),
    [
        (("geburtsDatum", "letzteSitzung", "patientenNummer"), "camelCase"),
        (("geburts-datum", "letzte-sitzung", "offene-größe"), "kebab-case"),
        (("geburts_datum", "letzte_sitzung", "offene_größe"), "snake_case"),
    ],
)
def test_style_that_most_fields_have_is_the_one_asked_for(tmp_path: Path, names: tuple[str, ...], style: str) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    shutil.rmtree(folder / "email.send")
    contract, version = folder / "patient.created/contract.toml", folder / "patient.created/1.0.json"
    contract.write_text(contract.read_text().replace('"patient_id"', '"nummer"'))
    schema = json.loads(version.read_text())
    date = {"type": "string", "format": "date"}
    schema["required"] = ["nummer"]
    schema["properties"] = {"nummer": schema["properties"]["patient_id"]} | dict.fromkeys(names, date)
    version.write_text(json.dumps(schema))
    told = [finding for finding in found(folder) if finding.rule == "field-style"]
    assert not told, shown(told)
    schema["properties"]["Other_Style"] = date
    version.write_text(json.dumps(schema))
    (finding,) = [one for one in found(folder) if one.rule == "field-style"]
    assert style in finding.message


@pytest.mark.parametrize(
    ("name", "schema", "rule"),
    [
        ("travel_time", {"type": "integer", "minimum": 0, "maximum": 9}, None),
        ("dauer_minuten", {"type": "number", "minimum": 0, "maximum": 9}, None),
        ("created_at", {"type": "integer", "minimum": 0, "maximum": 9}, "time-formatted"),
        ("startdatum", {"type": ["string", "null"], "maxLength": 20}, "time-formatted"),
        ("startdatum", {"type": ["string", "null"], "format": "date"}, None),
        ("uhrzeit", {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}, None),
        ("entfernung", {"type": "number", "minimum": 0, "maximum": 9}, None),
        ("konto_id", {"type": "number", "minimum": 0, "maximum": 9}, "float-exact"),
        ("angaben", {"type": "object", "additionalProperties": {}}, "object-closed"),
        ("angaben", {"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}}, None),
        ("tier", {"enum": ["cat", "dog"]}, None),
        ("code", {"type": "string", "pattern": "^[A-Z]{3}$"}, None),
    ],
)
def test_what_a_field_may_be(tmp_path: Path, name: str, schema: dict[str, object], rule: str | None) -> None:
    assert with_fields(tmp_path, **{name: schema}) == ({rule} if rule else set())


def test_missing_list_of_services_is_told_once(tmp_path: Path) -> None:
    folder = laid_over(tmp_path / "schemas", FIXTURES / "base")
    (folder / "pyevents.toml").unlink()
    assert [finding.rule for finding in found(folder)] == ["service-known"]

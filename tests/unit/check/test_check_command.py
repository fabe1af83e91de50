"""`pyevents check`, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyevents.cli import main
from tests.suite.rules_page import PAGE, page

ROOT = Path(__file__).parents[3]
GENERATED = ["--root", str(ROOT), "--topics-script", str(ROOT / "docker/kafka/create-topics.sh")]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the platform's contracts, to spoil."""
    return Path(shutil.copytree(ROOT / "schemas", tmp_path / "schemas"))


def test_platform_contracts_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "checked 14 contracts" in result.output


def test_every_part_is_checked_in_one_go(schemas: Path) -> None:
    (schemas / "patient.deleted/examples/1.0/wrong.json").write_text('{"patient_id": "seven"}')
    contract = schemas / "patient.deleted/contract.toml"
    contract.write_text(contract.read_text().replace("summary = ", "summary = 'Other.' # "))
    result = run("check", "--schemas", str(schemas), "--format", "json", *GENERATED)
    assert result.exit_code == 1
    rules = {finding["rule"] for finding in json.loads(result.stdout)["findings"]}
    assert {"example-refused", "generated-stale"} <= rules


def test_unreadable_folder_is_told_in_the_format_asked_for(schemas: Path) -> None:
    (schemas / "patient.deleted/1.0.json").write_text("{")
    for command in (("check",), ("generate", "--check")):
        result = run(*command, "--schemas", str(schemas), "--format", "github", *GENERATED)
        assert result.exit_code == 1
        assert result.stdout.startswith("::error file=") and "title=json-syntax,line=1,col=2" in result.stdout


def test_missing_folder_names_the_remedy() -> None:
    result = run("check", "--schemas", "nowhere")
    assert result.exit_code == 1
    assert "nowhere: error folder-missing" in result.stderr and "--schemas" in result.stderr


def test_generate_check_in_a_format_for_programs(schemas: Path) -> None:
    contract = schemas / "patient.deleted/contract.toml"
    contract.write_text(contract.read_text().replace("summary = ", "summary = 'Other.' # "))
    result = run("generate", "--check", "--schemas", str(schemas), "--format", "json", *GENERATED)
    assert result.exit_code == 1
    assert {finding["rule"] for finding in json.loads(result.stdout)["findings"]} == {"generated-stale"}


def test_rule_is_explained_with_purpose_reason_and_example() -> None:
    result = run("check", "--explain", "string-bounded")
    assert result.exit_code == 0
    assert all(word in result.output for word in ("STANDARD", "Every string has a limit", "maxLength"))


def test_unknown_rule_names_the_nearest() -> None:
    result = run("check", "--explain", "string-bound")
    assert result.exit_code == 2
    assert "string-bounded" in result.output


def test_rules_are_listed_by_preset() -> None:
    minimal, strict = run("rules", "--preset", "MINIMAL").output, run("rules").output
    assert "object-closed" in minimal and "example-complete" not in minimal
    assert "object-closed" in strict and "example-complete" in strict


def test_page_of_rules_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.suite.rules_page`"

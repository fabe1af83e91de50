"""`pyevents new`: what it writes passes the strictest rules; what is missing is asked for, or told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyevents.cli import main
from pyevents_codegen.examples import read_examples, validate_examples
from pyevents_codegen.lint import lint
from pyevents_codegen.load import load_folder

from .test_rules import FIXTURES, laid_over

ROOT = Path(__file__).parents[3]
EVENT = ["--summary", "A patient moved.", "--topic", "patient-events", "--producer", "patient-service"]
COMMAND = [
    "--kind", "command", "--summary", "Print a letter.", "--topic", "email-commands",
    "--producer", "patient-service", "--consumer", "communication-service",
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["new", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def assert_strict(schemas: Path) -> None:
    folder = load_folder(schemas)
    assert folder.settings.preset == "STRICT"
    examples = read_examples(folder)
    findings = [*lint(folder, examples), *validate_examples(folder, examples)]
    assert not findings, "\n".join(map(str, findings))


@pytest.mark.parametrize("form", ["json", "avro"])
@pytest.mark.parametrize("key", [[], ["--key", "request_id", "--key-type", "string"]], ids=["integer", "string"])
@pytest.mark.parametrize(("event_type", "rest"), [("patient.moved", EVENT), ("letter.print", COMMAND)])
def test_contract_passes_the_strictest_rules_as_it_is(
    place: Path, event_type: str, rest: list[str], key: list[str], form: str
) -> None:
    laid_over(place / "schemas", FIXTURES / "base")
    result = new(event_type, *rest, *key, "--format", form)
    assert result.exit_code == 0, result.output
    assert (place / "schemas" / event_type / ("1.0.json" if form == "json" else "1.0.avsc")).exists()
    assert_strict(place / "schemas")


def test_folder_that_is_not_there_is_made(place: Path) -> None:
    result = new("patient.moved", *EVENT)
    assert result.exit_code == 0, result.output
    assert_strict(place / "schemas")
    generated = ["--package", "shop.events", "--topics-script", "topics.sh"]
    assert CliRunner().invoke(main, ["generate", *generated]).exit_code == 0
    assert CliRunner().invoke(main, ["check", *generated]).exit_code == 0


def test_first_contract_of_a_platform_asks_for_a_package_of_its_own(place: Path) -> None:
    assert "then run `pyevents generate --package NAME`" in new("patient.moved", *EVENT).output
    assert "then run `pyevents generate`." in new("patient.left", *EVENT).output


def test_envelope_of_a_new_folder_is_the_platforms() -> None:
    template = ROOT / "codegen/pyevents_codegen/template/envelope"
    for name in ("1.0.json", "1.0.avsc"):
        assert (template / name).read_bytes() == (ROOT / "schemas/envelope" / name).read_bytes(), f"copy {name}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["patient.moved"], "--summary, --topic, --producer"),
        (["letter.print", "--kind", "command"], "--summary, --topic, --consumer"),
        (["patient.moved", *EVENT, "--topic", "patient-event"], "Did you mean 'patient-events'?"),
        (["patient.moved", *EVENT, "--consumer", "patient-servic"], "Did you mean 'patient-service'"),
        (["patient.moved", *EVENT, "--summary", "x" * 301], "summary"),
        (["patient.moved", *EVENT, "--key", "../../evil"], "letters, digits"),
        (["patient.created", *EVENT], "a new version"),
        (["PatientMoved", *EVENT], "<entity>.<what happened>"),
    ],
)
def test_wrong_or_missing_answers_are_told_and_nothing_is_written(place: Path, arguments: list[str], said: str) -> None:
    laid_over(place / "schemas", FIXTURES / "base")
    before = sorted(place.rglob("*"))
    result = new(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert sorted(place.rglob("*")) == before


def test_contracts_that_cannot_be_read_are_told_first(place: Path) -> None:
    laid_over(place / "schemas", FIXTURES / "base")
    (place / "schemas/patient.created/1.0.json").write_text("{")
    result = new("patient.moved", *EVENT)
    assert result.exit_code == 1 and "json-syntax" in result.output
    assert not (place / "schemas/patient.moved").exists()


def test_what_is_missing_is_asked_for_on_a_terminal(place: Path) -> None:
    laid_over(place / "schemas", FIXTURES / "base")
    keyboard, terminal = os.openpty()
    command = shutil.which("pyevents", path=Path(sys.executable).parent) or "pyevents"
    process = subprocess.Popen([command, "new", "patient.moved"], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(keyboard, b"A patient moved.\npatient-events\npatient-service\ncommunication-service\n")
    assert process.wait(60) == 0
    shown = os.read(keyboard, 65536).decode()
    assert "in one sentence" in shown and "Topic (email-commands, patient-events)" in shown
    contract = (place / "schemas/patient.moved/contract.toml").read_text()
    assert 'consumers = ["communication-service"]' in contract
    assert_strict(place / "schemas")

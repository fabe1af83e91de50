"""The commands, as a user types them: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pyevents.catalog import load
from pyevents.cli import main
from pyevents.kafka import KafkaTransport

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:1"


def run(*arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(main, arguments, input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def copy_contracts(target: Path, *event_types: str) -> None:
    """Copy the platform's schema folder with these contracts alone."""
    others = [path.parent.name for path in ROOT.glob("schemas/*/contract.toml") if path.parent.name not in event_types]
    shutil.copytree(ROOT / "schemas", target, ignore=shutil.ignore_patterns(*others))


def test_ls_lists_every_contract() -> None:
    result = run("ls")
    assert result.exit_code == 0
    assert all(event_type in result.output for event_type in load().contracts)


def test_ls_as_json() -> None:
    assert [one["event_type"] for one in json.loads(run("ls", "--format", "json").output)] == list(load().contracts)


def test_show_names_fields_and_their_meaning() -> None:
    result = run("show", "patient.deleted")
    assert result.exit_code == 0
    assert "patient_id" in result.output and "patient-events" in result.output


@pytest.mark.parametrize("command", ["show", "validate", "publish"])
def test_typo_in_an_event_type_names_the_nearest(command: str) -> None:
    result = run(command, "patient.craeted", *(["-"] if command != "show" else []), given="{}")
    assert result.exit_code == 1
    assert "patient.created" in result.output


def test_every_valid_example_validates_and_every_invalid_one_does_not() -> None:
    for path in sorted(ROOT.glob("schemas/*/examples/1.0/**/*.json")):
        event_type = path.relative_to(ROOT / "schemas").parts[0]
        result = run("validate", event_type, str(path))
        invalid = path.parent.name == "invalid"
        assert result.exit_code == int(invalid), f"{path}: {result.output}"
        if invalid:
            rule = path.stem.split("--")[1]
            assert f": {rule}: " in result.output, f"{path}: {result.output}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "found nothing"),
        (b'{"a":', "ends too early"),
        (b'{\n "vorname": geheim}', "line 2, column 13"),
        (b'{"vorname": NaN}', "line 1, column 13"),
        (b'{"vorname": "\xff"}', "not UTF-8"),
        (b'{"patient_id": 7, "vorname": "A", "nachname": "B", "strase": "x"}', "did you mean 'strasse'?"),
        (b'{"patient_id": 7, "vorname": "A", "nachname": "B", "zeitliche_verfuegbarkeit": {"montg": []}}', "'montag'?"),
        (b'{"patient_id": "7", "vorname": "A", "nachname": "B"}', "found text of 1 character."),
    ],
)
def test_what_is_wrong_with_a_payload_is_said_with_its_place(given: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "payload.json"
    file.write_bytes(given)
    result = run("validate", "patient.created", str(file))
    assert result.exit_code == 1
    assert said in result.output and "geheim" not in result.output


@pytest.mark.parametrize(
    "command",
    [
        "new patient.moved --summary A. --topic t --producer p --schemas {file}/schemas",
        "generate --root {file} --topics-script {file}/topics.sh --schemas {schemas}",
        "outbox relay --database sqlite:///{file}/service.db",
    ],
)
def test_path_that_cannot_be_used_is_told_in_a_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run(*command.format(file=tmp_path / "file", schemas=ROOT / "schemas").split())
    assert result.exit_code == 2
    assert f"error: {tmp_path}/file" in result.stderr and "cannot be used: Not a directory" in result.stderr


def test_typo_in_a_command_names_the_nearest() -> None:
    result = run("lss")
    assert result.exit_code == 2
    assert "Did you mean 'ls'?" in result.output


@pytest.mark.parametrize("text", ["", "{", "geheim", "[1]", '"geheim"', "[" * 100_000])
def test_payload_that_is_no_object_is_refused_without_being_quoted(text: str) -> None:
    result = run("validate", "patient.created", "-", given=text)
    assert result.exit_code == 1
    assert "geheim" not in result.output


def test_publish_without_a_broker_says_what_to_do() -> None:
    payload = '{"patient_id": 7}'
    servers = ("--bootstrap-servers", NOBODY, "--registry", "http://127.0.0.1:1", "--timeout", "0.5")
    result = run("publish", "patient.deleted", "-", *servers, given=payload)
    assert result.exit_code == 2
    assert "127.0.0.1:1" in result.output and "not sent" in result.output


def test_tail_of_an_unknown_topic_names_the_nearest() -> None:
    result = run("tail", "patient-event", "--bootstrap-servers", NOBODY)
    assert result.exit_code == 2
    assert "patient-events" in result.output


def test_doctor_names_a_remedy_for_each_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(KafkaTransport.topics, "__defaults__", (0.5,))
    result = run("doctor", "--bootstrap-servers", NOBODY, "--registry", "http://127.0.0.1:1", "--format", "json")
    checks = {check["name"]: check for check in json.loads(result.output)}
    assert result.exit_code == 1
    assert not checks["broker"]["good"] and "KAFKA_BOOTSTRAP_SERVERS" in checks["broker"]["words"]
    assert not checks["registry"]["good"]
    assert checks["generated files"]["good"]


def test_package_that_was_just_generated_in_this_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_contracts(tmp_path / "schemas", "patient.deleted")
    monkeypatch.chdir(tmp_path)
    command = [Path(sys.executable).parent / "pyevents", "ls", "--catalog", "acme_here.events"]
    before = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (before.returncode, before.stderr) == (
        2,
        "error: acme_here.events: Python finds no module 'acme_here', installed or in PYTHONPATH. "
        "Run `pyevents generate` and install the package again.\n",
    )
    assert run("generate", "--package", "acme_here.events").exit_code == 0
    assert "patient.deleted" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, dict[str, Any]]]:
    """Ask the doctor in an empty folder, where nobody answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYEVENTS_SPOOL_DIR", raising=False)
    monkeypatch.setattr(KafkaTransport.topics, "__defaults__", (0.1,))

    def asked(*arguments: str) -> dict[str, dict[str, Any]]:
        nobody = ("--bootstrap-servers", NOBODY, "--registry", "http://127.0.0.1:1")
        result = run("doctor", *nobody, *arguments, "--format", "json")
        return {check["name"]: check for check in json.loads(result.output)}

    return asked


def test_doctor_tells_of_a_broken_contract_beside_all_else(
    doctor: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    copy_contracts(tmp_path / "schemas", "patient.deleted")
    (tmp_path / "schemas/patient.deleted/1.0.json").write_text("hello")
    checks = doctor()
    assert checks.keys() == {"broker", "registry", "generated files"}
    assert not checks["generated files"]["good"]
    assert "schemas/patient.deleted/1.0.json:1:1: error json-syntax" in checks["generated files"]["words"]


def test_doctor_looks_at_the_package_that_it_is_told(
    doctor: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_contracts(tmp_path / "schemas", "patient.deleted")
    assert run("generate", "--package", "acme_doctor").exit_code == 0
    monkeypatch.syspath_prepend(tmp_path)
    assert doctor("--catalog", "acme_doctor")["generated files"]["good"]


def test_doctor_looks_at_the_spool_folder_that_producers_are_told(
    doctor: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYEVENTS_SPOOL_DIR", str(tmp_path / "spool"))
    assert f"mkdir -m 700 {tmp_path}/spool" in doctor()["spool"]["words"]
    (tmp_path / "spool").mkdir(mode=0o700)
    assert doctor()["spool"] == {"name": "spool", "good": True, "words": str(tmp_path / "spool")}


def test_doctor_takes_a_folder_of_other_things_for_no_contracts(
    doctor: Callable[..., dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/patient.py").touch()
    assert doctor().keys() == {"broker", "registry"}


def test_generate_check_says_what_is_stale(tmp_path: Path) -> None:
    copy_contracts(tmp_path / "schemas", "patient.deleted", "email.send")
    arguments = ("--schemas", str(tmp_path / "schemas"), "--package", "acme.events", "--root", str(tmp_path))
    script = ("--topics-script", str(tmp_path / "topics.sh"))
    assert run("generate", *arguments, *script, "--check").exit_code == 1
    assert run("generate", *arguments, *script).exit_code == 0
    assert run("generate", *arguments, *script, "--check").exit_code == 0
    (tmp_path / "acme/events/patient.py").write_text("")
    assert run("generate", *arguments, *script, "--check").exit_code == 1


def test_compat_shows_the_message_that_would_break(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text('{"type": "object", "properties": {"a": {"enum": ["x", "y"]}}}')
    new.write_text('{"type": "object", "properties": {"a": {"enum": ["x"]}}}')
    result = run("compat", str(old), str(new), "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.output)["counterexample"] == {"a": "y"}
    assert run("compat", str(new), str(old)).exit_code == 0
    told = run("compat", str(old), str(new), "--mode", "FULL").output
    assert "NEW cannot read this message of OLD" in told
    assert '{"a": "y"}' in told
    assert "safe: OLD reads everything that NEW sends" in told


def test_compat_of_bytes_that_are_no_text_is_an_error_in_words(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_bytes(b'{"const": "\xff"}')
    new.write_text("{}")
    result = run("compat", str(old), str(new))
    assert result.exit_code == 1
    assert "UTF-8" in result.output


def test_compat_answers_a_bad_line_and_goes_on(tmp_path: Path) -> None:
    good = json.dumps({"id": "\ud800", "kind": "json", "reader": "{}", "writer": "{}"}).encode()
    lines = tmp_path / "pairs.jsonl"
    lines.write_bytes(b"\xff\xfe\n" + good + b'\n{"id": 1, "kind": "json", "reader": "\xff", "writer": "{}"}\n')
    result = run("compat", "--pairs", str(lines))
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [answer["verdict"] for answer in answers] == ["error", "safe", "error"]


@pytest.mark.parametrize(
    ("missing", "extra", "command"),
    [
        ("avro", "codegen", "check"),
        ("black", "codegen", "generate"),
        ("jsonschema", "codegen", "compat --pairs pairs.jsonl"),
        ("sqlalchemy", "sql", "outbox ls --database sqlite://"),
    ],
)
def test_command_whose_packages_are_missing_names_the_extra(
    missing: str, extra: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{missing!r}] = None")
    code = f"from pyevents.cli import main; main({command.split()!r})"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    pair = {"id": 1, "kind": "json", "reader": "{}", "writer": "{}"}
    copy_contracts(tmp_path / "schemas", "patient.deleted", "email.send")
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: pyevents {command.split()[0]} needs more packages. Install them: pip install 'pyevents-kafka[{extra}]'\n"
    )

"""Generated code passes the type checkers at their strictest, and a wrong use of it does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

USE = """\
from datetime import date, datetime, timezone

import msgspec
from pyevents.events import CommunicationEmailSent, EmailSend, PatientCreated, PatientCreatedRaeumlicheVerfuegbarkeit

patient = PatientCreated(
    patient_id=7,
    vorname="Anna",
    nachname="Muster",
    anrede="Frau",
    geburtsdatum=date(1990, 5, 4),
    strasse=None,
    raeumliche_verfuegbarkeit=PatientCreatedRaeumlicheVerfuegbarkeit(max_km=12.5),
)
name: str = patient.vorname
if patient.geburtsdatum is not msgspec.UNSET and patient.geburtsdatum is not None:
    year: int = patient.geburtsdatum.year
mail = CommunicationEmailSent(email_id=1, empfaenger_email="a@b.de", gesendet_am=datetime.now(timezone.utc))
send = EmailSend(request_id="1", empfaenger_email="a@b.de", empfaenger_name="A", betreff="B", inhalt_text="C")
html: str | None = send.inhalt_html
"""

WRONG_USE = """\
from pyevents.events import PatientCreated, PatientCreatd

PatientCreated(vorname="Anna", nachname="Muster")
PatientCreated(patient_id="7", vorname="Anna", nachname="Muster")
PatientCreated(patient_id=7, vorname="Anna", nachname="Muster", anrede="Dame")
PatientCreated(patient_id=7, vorname="Anna", nachname="Muster", spitzname="Anni")
PatientCreated(patient_id=7, vorname="Anna", nachname="Muster").vorname = "Hanna"
"""


def mypy(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={os.devnull}", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def pyright(repository: Path, path: Path) -> list[tuple[int, str]]:
    """Return line and message of every error."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(path)]
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [(error["range"]["start"]["line"] + 1, error["message"]) for error in found if error["severity"] == "error"]


@pytest.mark.slow
def test_generated_package_passes_mypy_strict(repository: Path) -> None:
    done = mypy(repository, "-p", "pyevents.events")
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.slow
def test_use_and_wrong_use_are_told_apart_by_mypy(repository: Path, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(USE)
    wrong.write_text(WRONG_USE)
    told = [line.rpartition("/")[2] for line in mypy(repository, str(right), str(wrong)).stdout.splitlines()]
    lines = {int(line.split(":")[1]) for line in told if line.startswith("wrong.py")}
    assert [line for line in told if line.startswith("right.py")] == []
    assert lines == {1, 3, 4, 5, 6, 7}, told


@pytest.mark.slow
def test_use_and_wrong_use_are_told_apart_by_pyright(repository: Path, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(f"# pyright: strict\n{USE}")
    wrong.write_text(WRONG_USE)
    settings = {"extraPaths": [str(repository)], "include": ["."]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    assert pyright(tmp_path, right) == []
    assert {line for line, _ in pyright(tmp_path, wrong)} == {1, 3, 4, 5, 6, 7}


@pytest.mark.slow
def test_generated_package_passes_pyright_strict(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(
        repository / "pyevents" / "events", tmp_path / "events", ignore=shutil.ignore_patterns("__pycache__")
    )
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps({"include": ["events"], "strict": ["events"]}))
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "--project",
        str(project),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] >= 8
    assert [error["message"] for error in told["generalDiagnostics"]] == []


def test_generated_package_is_as_ruff_formats_it(repository: Path) -> None:
    events = str(repository / "pyevents" / "events")
    options = ["--isolated", "--line-length", "120"]
    for command in (["format", "--check"], ["check", "--select", "E,F,W,I,UP,B"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options, events], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

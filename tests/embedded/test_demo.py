"""`pyevents demo`: what it promises to show, on a terminal of 80 columns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pyevents.catalog import load


def test_demo_shows_every_event_an_outage_and_a_refusal_on_80_columns(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "pyevents"), "demo"]
    environment = {**os.environ, "COLUMNS": "80", "PATH": os.defpath}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    for contract in load().contracts.values():
        assert any(line.strip().startswith(contract.majors[0].class_name + "(") for line in lines), contract.event_type
    assert "EventInvalid: patient.created 1.0 refuses the payload at /vorname" in done.stdout
    assert "handled: 100 of 100" in done.stdout
    _, _, next_steps = done.stdout.partition("What to try next\n")
    assert next_steps.startswith(f"   . {Path(command[0]).parent}/activate"), "nobody has pyevents on the PATH yet"

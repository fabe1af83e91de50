"""What the tests of histories share: a schema folder with several versions, and what is found in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen import history
from pyevents_codegen.finding import Finding
from pyevents_codegen.load import load_folder
from tests.suite import schemas

CONTRACT = schemas.CONTRACT.replace("consumers = []", 'consumers = ["matching-service"]')

PAYLOAD: dict[str, Any] = {
    **schemas.PAYLOAD,
    "properties": {
        **schemas.PAYLOAD["properties"],
        "status": {"type": "string", "enum": ["offen", "in_Therapie"], "description": "Where the patient stands."},
    },
}

AVRO: dict[str, Any] = {
    "type": "record",
    "name": "CreatedPayload",
    "namespace": "patient",
    "fields": [
        {"name": "patient_id", "type": "long", "doc": "The patient."},
        {"name": "vorname", "type": "string", "maxLength": 100, "doc": "Given name."},
    ],
}


class History(schemas.SchemaFolder):
    """A schema folder with the one contract `patient.created`, which a test gives versions."""

    def contract(self, *lines: str, event_type: str = "patient.created") -> None:
        """Write contract.toml: the usual one, lines added or, where a key is given again, replaced."""
        keys = {line.partition("=")[0] for line in lines}
        kept = [line for line in CONTRACT.splitlines() if line.partition("=")[0] not in keys]
        self.write(f"{event_type}/contract.toml", "\n".join([*kept, *lines]) + "\n")

    def version(
        self, number: str, change: Callable[[dict[str, Any]], Any] = lambda _: None, *, base: dict[str, Any] = PAYLOAD
    ) -> Path:
        """Write one version: the usual payload, changed."""
        schema = copy.deepcopy(base)
        change(schema)
        suffix = "avsc" if "fields" in base else "json"
        return self.write(f"patient.created/{number}.{suffix}", json.dumps(schema, indent=2))

    def findings(self, against: str | None = None) -> list[Finding]:
        return history.findings(load_folder(self.path), against)

    def found(self, rule: str, against: str | None = None) -> Finding:
        """Return the one finding of a rule."""
        findings = self.findings(against)
        ours = [finding for finding in findings if finding.rule == rule]
        assert len(ours) == 1, "\n".join(map(str, findings)) or "nothing was found"
        return ours[0]


@pytest.fixture
def past(tmp_path: Path) -> History:
    """A right schema folder: `patient.created` with version 1.0."""
    made = History(tmp_path / "schemas")
    made.begin()
    made.contract()
    made.version("1.0")
    return made

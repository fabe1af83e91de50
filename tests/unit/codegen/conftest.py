"""What the tests of the toolchain share: a small schema folder to spoil, and the platform's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.folder import Folder
from pyevents_codegen.load import load_folder
from tests.suite.schemas import CONTRACT, PAYLOAD, REPOSITORY, TOPICS, SchemaFolder

__all__ = ["COMMAND", "CONTRACT", "PAYLOAD", "REPOSITORY", "TOPICS", "Spoilable"]

COMMAND: dict[str, Any] = {
    "type": "record",
    "name": "SendPayload",
    "namespace": "email",
    "doc": "A mail to send.",
    "fields": [
        {"name": "patient_id", "type": "long", "doc": "The patient."},
        {"name": "betreff", "type": ["null", "string"], "default": None, "maxLength": 255, "doc": "Subject."},
    ],
}


class Spoilable(SchemaFolder):
    """A schema folder that a test may spoil, with what is found in it."""

    def add(self, event_type: str, payload: dict[str, Any] | None = None, version: str = "1.0.json") -> None:
        """Add a contract with one version."""
        if not (self.path / event_type / "contract.toml").exists():
            self.write(f"{event_type}/contract.toml", CONTRACT)
        self.write(f"{event_type}/{version}", PAYLOAD if payload is None else payload)

    def load(self) -> Folder:
        return load_folder(self.path)

    def findings(self) -> list[Finding]:
        """Load the folder, which must be refused, and return why, files named from the folder."""
        with pytest.raises(SchemaFolderInvalid) as caught:
            load_folder(self.path)
        inside = self.path.as_posix() + "/"
        return [_renamed(finding, inside) for finding in caught.value.findings]

    def finding(self, rule: str) -> Finding:
        """Load the folder, which must be refused, and return the one finding of a rule."""
        found = self.findings()
        ours = [finding for finding in found if finding.rule == rule]
        assert len(ours) == 1, "\n".join(map(str, found))
        return ours[0]


def _renamed(finding: Finding, inside: str) -> Finding:
    return Finding(
        finding.file.replace(inside, ""),
        finding.line,
        finding.column,
        finding.pointer,
        finding.rule,
        finding.message,
        finding.remedy,
        finding.severity,
    )


@pytest.fixture
def schemas(tmp_path: Path) -> Spoilable:
    """A right schema folder with the one contract `patient.created`."""
    folder = Spoilable(tmp_path / "schemas")
    folder.begin()
    folder.add("patient.created")
    return folder


@pytest.fixture
def view(schemas: Spoilable) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the JSON view that an Avro payload gets in the folder."""

    def derive(payload: dict[str, Any]) -> dict[str, Any]:
        schemas.add("email.send", payload, "1.0.avsc")
        return schemas.load().contracts[0].versions[0].view

    return derive


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def platform() -> Folder:
    """The platform's own contracts."""
    return load_folder(REPOSITORY / "schemas")

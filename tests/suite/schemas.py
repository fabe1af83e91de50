"""A schema folder of one right contract, to be given further versions or to be spoiled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

__all__ = ["CONTRACT", "PAYLOAD", "REPOSITORY", "TOPICS", "SchemaFolder"]

REPOSITORY = Path(__file__).resolve().parents[2]

TOPICS = """\
[defaults]
partitions = 3
replication = 1
min_insync_replicas = 1
retention_days = 7
cleanup_policy = "delete"

[environments.production]
replication = 3
min_insync_replicas = 2

[topics.patient-events]
summary = "What happened to patients."

[topics.email-commands]
summary = "Emails to be sent."
cleanup_policy = "compact,delete"
retention_days = -1
"""

CONTRACT = """\
summary = "A new patient has been created."
kind = "event"
topic = "patient-events"
key = "patient_id"
owner = "patient-service"
producers = ["patient-service"]
consumers = []
"""

PAYLOAD: dict[str, Any] = {
    "description": "A patient was entered.",
    "type": "object",
    "additionalProperties": False,
    "required": ["patient_id", "vorname"],
    "properties": {
        "patient_id": {"type": "integer", "minimum": 1, "description": "The patient."},
        "vorname": {"type": "string", "maxLength": 100, "description": "Given name."},
    },
}


class SchemaFolder:
    """A schema folder on disk that a test may write to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Write topics and envelope, and the contract `patient.created` without a version."""
        self.write("topics.toml", TOPICS)
        shutil.copytree(REPOSITORY / "schemas" / "envelope", self.path / "envelope")
        self.write("patient.created/contract.toml", CONTRACT)

    def write(self, name: str, content: str | bytes | dict[str, Any]) -> Path:
        """Write one file, named from the folder; a dictionary is written as JSON."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

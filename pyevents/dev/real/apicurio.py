"""A real schema registry for development and tests: Apicurio, with its Confluent-compatible interface.

It owns the registry's process and data; what is in the registry is its clients' business.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from pyevents.dev.real import java
from pyevents.dev.real.packages import Package, Report, installed, quiet
from pyevents.dev.real.process import Server, free_port

__all__ = ["PACKAGE", "RealRegistry"]

PACKAGE = Package(
    name="apicurio-registry-3.3.3",
    kind="application",
    coordinates=("io.apicurio:apicurio-registry-app:3.3.3",),
)


class RealRegistry(Server):
    """Apicurio Registry on the loopback interface, its schemas in one file.

    It differs from Confluent's in what a new subject requires: nothing, until its compatibility is set.

    Args:
        folder: Keeps the schemas and the log; give one to go on with them another time. None is a temporary
            one.
        environment: Apicurio's settings as environment variables, which win over the ones chosen here.
        report: Hears of downloads.

    Attributes:
        port: Of the interface; stays the same when the registry is started again, as does `health_port`, where
            Quarkus tells whether it is well (`/health/ready`).
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        report: Report = quiet,
    ) -> None:
        super().__init__("registry", folder)
        self._report = report
        self.port = free_port()
        self.health_port = free_port()
        self._environment = {**self._settings(), **(environment or {})}

    @property
    def url(self) -> str:
        """What a client of Confluent's schema registry is given."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def _settings(self) -> dict[str, str]:
        return {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self.port),
            # Else it listens on every interface, at a port that a second registry cannot have.
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
            "QUARKUS_MANAGEMENT_PORT": str(self.health_port),
            # What was answered is on disk, also when the process is killed the moment after.
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{self.folder / 'schemas'};WRITE_DELAY=0",
        }

    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        application = installed(PACKAGE, self._report)
        return java.jar_command(application / "quarkus-run.jar"), self._environment

    def _is_ready(self, said: str) -> bool:
        health = f"http://127.0.0.1:{self.health_port}/health/ready"
        try:
            with urllib.request.urlopen(health, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

"""Broker and registry together, as `pyevents dev --real` runs them.

It owns that both are there or none is; each of them is described in `kafka` and `apicurio`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from pyevents.dev.real import apicurio, kafka
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.packages import Report, installed, quiet

__all__ = ["RealPair"]


class RealPair:
    """A real broker and a real registry; a context manager that has both running inside.

    Args:
        folder: Keeps their data and logs, in `kafka` and `registry`; None is a temporary one, removed at the
            end.
        report: Hears of downloads.
    """

    def __init__(self, folder: Path | None = None, *, report: Report = quiet) -> None:
        self._report = report
        self.kafka = RealKafka(folder and folder / "kafka", report=report)
        self.registry = RealRegistry(folder and folder / "registry", report=report)

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka clients connect, as `host:port`."""
        return self.kafka.bootstrap_servers

    @property
    def registry_url(self) -> str:
        """What a client of Confluent's schema registry is given."""
        return self.registry.url

    def start(self) -> None:
        """Start both at once and return when both serve.

        Raises:
            PackagesUnavailable: They are not here yet and cannot be fetched.
            ServerFailed: One of them did not start; the other one is stopped again.
            ToolchainMissing: The extra `dev` is not installed.
        """
        for package in (kafka.PACKAGE, apicurio.PACKAGE):
            installed(package, self._report)
        try:
            with ThreadPoolExecutor() as both:
                starts = [both.submit(server.start) for server in (self.kafka, self.registry)]
            for start in starts:
                start.result()
        except BaseException:
            self.kafka.stop()
            self.registry.stop()
            raise

    def close(self) -> None:
        """Stop both, and remove their folders if those are temporary ones."""
        for server in (self.registry, self.kafka):
            server.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""A real Apache Kafka: one broker in KRaft mode, on the loopback interface, for development and tests.

It owns the broker's settings, the format of its data folder and Kafka's own command-line clients. Producing
and consuming is done with any Kafka client at `bootstrap_servers`.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import uuid_utils

from pyevents.dev.real import java
from pyevents.dev.real.packages import Package, Report, alone, installed, quiet
from pyevents.dev.real.process import Server, ServerFailed, free_port

__all__ = ["PACKAGE", "RealKafka"]

PACKAGE = Package(
    name="kafka-4.3.1",
    kind="jars",
    coordinates=(
        "org.apache.kafka:kafka_2.13:4.3.1",
        "org.apache.kafka:kafka-tools:4.3.1",
        "org.slf4j:slf4j-simple:1.7.36",
    ),
)

STARTED = "Kafka Server started"
"""The last thing a broker logs before it serves: it is registered, unfenced, and its port is open."""

# Without these two the start alone is 400 lines of settings.
LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


class RealKafka(Server):
    """Apache Kafka, one node that is broker and controller; topics are not made by first use.

    Not for production: no replication, no authentication unless you set it up.

    Args:
        folder: Keeps the data and the log; give one to go on with its data another time. None is a temporary
            one.
        properties: Kafka's broker settings, which win over the ones chosen here.
        report: Hears of downloads.

    Attributes:
        port: Of the listener; stays the same when the broker is started again.
        properties: The broker's settings as they are written at every start; change them between two.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        properties: Mapping[str, str] | None = None,
        report: Report = quiet,
    ) -> None:
        super().__init__("kafka", folder)
        self._report = report
        self.port = free_port()
        self.properties = {**_properties(self.port, free_port(), self.folder / "data"), **(properties or {})}

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    def tool(self, class_name: str, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own command-line clients to its end.

        Args:
            class_name: `org.apache.kafka.tools.TopicCommand`, `…tools.consumer.ConsoleConsumer`,
                `…tools.ConsoleProducer`, `kafka.admin.AclCommand` and so on.
            arguments: The client's own, `--bootstrap-server` included.
            input: What it reads from standard input.

        Returns:
            Exit status and both outputs; a failure is not raised.
        """
        command = [*self.tool_command(class_name), *arguments]
        given = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run(command, **given, capture_output=True, text=True, timeout=self.timeout)

    def tool_command(self, class_name: str) -> list[str]:
        """Return the command line that `tool` runs, for a script that calls it by itself."""
        jars = installed(PACKAGE, self._report)
        return java.class_command(jars, class_name, options=(*java.QUIET, *_quick(jars)))

    def broker_command(self, settings: Path) -> list[str]:
        """Return the command line of a broker with that `server.properties`."""
        jars = installed(PACKAGE, self._report)
        options = (*LOGGING, *self._machine(jars))
        return [*java.class_command(jars, "kafka.Kafka", options=options), str(settings)]

    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        settings = self.folder / "server.properties"
        settings.write_text(_as_properties(self.properties), encoding="ascii")
        if not (Path(self.properties["log.dirs"]) / "meta.properties").exists():
            self._format(settings)
        return self.broker_command(settings), {}

    def _machine(self, jars: Path) -> tuple[str, ...]:
        if not _archive(jars).exists():
            _rehearse(jars, self._report)
        return _quick(jars)

    def _is_ready(self, said: str) -> bool:
        return STARTED in said

    def _format(self, settings: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid_utils.uuid7().bytes).decode().rstrip("=")
        arguments = ("format", "--cluster-id", cluster, "--config", str(settings))
        done = self.tool("kafka.tools.StorageTool", *arguments)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode:
            raise ServerFailed(self.name, "could not format its data folder", self.log, done.stderr)


class _Rehearsal(RealKafka):
    """A broker that starts and stops once, so that the virtual machine can note which classes it needs."""

    def __init__(self, archive: Path) -> None:
        super().__init__()
        self._archive = archive

    def _machine(self, jars: Path) -> tuple[str, ...]:
        return (f"-XX:AOTCacheOutput={self._archive}",)


def _archive(jars: Path) -> Path:
    _, version = java.runtime()
    return jars / f"java-{version}.aot"


def _quick(jars: Path) -> tuple[str, ...]:
    """Options that load Kafka's classes from the archive (JEP 483 and 514) where there is one.

    Measured on two cores: a broker is up in 0.8 s instead of 2.0, a command-line client done in 0.3 s instead
    of 1.0. The virtual machine looks whether the archive fits its own version and the jars; one that does not
    is left alone.
    """
    archive = _archive(jars)
    return (f"-XX:AOTCache={archive}",) if archive.exists() else ()


def _rehearse(jars: Path, report: Report) -> None:
    with alone(PACKAGE.name, report):
        archive = _archive(jars)
        if archive.exists():
            return
        report(f"{PACKAGE.name}: a first start and stop, to make the next ones quick")
        fresh = archive.with_suffix(".fresh")
        with _Rehearsal(fresh):
            pass
        fresh.rename(archive)


def _as_properties(settings: Mapping[str, str]) -> str:
    """Render as `java.util.Properties` reads it, whose escapes are those of a JSON string."""
    return "".join(f"{name}={json.dumps(value)[1:-1]}\n" for name, value in settings.items())


def _properties(port: int, controller_port: int, data: Path) -> dict[str, str]:
    one_node = {
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }
    # Fifty partitions each, as is the default, only make the first consumer and every restart wait.
    small = {"offsets.topic.num.partitions": "4", "transaction.state.log.num.partitions": "4"}
    # A broker that was killed cannot register again before the controller gave it up: 9 s by default.
    alert = {"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        **one_node,
        **small,
        **alert,
    }

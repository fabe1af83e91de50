"""docker/compose.zookeeper.yml: a real ZooKeeper and a real Kafka 3.9 run from it, and a killed broker comes back."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from pyevents.dev.real import java
from pyevents.dev.real.kafka import PACKAGE as TOOLS
from pyevents.dev.real.packages import Package, installed
from pyevents.dev.real.process import Server, free_port
from tests.real.compose import ZOOKEEPER, health_check, moved, resolved, topic_tool

# Apache Kafka of the image line 7.9; it brings ZooKeeper 3.8.4.
PACKAGE = Package(
    name="kafka-3.9.1",
    kind="jars",
    coordinates=("org.apache.kafka:kafka_2.13:3.9.1", "org.slf4j:slf4j-simple:1.7.36"),
)


class ZooKeeper(Server):
    """ZooKeeper as the image sets it up: ZOOKEEPER_CLIENT_PORT is clientPort, KAFKA_OPTS are the machine's."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__("zookeeper", folder)
        self.port = free_port()
        self.environment = environment

    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        settings = {"dataDir": str(self.folder / "data"), "admin.enableServer": "false"}
        for name, value in self.environment.items():
            if name.startswith("ZOOKEEPER_"):
                first, *more = name.removeprefix("ZOOKEEPER_").lower().split("_")
                settings[first + "".join(word.capitalize() for word in more)] = value
        settings |= {"clientPort": str(self.port), "clientPortAddress": "127.0.0.1"}
        file = self.folder / "zookeeper.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        command = java.class_command(
            installed(PACKAGE),
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            options=self.environment["KAFKA_OPTS"].split(),
        )
        return [*command, str(file)], {}

    def _is_ready(self, said: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"srvr")
                return b"Mode:" in connection.recv(4096)
        except OSError:
            return False


class ZooKeeperKafka(Server):
    """The broker as the image sets it up: of KAFKA_A_B it makes a.b, with `__` for `_` and `___` for `-`."""

    def __init__(self, folder: Path, service: Mapping[str, Any], zookeeper: ZooKeeper) -> None:
        super().__init__("kafka", folder)
        self.port = free_port()
        (scripts,) = (volume for volume in service["volumes"] if volume["target"] == "/scripts")
        host_port = str(free_port())
        self.places = {
            "zookeeper:2181": f"127.0.0.1:{zookeeper.port}",
            "kafka:9092": f"127.0.0.1:{self.port}",
            "://:9092": f"://127.0.0.1:{self.port}",
            "localhost:29092": f"localhost:{host_port}",
            "://:29092": f"://127.0.0.1:{host_port}",
            "/var/lib/kafka/data": str(folder / "data"),
            "/scripts": scripts["source"],
        }
        self.environment = {name: moved(value, self.places) for name, value in service["environment"].items()}
        self.script = [moved(part, self.places) for part in service["command"]]

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        file = self.folder / "server.properties"
        file.write_text(
            "".join(
                f"{as_property(name)}={value}\n" for name, value in self.environment.items() if name != "KAFKA_OPTS"
            )
        )
        return [*self.script, *java.class_command(installed(PACKAGE), "kafka.Kafka"), str(file)], self.environment

    def _is_ready(self, said: str) -> bool:
        return "[KafkaServer id=1] started" in said


def as_property(variable: str) -> str:
    signs = {"___": "-", "__": "_", "_": "."}
    return re.sub("_{1,3}", lambda found: signs[found[0]], variable.removeprefix("KAFKA_").lower())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = resolved(*ZOOKEEPER)["services"]
    return services


@pytest.fixture(scope="module")
def zookeeper(services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeper]:
    with ZooKeeper(tmp_path_factory.mktemp("zookeeper"), services["zookeeper"]["environment"]) as zookeeper:
        yield zookeeper


@pytest.fixture(scope="module")
def kafka(
    services: dict[str, Any], zookeeper: ZooKeeper, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ZooKeeperKafka]:
    with ZooKeeperKafka(tmp_path_factory.mktemp("kafka"), services["kafka"], zookeeper) as kafka:
        yield kafka


def test_zookeepers_health_check_knows_a_running_from_a_dead_one(
    services: dict[str, Any], zookeeper: ZooKeeper
) -> None:
    assert health_check(services["zookeeper"], {"127.0.0.1/2181": f"127.0.0.1/{zookeeper.port}"}) == 0
    assert health_check(services["zookeeper"], {"127.0.0.1/2181": f"127.0.0.1/{free_port()}"}) != 0


def test_the_brokers_health_check_passes(services: dict[str, Any], kafka: ZooKeeperKafka) -> None:
    tool = topic_tool(kafka.folder, java.class_command(installed(TOOLS), "org.apache.kafka.tools.TopicCommand"))
    assert health_check(services["kafka"], kafka.places | {"kafka-topics": str(tool)}) == 0


def test_the_broker_makes_no_topic_by_first_use(kafka: ZooKeeperKafka) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    assert admin.list_topics("mistyped-events", timeout=10).topics["mistyped-events"].error is not None
    assert "mistyped-events" not in admin.list_topics(timeout=10).topics


def test_a_broker_that_was_killed_comes_back_at_once_although_zookeeper_still_knows_it(kafka: ZooKeeperKafka) -> None:
    kafka.kill()
    before = len(kafka.log.read_text())
    kafka.start()
    said = kafka.log.read_text()[before:]
    assert "to give up /brokers/ids/1" in said, "the broker was started too late to meet what it left behind"
    assert "NodeExists" not in said
    assert AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=10).brokers


def test_a_broker_does_not_wait_for_ever_for_a_zookeeper_that_does_not_answer(kafka: ZooKeeperKafka) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    environment = {"KAFKA_ZOOKEEPER_CONNECT": nobody, "KAFKA_BROKER_ID": "1", "ZOOKEEPER_WAIT": "1"}
    done = subprocess.run(
        [*kafka.script, "true"], env={**os.environ, **environment}, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert f"ZooKeeper at {nobody} has not given up /brokers/ids/1 within 1 s" in done.stderr

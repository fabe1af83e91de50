"""docker/compose.secure.yml: a real broker from it lets nobody in without a password, and lets them do what contracts say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.config import client_properties
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.process import free_port
from pyevents.events import PatientDeleted, TherapistUnblocked
from pyevents.memory import MemoryRegistry
from tests.real.compose import ROOT, SECURE, ComposeKafka, health_check, moved, resolved, topic_tool
from tests.suite.place import wait_until

SERVICES = sorted(
    {name for contract in load().catalog.contracts for name in (*contract.producers, *contract.consumers)}
)
TOOLS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What docker/kafka/make-secrets.sh makes for the services of the contracts."""
    folder = tmp_path_factory.mktemp("secrets")
    command = [str(ROOT / "docker/kafka/make-secrets.sh"), str(folder)]
    subprocess.run([*command, *SERVICES[:1]], check=True)
    first = (folder / "operator.env").read_text()
    subprocess.run([*command, *SERVICES], check=True)
    assert (folder / "operator.env").read_text() == first
    return folder


@pytest.fixture(scope="module")
def stack(secrets: Path) -> dict[str, Any]:
    services: dict[str, Any] = resolved(*SECURE, environment={"KAFKA_SECRETS_DIR": str(secrets)})["services"]
    return services


@pytest.fixture(scope="module")
def kafka(stack: dict[str, Any], secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeKafka]:
    folder = tmp_path_factory.mktemp("kafka")
    broker = ComposeKafka(folder, stack["kafka"]["environment"])
    settings = folder / "client.properties"
    broker.meet(
        {
            "127.0.0.1:9093": broker.names["kafka:9093"],
            "127.0.0.1:9094": f"127.0.0.1:{free_port()}",
            "/run/secrets": str(secrets),
            "/users": str(secrets),
            "/scripts/client.properties": str(settings),
            "/scripts": str(ROOT / "docker/kafka"),
            "/opt/kafka/bin": str(folder),
            "$$": "$",
        }
    )
    settings.write_text(moved((ROOT / "docker/kafka/client.properties").read_text(), broker.places))
    for name, tool in TOOLS.items():
        topic_tool(folder, broker.tool_command(tool), name)
    with broker:
        yield broker


def run(kafka: ComposeKafka, service: dict[str, Any], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a job of the compose file to its end."""
    environment = {name: moved(value, kafka.places | more) for name, value in service["environment"].items()}
    path = os.pathsep.join((str(kafka.folder), str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        [moved(part, kafka.places) for part in service["command"]],
        env={**os.environ, **environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )


def user(secrets: Path, name: str) -> dict[str, str]:
    """Return librdkafka's properties of a user, from its file."""
    lines = (line.split("=", 1) for line in (secrets / f"{name}.env").read_text().splitlines())
    given = {key.removeprefix("KAFKA_").lower().replace("_", "."): value for key, value in lines}
    authority = str(secrets / "authority.pem")
    return {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "ssl.ca.location": authority} | given


@pytest.fixture(scope="module")
def users(kafka: ComposeKafka, stack: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return run(kafka, stack["kafka-users"])


@pytest.fixture(scope="module")
def made(
    kafka: ComposeKafka, stack: dict[str, Any], users: subprocess.CompletedProcess[str], real_registry: RealRegistry
) -> list[subprocess.CompletedProcess[str]]:
    """The jobs that make topics and rights."""
    assert users.returncode == 0, users.stdout + users.stderr
    places = {"http://schema-registry:8081/apis/ccompat/v7": real_registry.url}
    return [run(kafka, stack[name], **places) for name in ("kafka-setup", "contracts")]


def test_nothing_secret_is_in_the_files_and_git_does_not_take_any(secrets: Path) -> None:
    written = [(ROOT / name).read_text() for name in ("docker/compose.secure.yml", "docker/kafka/client.properties")]
    assert not [text for text in written if re.search(r"(?i)password\"?[:=] *\"?[^\s\"$]|PRIVATE KEY", text)]
    assert "docker/secrets/\n" in (ROOT / ".gitignore").read_text()
    assert secrets.stat().st_mode & 0o077 == 0


def test_what_needs_no_password_listens_inside_of_the_brokers_container_only(stack: dict[str, Any]) -> None:
    environment = stack["kafka"]["environment"]
    protocols = dict(each.split(":") for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    listeners = dict(each.split("://") for each in environment["KAFKA_LISTENERS"].split(","))
    assert {protocols[name] for name in ("INTERNAL", "HOST")} == {"SASL_SSL"}
    for name in protocols.keys() - {"INTERNAL", "HOST"}:
        assert listeners[name].startswith("127.0.0.1:"), name
    assert [port["target"] for port in stack["kafka"]["ports"]] == [29092]


def test_the_example_of_a_service_has_the_name_and_password_of_its_file(secrets: Path, tmp_path: Path) -> None:
    written = []
    for file in SECURE:
        text = (ROOT / file).read_text()
        example = "\n".join(re.findall(r"^# (  .*)$", text, re.MULTILINE))
        assert example.strip().startswith("patient-service:")
        written.append(tmp_path / Path(file).name)
        written[-1].write_text(text.replace("\nservices:\n", f"\nservices:\n{example}\n", 1))
    services = resolved(*written, environment={"KAFKA_SECRETS_DIR": str(secrets)})["services"]
    service = services["patient-service"]
    assert service["environment"]["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    _, properties = client_properties(environment=service["environment"])
    given = {name: moved(value, {"/run/secrets": str(secrets)}) for name, value in properties.items()}
    assert user(secrets, "patient-service").items() <= given.items()
    assert {each["target"] for each in service["secrets"]} == {"/run/secrets/authority.pem"}


def test_the_web_console_which_asks_nobody_is_left_out(secrets: Path) -> None:
    environment = {"KAFKA_SECRETS_DIR": str(secrets), "COMPOSE_PROFILES": "ui"}
    assert "ui" not in resolved(*SECURE, environment=environment)["services"]


def test_no_client_comes_in_without_a_password_or_with_a_wrong_one(
    kafka: ComposeKafka, secrets: Path, users: subprocess.CompletedProcess[str]
) -> None:
    assert users.returncode == 0, users.stdout + users.stderr
    known = user(secrets, "operator")
    strangers: tuple[dict[str, str], ...] = (
        {},
        {"security.protocol": "SSL", "ssl.ca.location": known["ssl.ca.location"]},
        known | {"sasl.password": "wrong"},
    )
    for port in (kafka.port, kafka.host_port):
        address = {"bootstrap.servers": f"localhost:{port}"}
        assert AdminClient(address | known).list_topics(timeout=20).brokers
        for stranger in strangers:
            with pytest.raises(KafkaException):
                AdminClient(address | stranger | {"log_level": 0}).list_topics(timeout=3)


def test_the_health_check_lets_the_operator_in_and_fails_where_it_may_not(
    kafka: ComposeKafka, stack: dict[str, Any], secrets: Path, users: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    assert users.returncode == 0, users.stdout + users.stderr
    assert health_check(stack["kafka"], kafka.places) == 0
    wrong = tmp_path / "operator.env"
    wrong.write_text("KAFKA_SASL_USERNAME=operator\nKAFKA_SASL_PASSWORD=wrong\n")
    assert health_check(stack["kafka"], kafka.places | {"/run/secrets/operator.env": str(wrong)}) != 0


def test_jobs_make_topics_and_rights_and_each_service_may_do_what_its_contracts_say(
    kafka: ComposeKafka, secrets: Path, made: list[subprocess.CompletedProcess[str]]
) -> None:
    for done in made:
        assert done.returncode == 0, done.stdout + done.stderr
    properties = user(secrets, "patient-service")
    options: dict[str, Any] = {"properties": properties, "registry": MemoryRegistry(), "auto_register": True}
    with RobustKafkaProducer(kafka.bootstrap_servers, "patient-service", **options) as producer:
        producer.publish(PatientDeleted(patient_id=7))
        assert producer.flush(30) == 0, producer.status()
        producer.publish(TherapistUnblocked(therapist_id=1))
        wait_until(lambda: "therapist-events" in producer.status().waiting, "the topic without rights waits")
        producer.close(0)
    reader = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "patient-service"} | properties)
    reader.subscribe(["therapist-events"])
    answer = reader.poll(30)
    reader.close()
    assert answer is not None
    error = answer.error()
    assert error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error


def test_what_the_registry_keeps_it_keeps_in_the_broker_as_its_own_user(
    kafka: ComposeKafka,
    stack: dict[str, Any],
    users: subprocess.CompletedProcess[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    assert users.returncode == 0, users.stdout + users.stderr
    service = stack["schema-registry"]
    environment = {name: moved(value, kafka.places) for name, value in service["environment"].items()}
    del environment["QUARKUS_HTTP_PORT"]
    for command, status in ((("apply", "--yes"), 0), (("plan", "--exit-code"), 0)):
        with RealRegistry(tmp_path_factory.mktemp("registry"), environment=environment) as registry:
            assert health_check(service, {"127.0.0.1/9000": f"127.0.0.1/{registry.health_port}"}) == 0
            tool = [str(Path(sys.executable).parent / "pyevents"), "registry", *command]
            done = subprocess.run(
                tool, env=os.environ | {"SCHEMA_REGISTRY_URL": registry.url}, capture_output=True, text=True, timeout=90
            )
            assert done.returncode == status, done.stdout + done.stderr

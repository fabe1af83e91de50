"""docker-compose.yml: Compose takes it, and the broker, the registry and the topics that it describes are real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,  # type: ignore[attr-defined]  # public; its stub forgets to say so
)

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.process import free_port
from tests.real.compose import KRAFT, ROOT, ZOOKEEPER, ComposeKafka, health_check, moved, resolved, topic_tool

JOBS = {"kafka-setup", "contracts"}


@pytest.fixture(scope="module", params=[KRAFT, ZOOKEEPER], ids=["kraft", "zookeeper"])
def stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    return resolved(*request.param)


def test_every_image_has_a_fixed_version(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        assert "build" in service or re.search(r":\d+\.\d+\.\d+$", service["image"]), f"{name}: {service['image']}"


def test_servers_have_a_health_check_and_come_back_and_jobs_run_once(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        assert ("healthcheck" in service) == (name not in JOBS), name
        assert service["restart"] == ("no" if name in JOBS else "unless-stopped"), name


def test_each_waits_until_what_it_needs_is_healthy(stack: dict[str, Any]) -> None:
    waits = {
        (name, needed, how["condition"])
        for name, service in stack["services"].items()
        for needed, how in service.get("depends_on", {}).items()
    }
    expected = {
        ("schema-registry", "kafka", "service_healthy"),
        ("kafka-setup", "kafka", "service_healthy"),
        ("contracts", "schema-registry", "service_healthy"),
        ("contracts", "kafka-setup", "service_completed_successfully"),
    }
    with_zookeeper = {("kafka", "zookeeper", "service_healthy")} & waits
    assert ("zookeeper" in stack["services"]) == bool(with_zookeeper)
    assert waits == expected | with_zookeeper


def test_ports_are_open_to_this_machine_only(stack: dict[str, Any]) -> None:
    ports = [port for service in stack["services"].values() for port in service.get("ports", [])]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_what_a_server_writes_is_on_a_named_volume(stack: dict[str, Any]) -> None:
    kafka = stack["services"]["kafka"]
    (volume,) = (each for each in kafka["volumes"] if each["type"] == "volume")
    assert volume["target"] == kafka["environment"]["KAFKA_LOG_DIRS"]
    assert volume["source"] in stack["volumes"]


def test_the_two_modes_do_not_share_a_broker_volume() -> None:
    first, second = (
        {each["source"] for each in resolved(*files)["services"]["kafka"]["volumes"] if each["type"] == "volume"}
        for files in (KRAFT, ZOOKEEPER)
    )
    assert not first & second


def test_the_example_of_a_service_waits_for_topics_and_contracts_and_keeps_its_spool(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = re.findall(r"^# (  .*)$", text, re.MULTILINE)
    assert example[0].strip() == "patient-service:"
    written_out = tmp_path / "docker-compose.yml"
    written_out.write_text(text.replace("services:\n", "services:\n" + "\n".join(example) + "\n", 1))
    stack = resolved(written_out)
    service = stack["services"]["patient-service"]
    assert {name: how["condition"] for name, how in service["depends_on"].items()} == {
        "kafka-setup": "service_completed_successfully",
        "contracts": "service_completed_successfully",
    }
    (volume,) = service["volumes"]
    assert volume["target"] == service["environment"]["PYEVENTS_SPOOL_DIR"]
    assert volume["source"] in stack["volumes"]


def test_the_port_on_the_host_can_be_chosen_and_is_the_one_advertised() -> None:
    kafka = resolved(*KRAFT, environment={"KAFKA_HOST_PORT": "39092"})["services"]["kafka"]
    assert [port["published"] for port in kafka["ports"]] == ["39092"]
    assert "HOST://localhost:39092" in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_what_the_image_is_built_from_exists() -> None:
    build = resolved(*KRAFT)["services"]["contracts"]["build"]
    dockerfile = (Path(build["context"]) / build["dockerfile"]).read_text()
    copied = re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE)
    assert copied
    ignored = (ROOT / "docker/Dockerfile.dockerignore").read_text()
    for source in " ".join(copied).split():
        assert (ROOT / source).exists(), source
        assert f"!{source}\n" in ignored, source


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = resolved(*KRAFT)["services"]
    return services


@pytest.fixture(scope="module")
def kafka(services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeKafka]:
    folder = tmp_path_factory.mktemp("kafka")
    with ComposeKafka(folder, services["kafka"]["environment"]) as kafka:
        topic_tool(folder, kafka.tool_command("org.apache.kafka.tools.TopicCommand"))
        yield kafka


@pytest.fixture(scope="module")
def admin(kafka: ComposeKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap_servers})


def test_the_broker_is_reached_from_containers_and_from_the_host_each_by_its_own_address(
    kafka: ComposeKafka,
) -> None:
    for address in (f"127.0.0.1:{kafka.port}", f"localhost:{kafka.host_port}"):
        broker = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).brokers[1]
        assert f"{broker.host}:{broker.port}" == address


def test_the_brokers_health_check_knows_a_running_from_a_dead_broker(
    kafka: ComposeKafka, services: dict[str, Any]
) -> None:
    places = kafka.places | {"/opt/kafka/bin/kafka-topics.sh": str(kafka.folder / "kafka-topics")}
    assert health_check(services["kafka"], places) == 0
    # The tool itself would wait a minute for an answer; Compose gives it less.
    impatient = f"timeout 3 {places['/opt/kafka/bin/kafka-topics.sh']}"
    dead = places | {"kafka:9092": f"127.0.0.1:{free_port()}", "/opt/kafka/bin/kafka-topics.sh": impatient}
    assert health_check(services["kafka"], dead) != 0


def test_the_broker_makes_no_topic_by_first_use(admin: AdminClient) -> None:
    assert admin.list_topics("mistyped-events", timeout=10).topics["mistyped-events"].error is not None
    assert "mistyped-events" not in admin.list_topics(timeout=10).topics


def test_what_the_registry_was_told_is_in_the_broker(
    kafka: ComposeKafka, services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    service = services["schema-registry"]
    environment = {name: moved(value, kafka.places) for name, value in service["environment"].items()}
    path = services["contracts"]["environment"]["SCHEMA_REGISTRY_URL"].removeprefix("http://schema-registry:8081")
    assert environment.pop("QUARKUS_HTTP_PORT") == "8081"
    schema = json.dumps({"schema": '{"type": "string"}', "schemaType": "AVRO"}).encode()
    answers = []
    for name in ("first", "second"):
        with RealRegistry(tmp_path_factory.mktemp(name), environment=environment) as registry:
            assert registry.url.endswith(path)
            assert health_check(service, {"127.0.0.1/9000": f"127.0.0.1/{registry.health_port}"}) == 0
            url = f"{registry.url}/subjects/kept-value" + ("/versions" if name == "first" else "")
            request = urllib.request.Request(url, schema, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                answers.append(json.load(answer)["id"])
            registry.kill()
    assert answers[0] == answers[1]
    assert health_check(service, {"127.0.0.1/9000": f"127.0.0.1/{registry.health_port}"}) != 0


def create_topics(kafka: ComposeKafka, services: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the job that makes the topics."""
    service = services["kafka-setup"]
    (scripts,) = (volume for volume in service["volumes"] if volume["target"] == "/scripts")
    places = kafka.places | {"/scripts": scripts["source"]}
    environment = {name: moved(value, places) for name, value in service["environment"].items()}
    return subprocess.run(
        [moved(part, places) for part in service["command"]],
        env={"PATH": f"{kafka.folder}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def made(kafka: ComposeKafka, services: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The job's first run."""
    return create_topics(kafka, services)


def topics_as_they_are(admin: AdminClient) -> dict[str, tuple[int, int, dict[str, str]]]:
    """Return partitions, replicas and what was set, by topic; without those that Kafka or the registry keeps."""
    found = admin.list_topics(timeout=10).topics
    names = [name for name in found if not name.startswith(("_", "kafkasql-", "registry-"))]
    settings = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
    return {
        resource.name: (
            len(found[resource.name].partitions),
            len(found[resource.name].partitions[0].replicas),
            {entry.name: entry.value for entry in future.result().values()},
        )
        for resource, future in settings.items()
    }


def test_the_topics_are_as_topics_toml_says_however_often_the_job_runs(
    kafka: ComposeKafka,
    services: dict[str, Any],
    admin: AdminClient,
    made: subprocess.CompletedProcess[str],
) -> None:
    for done in (made, create_topics(kafka, services)):
        assert done.returncode == 0, done.stderr
    found = topics_as_they_are(admin)
    wanted = {topic.name: topic for topic in load().catalog.every_topic}
    assert found.keys() == wanted.keys()
    for name, topic in wanted.items():
        partitions, replicas, settings = found[name]
        assert (partitions, replicas) == (topic.partitions, topic.replication), name
        assert topic.config.items() <= settings.items(), name


def test_the_contracts_job_registers_every_contract_and_is_content_the_second_time(
    kafka: ComposeKafka, services: dict[str, Any], made: subprocess.CompletedProcess[str]
) -> None:
    assert made.returncode == 0, made.stderr
    service = services["contracts"]
    with RealRegistry() as registry:
        places = {"http://schema-registry:8081/apis/ccompat/v7": registry.url, **kafka.places}
        environment = {name: moved(value, places) for name, value in service["environment"].items()}
        environment = {**os.environ, **environment}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        plan = ["pyevents", "registry", "plan", "--exit-code"]
        job = [part.replace("$$", "$") for part in service["command"]]  # as Compose gives it to the shell
        for command, status in ((plan, 3), (job, 0), (plan, 0), (job, 0)):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert done.returncode == status, f"{command}: {done.stdout}{done.stderr}"
        assert done.stdout.splitlines()[-1] == "the cluster is as the contracts say"


def test_a_topic_that_differs_fails_the_job_by_name(
    kafka: ComposeKafka, services: dict[str, Any], made: subprocess.CompletedProcess[str]
) -> None:
    assert made.returncode == 0, made.stderr
    name = load().catalog.topics[0].name
    entity = ("--entity-type", "topics", "--entity-name", name)
    change = ("--alter", "--add-config", "retention.ms=1234567")
    changed = kafka.tool("kafka.admin.ConfigCommand", "--bootstrap-server", kafka.bootstrap_servers, *entity, *change)
    assert changed.returncode == 0, changed.stderr
    done = create_topics(kafka, services)
    assert done.returncode == 1
    assert f"{name} differs from topics.toml: retention.ms is 1234567" in done.stderr


def test_the_web_console_comes_with_its_profile_only_and_reaches_broker_and_registry() -> None:
    assert "ui" not in resolved(*KRAFT)["services"]
    console = resolved(*KRAFT, environment={"COMPOSE_PROFILES": "ui"})["services"]["ui"]
    assert re.search(r":\d+\.\d+\.\d+$", console["image"])
    assert console["ports"][0]["host_ip"] == "127.0.0.1"
    assert {"kafka", "schema-registry"} == console["depends_on"].keys()
    told = console["environment"]["AKHQ_CONFIGURATION"]
    assert 'bootstrap.servers: "kafka:9092"' in told
    assert 'url: "http://schema-registry:8081/apis/ccompat/v7"' in told
    assert "healthcheck" in console

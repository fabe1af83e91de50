"""Topics and rights on a real broker: planned, made, watched; and what a service without rights is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.catalog import load
from pyevents.cli import main
from pyevents.errors import ConfigurationInvalid
from pyevents.events import PatientCreated, TherapistUnblocked
from pyevents.kafka import KafkaTransport
from pyevents.memory import MemoryRegistry
from pyevents.transport import Grant
from tests.real.secure import Certificates, SecureKafka
from tests.suite.place import Running, wait_until

pytestmark = pytest.mark.xdist_group("secure broker")

USERS = ("patient-service", "therapist-service", "matching-service", "operator")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with SecureKafka(Certificates(tmp_path_factory.mktemp("certificates"))) as broker:
        broker.add_users(USERS)
        yield broker


def topics(kafka: SecureKafka, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["topics", *arguments, "--bootstrap-servers", kafka.bootstrap_servers], catch_exceptions=False
    )


def pending(kafka: SecureKafka, *arguments: str) -> list[tuple[str, str]]:
    done = topics(kafka, "plan", "--format", "json", *arguments)
    assert done.exit_code in (0, 1), done.output
    return [(change["kind"], change["name"]) for change in json.loads(done.stdout)]


def test_plan_then_apply_then_nothing_is_pending(kafka: SecureKafka) -> None:
    wanted = {topic.name for topic in load().catalog.every_topic}
    assert {name for kind, name in pending(kafka) if kind == "create"} == wanted
    assert topics(kafka, "plan", "--exit-code").exit_code == 3
    done = topics(kafka, "apply", "--yes", "--acl")
    assert (done.exit_code, done.output.splitlines()[-1].split()[1:]) == (0, ["changes", "made"]), done.output
    assert pending(kafka, "--acl") == []
    assert topics(kafka, "plan", "--acl", "--exit-code").output == "the cluster is as the contracts say\n"
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0


def test_drift_is_found_and_mended(kafka: SecureKafka) -> None:
    cluster = KafkaTransport(kafka.bootstrap_servers).cluster()
    topics(kafka, "apply", "--yes")
    cluster.configure("matching-events", {"retention.ms": "1000"})
    cluster.create(load().topics["patient-events"].__class__("left-over", 1, 1))
    drift = topics(kafka, "drift")
    assert drift.exit_code == 1
    assert "matching-events: retention.ms 1000 → 604800000" in drift.output
    assert "stranger   left-over" in drift.output
    assert topics(kafka, "apply", "--yes", "--delete", "left-over").exit_code == 0
    wait_until(lambda: topics(kafka, "drift").exit_code == 0, "the cluster is as the contracts say")


def test_what_kafka_cannot_change_is_refused_with_a_remedy(kafka: SecureKafka) -> None:
    topics(kafka, "apply", "--yes")
    done = topics(kafka, "plan", "--environment", "production")
    assert done.exit_code == 1
    assert "refused    patient-events: it has 1 replicas and should have 3" in done.output
    assert topics(kafka, "plan", "--environment", "staging").exit_code == 2


def test_without_yes_it_asks_and_a_no_changes_nothing(kafka: SecureKafka) -> None:
    topics(kafka, "apply", "--yes")
    KafkaTransport(kafka.bootstrap_servers).cluster().configure("email-commands", {"retention.ms": "5"})
    asked = CliRunner().invoke(main, ["topics", "apply", "--bootstrap-servers", kafka.bootstrap_servers], input="n\n")
    assert asked.exit_code == 3
    assert pending(kafka) == [("settings", "email-commands")]
    topics(kafka, "apply", "--yes")


def producer(kafka: SecureKafka, service: str, registry: Any, **options: Any) -> RobustKafkaProducer:
    options = {"properties": kafka.by_password(service)} | options
    return RobustKafkaProducer(kafka.sasl_servers, service, registry=registry, auto_register=True, **options)


def test_each_service_may_do_what_its_contracts_say_and_nothing_else(kafka: SecureKafka) -> None:
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0
    registry, seen = MemoryRegistry(), list[int]()
    consumer = KafkaConsumer(
        None,
        "matching-service",
        kafka.sasl_servers,
        properties=kafka.by_password("matching-service"),
        registry=registry,
    )
    consumer.on(PatientCreated)(lambda patient: seen.append(patient.patient_id))
    running = Running(consumer.run)
    with producer(kafka, "patient-service", registry) as allowed:
        allowed.publish(PatientCreated(patient_id=7, vorname="Anna", nachname="Muster"))
        assert allowed.flush(30) == 0
        wait_until(lambda: seen == [7], "the consumer with rights handles it")
        allowed.publish(TherapistUnblocked(therapist_id=1))
        wait_until(lambda: "therapist-events" in allowed.status().waiting, "the topic without rights waits")
        assert "ACL does not let this service write" in allowed.status().waiting["therapist-events"]
        allowed.publish(PatientCreated(patient_id=8, vorname="Anna", nachname="Muster"))
        wait_until(lambda: 8 in seen, "the other topic goes on")
        allowed.close(0)
    consumer.close()
    running.join()


def test_service_cannot_read_what_no_contract_gives_it_and_is_told_so(
    kafka: SecureKafka, caplog: pytest.LogCaptureFixture
) -> None:
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0
    options: dict[str, Any] = {"properties": kafka.by_password("patient-service"), "registry": MemoryRegistry()}
    careful = KafkaConsumer(["therapist-events"], "patient-service", kafka.sasl_servers, **options)
    careful.on(TherapistUnblocked)(lambda event: None)
    with pytest.raises(ConfigurationInvalid, match="Name the consumer in the contracts of that topic"):
        careful.run()
    careless = KafkaConsumer(["therapist-events"], "patient-service", kafka.sasl_servers, on_error="stop", **options)
    careless.on(TherapistUnblocked)(lambda event: pytest.fail("it was given an event"))
    running = Running(careless.run)
    wait_until(lambda: "Topic authorization failed" in caplog.text, "the log says what the broker says")
    careless.close()
    assert running.join() == 0


def test_consumer_that_may_not_write_its_dead_letters_says_so_at_the_start(kafka: SecureKafka) -> None:
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0
    letters = "patient-events.matching-service.dlq"
    right = Grant("User:matching-service", "TOPIC", letters, "LITERAL", "WRITE")
    cluster = KafkaTransport(kafka.bootstrap_servers).cluster()
    cluster.revoke([right])
    wait_until(lambda: right not in cluster.grants(), "the right is taken")
    options: dict[str, Any] = {"properties": kafka.by_password("matching-service"), "registry": MemoryRegistry()}
    consumer = KafkaConsumer(None, "matching-service.rights", kafka.sasl_servers, **options)
    consumer.on(PatientCreated)(lambda patient: None)
    with pytest.raises(ConfigurationInvalid, match=f"{letters}: this client may not write to it"):
        consumer.run()
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0


def test_mutual_tls_lets_a_service_in_by_its_certificate(kafka: SecureKafka) -> None:
    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0
    options = {"properties": kafka.by_certificate("patient-service"), "registry": MemoryRegistry()}
    with RobustKafkaProducer(kafka.tls_servers, "patient-service", auto_register=True, **options) as made:
        made.publish(PatientCreated(patient_id=9, vorname="Anna", nachname="Muster"))
        assert made.flush(30) == 0, made.status()


def test_commands_take_their_user_from_the_environment(kafka: SecureKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(user: str, password: str) -> Result:
        for name, value in kafka.by_password(user, password).items():
            monkeypatch.setenv("KAFKA_" + name.upper().replace(".", "_"), value)
        return CliRunner().invoke(
            main, ["topics", "plan", "--bootstrap-servers", kafka.sasl_servers, "--format", "json"]
        )

    assert topics(kafka, "apply", "--yes", "--acl").exit_code == 0
    refused = plan("operator", "not-the-password")
    assert (refused.exit_code, "not-the-password" in refused.output) == (2, False)
    unentitled = plan("patient-service", "secret")
    assert unentitled.exit_code == 2
    assert "Topic authorization failed. May this user administer it?" in unentitled.output
    assert (plan("operator", "secret").exit_code, plan("operator", "secret").output) == (0, "[]\n")

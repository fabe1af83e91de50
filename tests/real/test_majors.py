"""The runbook for a new major, step by step on real parts: `patient.created` 2.0 splits the street from its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.events import PatientCreated
from pyevents.kafka import KafkaTransport
from pyevents_codegen.history import findings
from pyevents_codegen.load import load_folder
from tests.suite.majors import NextPlatform
from tests.suite.place import Running, wait_until


def test_consumers_move_first_then_producers_and_nothing_is_lost(
    real_kafka: RealKafka, real_registry: RealRegistry, tmp_path: Path
) -> None:
    KafkaTransport(real_kafka.bootstrap_servers).create_topics(load().catalog.every_topic)
    mark = uuid4().hex
    seen: dict[str, list[Any]] = {"old": [], "new": []}

    def producer(service: str, **options: Any) -> RobustKafkaProducer:
        options = {"schema_registry_url": real_registry.url, "auto_register": True} | options
        return RobustKafkaProducer(real_kafka.bootstrap_servers, service, **options)

    def consumer(suffix: str, handled: type[Any], into: list[Any], **options: Any) -> tuple[KafkaConsumer, Running]:
        options = {"schema_registry_url": real_registry.url, "dead_letter_limit": None} | options
        made = KafkaConsumer(None, f"matching-service.{suffix}{mark}", real_kafka.bootstrap_servers, **options)
        made.on(handled)(lambda patient: into.append(patient) if patient.nachname == mark else None)
        return made, Running(made.run)

    def patient(number: int, street: str) -> PatientCreated:
        return PatientCreated(patient_id=number, vorname="Anna", nachname=mark, strasse=street)

    before = consumer("old", PatientCreated, seen["old"])
    with producer("patient-service") as old:
        old.publish(patient(1, "Lange Gasse 12a"))
        wait_until(lambda: len(seen["old"]) == 1, "the platform works on major 1")

        # 1. The contract gets its second major, with an upcaster; the check is content.
        platform = NextPlatform(tmp_path)
        assert not [one for one in findings(load_folder(platform.schemas)) if one.severity == "error"]
        events = platform.package

        # 2. Consumers move: the same group goes on with a handler for major 2.
        before[0].close()
        before[1].join()
        after = consumer("old", events.PatientCreatedV2, seen["new"], catalog=events)
        old.publish(patient(2, "Weg 3"))
        wait_until(lambda: len(seen["new"]) == 1, "an event of major 1 arrives as one of major 2")

        # 3. Producers move, one after the other: both majors are on the topic at the same time.
        with producer("patient-service.next", catalog=events) as new:
            fields = {"vorname": "Anna", "nachname": mark}
            new.publish(events.PatientCreatedV2(patient_id=3, strasse="Am Tor", hausnummer="7", **fields))
            old.publish(patient(4, "Ring 9"))
            payload = {"patient_id": 5, "strasse": "Ring 10", **fields}
            new.send_event("patient-events", "patient.created", payload)  # `current` is 1 until step 3 is done
            wait_until(lambda: len(seen["new"]) == 4, "events of both majors arrive as major 2")
    after[0].close()
    after[1].join()
    assert {type(one) for one in seen["new"]} == {events.PatientCreatedV2}
    assert {(one.patient_id, one.strasse, one.hausnummer) for one in seen["new"]} == {
        (2, "Weg", "3"),
        (3, "Am Tor", "7"),
        (4, "Ring", "9"),
        (5, "Ring", "10"),
    }

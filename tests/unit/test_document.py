"""The usage examples of the platform's document run as they stand there, the import path aside."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyevents import EventSchema
from pyevents.testing import EventBroker
from tests.suite.document import PLATFORM, usage_examples
from tests.suite.place import wait_until


def test_usage_examples_carry_an_event_from_producer_to_handler(pyevents_memory: EventBroker) -> None:
    created, updated = list[Any](), list[Any]()

    class Patient:
        def __init__(self, **data: Any) -> None:
            self.__dict__.update(data)

    class Database:
        add = commit = staticmethod(lambda *_: None)

    def consumer(topics: list[str], group_id: str) -> Any:
        return pyevents_memory.consumer(group_id, topics)

    names: dict[str, Any] = {
        "RobustKafkaProducer": lambda service_name: pyevents_memory.producer(service_name),
        "KafkaConsumer": consumer,
        "EventSchema": EventSchema,
        "Patient": Patient,
        "db": Database,
        "process_new_patient": created.append,
        "update_matching_data": updated.append,
    }
    blocks = usage_examples()
    if not blocks:
        pytest.skip("the platform's document is not beside the repository")
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, str(PLATFORM), "exec"), names)
    names["create_patient"]({"id": 7, "vorname": "Anna", "nachname": "Muster"})
    names["producer"].send_event(
        topic="patient-events", event_type="patient.updated", payload={"patient_id": 7, "ort": "Köln"}
    )
    wait_until(lambda: created and updated, "both events arrive")
    assert (created, updated) == ([7], [{"patient_id": 7, "ort": "Köln"}])
    assert isinstance(names["thread"], threading.Thread)

"""What an outage leaves in the log: that it began, and that it ended."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientUpdated
from tests.suite.place import wait_until


def test_outage_is_told_once_however_many_events_are_published(embedded: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pyevents")
    url = embedded.registry_url
    with RobustKafkaProducer(
        embedded.bootstrap_servers, "patient-service", schema_registry_url=url, auto_register=True
    ) as one:
        one.publish(PatientUpdated(patient_id=1, ort="Halle"))
        assert one.flush(20) == 0
        embedded.stop_broker()
        try:
            wait_until(lambda: not one.status().connected, "the outage is noticed")
            for number in range(5000):
                one.publish(PatientUpdated(patient_id=number + 1, ort="Halle"))
            assert one.flush(1) > 0
        finally:
            embedded.start_broker()
        assert one.flush(30) == 0
    ours = [record.getMessage() for record in caplog.records if record.name == "pyevents.producer"]
    assert sum("no broker takes anything" in text for text in ours) == 1, ours
    (began,) = [record for record in caplog.records if "no broker takes" in record.msg]
    assert "_ALL_BROKERS_DOWN" in began.reason, "for formatters that write JSON"
    assert len(caplog.records) < 20, [record.getMessage() for record in caplog.records]

"""The producer of the platform's document: says that a patient was created.

    python examples/producer.py Anna Muster

Start `pyevents dev` first, and set what it prints. Without a broker it works too: the event waits on disk.
"""

from __future__ import annotations

import sys
import time

from pyevents import RobustKafkaProducer

producer = RobustKafkaProducer(service_name="patient-service")


def create_patient(vorname: str, nachname: str) -> int:
    patient_id = time.time_ns() // 1000  # a real service takes the number from its database
    producer.send_event(
        topic="patient-events",
        event_type="patient.created",
        payload={"patient_id": patient_id, "vorname": vorname, "nachname": nachname},
    )
    return patient_id


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/producer.py VORNAME NACHNAME")
    print("created", create_patient(*sys.argv[1:]))
    producer.close()

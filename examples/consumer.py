"""The consumer of the platform's document, with typed handlers: prints what happens to patients until Ctrl-C.

python examples/consumer.py
"""

from __future__ import annotations

from pyevents import EventSchema, KafkaConsumer
from pyevents.events import PatientCreated, PatientUpdated

consumer = KafkaConsumer(group_id="matching-service")


@consumer.on(PatientCreated)
def process_new_patient(patient: PatientCreated, event: EventSchema) -> None:
    print(f"patient {patient.patient_id} is new, says {event.producer}")


@consumer.on(PatientUpdated)
def update_matching_data(patient: PatientUpdated) -> None:
    print(f"patient {patient.patient_id} has changed")


if __name__ == "__main__":
    consumer.run()

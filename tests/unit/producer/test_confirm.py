"""Hearing the broker's word on one event."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest

from pyevents import RobustKafkaProducer
from pyevents.errors import Closed
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.producer import Receipt, Unconfirmed
from tests.suite.place import wait_until


@pytest.fixture
def broker() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def producer(broker: MemoryTransport) -> Iterator[RobustKafkaProducer]:
    with RobustKafkaProducer(
        service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True
    ) as producer:
        yield producer


def test_the_broker_s_word_is_awaited_with_partition_and_offset(
    producer: RobustKafkaProducer, broker: MemoryTransport
) -> None:
    async def publish() -> list[Receipt]:
        return await asyncio.gather(*(producer.publish_and_confirm(PatientDeleted(patient_id=1)) for _ in range(20)))

    receipts = asyncio.run(publish())
    assert sorted(receipt.offset for receipt in receipts) == list(range(20))
    assert {receipt.event_id.encode() in message.value for receipt in receipts for message in
            broker.messages("patient-events") if message.offset == receipt.offset and message.value} == {True}  # fmt: skip
    assert {receipt.problem for receipt in receipts} == {None}


def test_the_event_loop_goes_on_while_the_broker_is_away_and_a_time_out_takes_nothing_back(
    producer: RobustKafkaProducer, broker: MemoryTransport
) -> None:
    broker.stop()

    async def publish() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.publish_and_confirm(PatientDeleted(patient_id=1)), 0.05)

    asyncio.run(publish())
    assert producer.status().pending == 1
    broker.start()
    assert producer.flush(10) == 0
    assert len(broker.messages("patient-events")) == 1


def test_closing_ends_the_wait_of_those_whose_event_is_left(
    producer: RobustKafkaProducer, broker: MemoryTransport
) -> None:
    broker.stop()

    async def publish() -> None:
        waiting = asyncio.create_task(producer.publish_and_confirm(PatientDeleted(patient_id=1)))
        await asyncio.sleep(0)
        await asyncio.to_thread(producer.close, 0)
        with pytest.raises(Unconfirmed, match=r"which ends with this process, sent or not\. Keep the spool on disk"):
            await waiting

    asyncio.run(publish())


def test_whoever_waited_for_an_event_that_the_disk_keeps_is_told_not_to_publish_it_again() -> None:
    assert str(Unconfirmed("4711", "/var/spool/s")) == (
        "closed before the broker's word on 4711, which waits in /var/spool/s. "
        "The next process sends it: do not publish it again."
    )


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_callback_that_fails_harms_nobody_else(
    producer: RobustKafkaProducer, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    told: list[Receipt] = []

    def fail(receipt: Receipt) -> None:
        raise error("of the service")

    with caplog.at_level(logging.ERROR):
        producer.publish(PatientDeleted(patient_id=1), on_delivery=fail)
        event_id = producer.publish(PatientDeleted(patient_id=2), on_delivery=told.append)
        wait_until(lambda: told, "the second is told")
    assert (told[0].event_id, told[0].topic) == (event_id, "patient-events")
    assert "on_delivery" in caplog.text


def test_the_producer_may_be_closed_by_a_callback(producer: RobustKafkaProducer) -> None:
    left: list[int] = []
    producer.publish(PatientDeleted(patient_id=1), on_delivery=lambda receipt: left.append(producer.close()))
    wait_until(lambda: left, "the callback has returned")
    assert left == [0]
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "pyevents-close"], "it is closed")
    assert producer.close() == 0
    with pytest.raises(Closed):
        producer.publish(PatientDeleted(patient_id=2))

"""What a broker can answer to a producer, provoked on a real one: nothing is lost, nothing swapped, others go on."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from pyevents.catalog import load
from pyevents.cli import main
from pyevents.dev.registry.http import RegistryServer
from pyevents.dev.registry.registry import Registry
from pyevents.errors import EventRejected
from pyevents.events import PatientUpdated
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry, Schema
from pyevents.spool import rejected
from pyevents.spool.listing import streams
from tests.real.load import PATIENTS, THERAPISTS, Load
from tests.real.proxy import CORRUPT, LOOK_OFTEN, NOT_ENOUGH_REPLICAS, Proxy
from tests.suite.place import wait_until
from tests.torture.verdict import read_topics

OUT_OF_ORDER, INVALID_EPOCH, UNKNOWN_PRODUCER = 45, 47, 59
POLICY_VIOLATION, INVALID_RECORD = 44, 87

StartLoad = Callable[..., Load]


@pytest.fixture
def load_on(servers: str) -> StartLoad:
    return lambda **options: Load(servers, f"service-{uuid4().hex[:8]}", **options)


def make_topic(servers: str) -> None:
    KafkaTransport(servers).create_topics([load().topics[PATIENTS]])


def register(url: str) -> None:
    major, version = load().contract("patient.updated").find(None)
    HttpRegistry(url).register(major.subject, Schema(version.format, version.schema))


def set_topic(servers: str, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    operator = AdminClient({"bootstrap.servers": servers})
    for done in operator.incremental_alter_configs([resource]).values():
        done.result(20)


def put_aside(spool: Path) -> list[rejected.Rejected]:
    paths = [path for cluster in spool.glob("*/*") if cluster.is_dir() for path in rejected.files(cluster)]
    return [one for path in paths for one in rejected.read(path)]


@pytest.mark.parametrize(
    "codes",
    [[OUT_OF_ORDER], [INVALID_EPOCH], [UNKNOWN_PRODUCER], [CORRUPT] * 3],
    ids=["sequence", "epoch", "producer", "corrupt"],
)
def test_answer_that_upsets_the_client_loses_and_swaps_nothing(
    proxy: Proxy, servers: str, load_on: StartLoad, codes: list[int]
) -> None:
    with load_on() as load:
        load.wait_sent()
        before = proxy.falsified
        proxy.falsify(PATIENTS, *codes)
        wait_until(lambda: proxy.falsified == before + len(codes), "the answers were falsified")
        load.wait_sent()
        verdict = load.verdict(servers)
    assert verdict.good, verdict
    assert verdict.delivered == verdict.accepted


@pytest.mark.parametrize("code", [POLICY_VIOLATION, INVALID_RECORD], ids=["policy", "record"])
def test_event_that_the_broker_never_takes_is_put_aside_and_the_others_go_on(
    proxy: Proxy, servers: str, load_on: StartLoad, spool_folder: Path, code: int
) -> None:
    mark = f"Wermsdorf {code}"
    with load_on() as load:
        load.wait_sent()
        proxy.refuse(mark.encode(), code)
        load.publish(PATIENTS, 99, 1, mark)
        wait_until(lambda: put_aside(spool_folder), "the event is put aside", 60)
        load.wait_sent()
        (one,) = put_aside(spool_folder)
        verdict = load.verdict(servers, without=[id_of(one)])
        assert (load.producer.status().rejected, load.producer.status().waiting) == (1, {})
    assert mark.encode() in one.entry.body
    assert mark not in one.reason
    assert verdict.good, verdict


def test_caller_who_waits_for_the_broker_s_word_hears_that_it_never_takes_the_event(
    proxy: Proxy, load_on: StartLoad
) -> None:
    mark = "Grimma"
    with load_on() as load:
        publish = load.producer.publish_and_confirm
        proxy.refuse(mark.encode(), POLICY_VIOLATION)
        with pytest.raises(EventRejected, match="POLICY_VIOLATION") as refusal:
            asyncio.run(asyncio.wait_for(publish(PatientUpdated(patient_id=94, ort=mark)), 60))
        assert mark not in str(refusal.value)
        assert asyncio.run(asyncio.wait_for(publish(PatientUpdated(patient_id=94, ort="Halle")), 60)).offset >= 0


def test_event_that_the_broker_calls_corrupt_for_ever_is_put_aside_and_can_be_replayed(
    proxy: Proxy, servers: str, load_on: StartLoad, spool_folder: Path
) -> None:
    mark = "Oschatz"
    with load_on(pause=0.02, properties=LOOK_OFTEN) as load:
        load.wait_sent()
        proxy.refuse(mark.encode(), CORRUPT)
        load.publish(PATIENTS, 97, 1, mark)
        wait_until(lambda: put_aside(spool_folder), "the event is put aside", 90)
        load.wait_sent()
        (one,) = put_aside(spool_folder)
        verdict = load.verdict(servers, without=[id_of(one)])
        status = load.producer.status()
    assert verdict.good, verdict
    assert verdict.delivered == verdict.accepted
    assert (status.rejected, status.waiting) == (1, {})
    assert "corrupt" in one.reason and mark not in one.reason
    proxy.relent()
    with RegistryServer(Registry()) as registry:
        register(registry.url)
        to = ["--bootstrap-servers", servers, "--registry", registry.url]
        result = CliRunner().invoke(main, ["spool", "rejected", "replay", "--all", *to])
    assert result.exit_code == 0, result.output
    assert put_aside(spool_folder) == []
    assert id_of(one) in {seen.event_id for seen in read_topics(servers, [PATIENTS])}


def test_topic_without_enough_replicas_says_so_and_loses_nothing(
    proxy: Proxy, servers: str, load_on: StartLoad, spool_folder: Path
) -> None:
    mark = "Torgau"
    with load_on(pause=0.02, properties=LOOK_OFTEN) as load:
        load.wait_sent()
        proxy.refuse(mark.encode(), NOT_ENOUGH_REPLICAS)
        load.publish(PATIENTS, 96, 1, mark)
        load.wait_waiting(PATIENTS, "NOT_ENOUGH_REPLICAS")
        proxy.relent()
        verdict = load.verdict(servers)
        status = load.producer.status()
    assert verdict.good, verdict
    assert (status.rejected, status.waiting) == (0, {})
    assert put_aside(spool_folder) == []


def test_event_larger_than_the_topic_takes_is_put_aside_and_the_others_go_on(
    servers: str, load_on: StartLoad, spool_folder: Path
) -> None:
    with load_on() as load:
        load.wait_sent()
        set_topic(servers, PATIENTS, "max.message.bytes", "700")
        load.publish(PATIENTS, 98, 1, "Ö" * 100, "Ä" * 255)
        wait_until(lambda: put_aside(spool_folder), "the event is put aside", 60)
        load.wait_sent()
        set_topic(servers, PATIENTS, "max.message.bytes", "1048588")
        (one,) = put_aside(spool_folder)
        verdict = load.verdict(servers, without=[id_of(one)])
        assert load.producer.status().waiting == {}
    assert "max.message.bytes" in one.reason
    assert verdict.good, verdict


def test_topic_deleted_under_load_waits_while_others_go_on_and_recovers_when_it_is_back(
    servers: str, load_on: StartLoad
) -> None:
    # So long does librdkafka believe that a topic which it does not find may just have been made; 30 s by default.
    with load_on(properties={"topic.metadata.propagation.max.ms": 2000}) as load:
        load.wait_sent()
        operator = AdminClient({"bootstrap.servers": servers})
        operator.delete_topics([PATIENTS])[PATIENTS].result(20)
        load.wait_waiting(PATIENTS, "does not exist")
        gone = [seen.event_id for seen in load.accepted]  # what was there was deleted with it
        load.wait_sent()
        assert THERAPISTS not in load.producer.status().waiting
        make_topic(servers)
        verdict = load.verdict(servers, without=gone)
    assert verdict.good, verdict
    assert verdict.accepted > 0


def test_close_keeps_its_budget_and_says_what_is_left_while_the_broker_is_frozen(
    proxy: Proxy, load_on: StartLoad, spool_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with load_on() as load:
        load.wait_sent()
        load.stop()
        assert load.producer.flush(30) == 0
        proxy.kafka.suspend()
        try:
            for number in range(1, 101):
                load.publish(PATIENTS, 95, number)
            began = time.monotonic()
            assert load.producer.close(0.5) == 100
            assert time.monotonic() - began < 10, "half a second, and one for what the client has in flight"
        finally:
            proxy.kafka.resume()
    assert sum(one.events for one in streams(spool_folder)) == 100
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def id_of(one: rejected.Rejected) -> str:
    return str(json.loads(one.entry.body)["eventId"])

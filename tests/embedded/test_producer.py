"""What a producer leaves behind, and who sends it."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientCreated
from pyevents.spool.state import State, StateFile
from pyevents.spool.state import read as read_state
from tests.suite.place import wait_until

Make = Callable[..., RobustKafkaProducer]


@pytest.fixture
def make(embedded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make producers of a service that no other test has."""
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path))
    made: list[RobustKafkaProducer] = []
    name = f"patient-service-{uuid4().hex[:8]}"

    def new(service: str = name, **options: Any) -> RobustKafkaProducer:
        servers, url = embedded.bootstrap_servers, embedded.registry_url
        made.append(RobustKafkaProducer(servers, service, schema_registry_url=url, auto_register=True, **options))
        return made[-1]

    yield new
    for producer in made:
        producer.close(0)


@pytest.fixture
def arrived(embedded: Any) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Read everything of a mark from `patient-events`, in order."""
    consumers = []

    def read(mark: str) -> list[dict[str, Any]]:
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": embedded.bootstrap_servers,
                "group.id": uuid4().hex,
                "enable.partition.eof": True,
            }
        )
        consumers.append(consumer)
        parts = consumer.list_topics("patient-events", 10).topics["patient-events"].partitions
        consumer.assign([confluent_kafka.TopicPartition("patient-events", part, 0) for part in parts])
        found, ended = [], 0
        while ended < len(parts):
            message = consumer.poll(10)
            assert message is not None
            if message.error():
                ended += 1
            elif mark.encode() in message.value():
                found.append(json.loads(message.value()[5:]))
        return found

    yield read
    for consumer in consumers:
        consumer.close()


def event(mark: str, number: int) -> PatientCreated:
    return PatientCreated(patient_id=1, vorname=str(number), nachname=mark)


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [int(one["payload"]["vorname"]) for one in found]


def in_child(work: Callable[[], None]) -> int:
    """Run a function in a forked process; return its exit status, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            sys.exit(0)  # as a real child: atexit hooks run, and the interpreter is torn down
        except SystemExit:
            os._exit(_ended())
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _ended() -> int:
    import atexit

    atexit._run_exitfuncs()
    return 0


def test_events_of_a_killed_process_are_sent_by_the_next_before_its_own(
    make: Make, broker_away: Callable[[], None], arrived: Any, spool_folder: Path
) -> None:
    mark = uuid4().hex
    ids: list[str] = []
    told, said = os.pipe()

    def predecessor() -> None:
        producer = make()
        for number in range(20):
            os.write(said, producer.publish(event(mark, number)).encode())
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(predecessor) == -signal.SIGKILL
    ids = [os.read(told, 36).decode() for _ in range(20)]
    successor = make()
    ids += [successor.publish(event(mark, number)) for number in range(20, 40)]
    assert successor.status().pending == 40
    broker_away()
    assert successor.flush(30) == 0
    found = arrived(mark)
    assert numbers(found) == list(range(40))
    assert [one["eventId"] for one in found] == ids
    successor.close()
    assert not list(spool_folder.glob("*/*/*"))


def test_a_living_process_adopts_what_another_one_leaves(
    make: Make, arrived: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyevents.producer.keeper._ADOPTION", 0.1)
    mark = uuid4().hex
    living = make()

    def other() -> None:
        producer = make(properties={"linger.ms": 60_000})
        producer.publish(event(mark, 1))
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(other) == -signal.SIGKILL
    wait_until(lambda: living.status().sent == 1, "the event of the other process is sent")
    assert numbers(arrived(mark)) == [1]


def test_streams_of_the_default_service_name_are_reported_and_left(
    make: Make, broker_away: Callable[[], None], caplog: pytest.LogCaptureFixture, spool_folder: Path
) -> None:
    first = make("unknown-service")
    first.publish(event("mark", 1))
    first.close(0)
    with caplog.at_level(logging.WARNING, "pyevents.producer"):
        second = make("unknown-service")
    assert "pyevents spool drain" in caplog.text
    assert second.status().pending == 0
    assert len(list(spool_folder.glob("*/*/*"))) == 1


def test_events_for_another_cluster_are_left_and_own_ones_go(
    make: Make, embedded: Any, arrived: Any, caplog: pytest.LogCaptureFixture, spool_folder: Path
) -> None:
    mark = uuid4().hex
    embedded.stop_broker()
    first = make()
    first.publish(event(mark, 1))
    first.close(0)
    (stream,) = spool_folder.glob("*/*/*")
    StateFile(stream).write(State(0, "another-cluster"))
    embedded.start_broker()
    second = make()
    second.publish(event(mark, 2))
    wait_until(lambda: second.status().sent == 1, "the own event is sent")
    assert numbers(arrived(mark)) == [2]
    assert "another-cluster" in caplog.text
    assert stream.exists() and read_state(stream).cluster_id == "another-cluster"


def test_the_clusters_own_id_is_written_beside_the_events(make: Make, spool_folder: Path) -> None:
    producer = make()
    producer.publish(event("mark", 1))
    wait_until(
        lambda: [read_state(path).cluster_id for path in spool_folder.glob("*/*/*")] != [None], "the id is written"
    )
    (stream,) = spool_folder.glob("*/*/*")
    assert str(read_state(stream).cluster_id).startswith("mockCluster")
    producer.close()


def test_a_producer_made_before_a_fork_works_in_children_and_parent(make: Make, arrived: Any) -> None:
    mark = uuid4().hex
    producer = make()
    producer.publish(event(mark, 0))
    stop = threading.Event()
    others = threading.Thread(target=lambda: _publish_until(producer, stop))
    others.start()
    try:
        for number in (1, 2, 3):

            def child(number: int = number) -> None:
                producer.publish(event(mark, number))
                assert producer.flush(20) == 0

            assert in_child(child) == 0
    finally:
        stop.set()
        others.join()
    producer.publish(event(mark, 4))
    assert producer.flush(20) == 0
    assert sorted(numbers(arrived(mark))) == [0, 1, 2, 3, 4]


def _publish_until(producer: RobustKafkaProducer, stop: threading.Event) -> None:
    while not stop.wait(0.0005):
        producer.publish(event("other", 1))


_FORKS = """
import multiprocessing, os, sys, threading, time
from pyevents import RobustKafkaProducer
from pyevents.events import PatientCreated

servers, url, mark = sys.argv[1:]
closed = RobustKafkaProducer(servers, "closed", schema_registry_url=url)
closed.close()
producer = RobustKafkaProducer(servers, "forks", schema_registry_url=url, auto_register=True)

def publish(number):
    producer.publish(PatientCreated(patient_id=1, vorname=str(number), nachname=mark))

def exit_of(work):
    # From the child's last statement to its end as the parent sees it; one clock for both.
    said, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        work()
        os.write(told, time.monotonic_ns().to_bytes(8, "big"))
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return time.monotonic() - int.from_bytes(os.read(said, 8), "big") / 1e9

def shortest_exit_of(work):
    # What else the machine does makes an exit longer, never shorter: the shortest is what the exit itself takes.
    return min(exit_of(work) for _ in range(5))

publish(0)
assert producer.flush(20) == 0
print("idle child", shortest_exit_of(lambda: None))
print("publishing child", shortest_exit_of(lambda: publish(1)))
fork = multiprocessing.get_context("fork")
with fork.Pool(2) as pool:
    pool.map(publish, [2, 3, 4])
    pool.close()
    pool.join()
process = fork.Process(target=publish, args=(5,))
process.start()
process.join()
assert process.exitcode == 0
publish(6)
assert producer.flush(20) == 0
deadline = time.monotonic() + 30
while any("~" in name for name in os.listdir(producer._setup.store.spool.where)):
    assert time.monotonic() < deadline, os.listdir(producer._setup.store.spool.where)
    time.sleep(0.1)
    producer._running._keeper.adopt()  # what children of multiprocessing left, which run no atexit hooks
    producer._setup.store.spool.checkpoint()
    if producer.status().pending == 0 and not producer._setup.store.spool.orphans():
        break
"""


def test_children_of_fork_and_of_multiprocessing_publish_and_end(
    embedded: Any, arrived: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path))
    mark = uuid4().hex
    done = subprocess.run(
        [sys.executable, "-c", _FORKS, embedded.bootstrap_servers, embedded.registry_url, mark],
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(set(numbers(arrived(mark)))) == list(range(7))
    seconds = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert float(seconds["idle child"]) < 1, "measured: 0.07 s; teardown of an inherited client would never end"
    assert float(seconds["publishing child"]) < 1, "measured: 0.12 s, its event and a client of its own included"

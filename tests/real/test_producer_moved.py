"""A broker that comes back at another address: found by its name, without a restart of those who publish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from pyevents.catalog import load
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import free_port
from pyevents.kafka import KafkaTransport
from tests.suite.namespace import namespaces_refused
from tests.suite.place import wait_until
from tests.torture.verdict import Seen, judge, read_topics

REFUSED = namespaces_refused()
pytestmark = pytest.mark.skipif(bool(REFUSED), reason=f"nobody may have names of hosts of his own here: {REFUSED}")

# Publishes until it is told to end, in a process that looks up hosts in a file of its own.
PUBLISHER = """
import sys
from pathlib import Path
from tests.suite.namespace import cover, enter_namespace

enter_namespace()
cover(Path("/etc/hosts"), Path(sys.argv[1]))

import threading
from pyevents import RobustKafkaProducer
from pyevents.events import PatientUpdated
from pyevents.memory import MemoryRegistry
from tests.torture.verdict import header

ended, number = threading.Event(), 0
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
with RobustKafkaProducer(sys.argv[2], sys.argv[3], registry=MemoryRegistry(), auto_register=True) as producer:
    while not ended.wait(0.01):
        number += 1
        event_id = producer.publish(PatientUpdated(patient_id=int(sys.argv[4]), ort="Halle"), headers=header(number))
        print(number, event_id, producer.status().sent, flush=True)
    sys.exit(producer.flush(60))
"""


class Moving(RealKafka):
    """A broker with a second door, whose address changes; the broker tells clients the address, not the name."""

    def __init__(self) -> None:
        super().__init__()
        self.named_port = free_port()
        self._fixed = self.properties["listeners"]
        self.move("127.0.0.1")

    def move(self, address: str) -> None:
        """Listen there from the next start on."""
        door = f"NAMED://{address}:{self.named_port}"
        self.properties |= {
            "listeners": f"{self._fixed},{door}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers},{door}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,NAMED:PLAINTEXT",
        }


def test_broker_with_another_address_is_found_by_its_name_though_a_bootstrap_host_is_gone(tmp_path: Path) -> None:
    hosts, accepted, service = tmp_path / "hosts", tmp_path / "accepted", f"service-{uuid4().hex[:8]}"
    hosts.write_text("127.0.0.1 localhost kafka.test\n")

    def told() -> list[list[str]]:
        return [line.split() for line in accepted.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def sent() -> int:
        return int(told()[-1][2]) if told() else 0

    with Moving() as kafka, accepted.open("w") as out:
        KafkaTransport(kafka.bootstrap_servers).create_topics(
            [topic for topic in load().catalog.topics if topic.name == "patient-events"]
        )
        servers = f"gone.test:{kafka.named_port},kafka.test:{kafka.named_port}"
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(hosts), servers, service, "1"], stdin=subprocess.PIPE, stdout=out
        )
        try:
            wait_until(lambda: sent() > 50, "events are sent to the first address")
            kafka.stop()
            kafka.move("127.0.0.2")
            kafka.start()
            before = sent()
            hosts.write_text("127.0.0.1 localhost\n127.0.0.2 kafka.test\n")
            wait_until(lambda: sent() > before + 200, "events are sent to the second address", 60)
            assert publisher.stdin is not None
            publisher.stdin.close()
            assert publisher.wait(90) == 0, "events are left"
        finally:
            publisher.kill()
            publisher.wait()
        wanted = [Seen("patient-events 1", int(number), event_id) for number, event_id, _ in told()]
        verdict = judge(wanted, read_topics(kafka.bootstrap_servers, ["patient-events"]))
    assert verdict.good, verdict
    assert verdict.delivered == verdict.accepted

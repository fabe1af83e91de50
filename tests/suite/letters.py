"""What an operator does with dead letters, against any broker: tests to be imported where a `cluster` is.

The letters are written as the consumer writes them; each test has a dead-letter topic of its own.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner, Result

from pyevents import EventSchema, KafkaConsumer, Retry, RobustKafkaProducer
from pyevents.catalog import load
from pyevents.cli.main import main
from pyevents.codec import Encoder
from pyevents.codec.framing import frame
from pyevents.consumer.letter import Reason, key_hash, letter
from pyevents.deadletter.topic import DeadLetterTopic, dead_letter_topics
from pyevents.events import PatientDeleted
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry, Schema
from pyevents.transport import Message
from tests.suite.place import wait_until

__all__ = ["Cluster", "DeadLetterSuite", "ReplaySuite", "Shelf", "shelf"]

PATIENT = {"patient_id": 7, "vorname": "Anna", "nachname": "Geheim"}
WHEN = 1_790_000_000_000
HOUR = 3_600_000


class Cluster(NamedTuple):
    """Where a broker and a registry are; the topics of the catalog are there."""

    bootstrap_servers: str
    registry_url: str


class Shelf:
    """One dead-letter topic with its retry topic, and the command that works on it."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.topic = topic
        self.retry = dead_letter_topics(load())[topic]
        self._cluster = cluster
        self._transport = KafkaTransport(cluster.bootstrap_servers)
        contract = load().contract("patient.created")
        newest = contract.majors[0].newest
        registry = HttpRegistry(cluster.registry_url)
        self._id = registry.register(contract.majors[0].subject, Schema(newest.format, newest.schema))

    def message(self, **payload: Any) -> bytes:
        """A message as a producer frames it, whatever its payload."""
        encoded = Encoder(load(), "patient-service").encode_payload(
            "patient-events", "patient.created", PATIENT, None, None
        )
        body = msgspec.json.decode(encoded.body)
        return frame(self._id, msgspec.json.encode(body | {"payload": PATIENT | payload}))

    def put(self, value: bytes | None = None, *, key: bytes | None = b"7", replays: int = 0, **why: Any) -> None:
        """Write one dead letter."""
        headers: Any = (("trace", b"\xff\x00"),) + ((("pyevents-replays", str(replays).encode()),) if replays else ())
        value = self.message() if value is None else value
        reason: dict[str, Any] = {
            "group": "matching-service",
            "error": "ValueError",
            "error_at": "/srv/match.py:12",
            "attempts": 5,
            "first_failure": WHEN - 1000,
            "last_failure": WHEN,
            "event_type": "patient.created",
            "event_id": "e-1",
        }
        source = Message(self.topic.split(".")[0], 2, 41, key, value, headers, WHEN - 2000)
        with self.opened() as opened:
            opened.send([letter(source, self.topic, Reason(**(reason | why)))])

    def opened(self) -> DeadLetterTopic:
        return DeadLetterTopic(self._transport, self._topic(self.topic))

    def run(self, command: str, *arguments: str, ok: bool = True) -> Result:
        """Run `pyevents deadletter` against the cluster."""
        servers = ["--bootstrap-servers", self._cluster.bootstrap_servers]
        registry = ["--registry", self._cluster.registry_url] if command == "replay" else []
        found = CliRunner().invoke(main, ["deadletter", command, *arguments, *servers, *registry])
        assert not ok or found.exit_code == 0, found.output
        assert "Traceback" not in found.output
        return found

    def ls(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("ls", self.topic, "--format", "json", *arguments).stdout)
        return found

    def retried(self) -> list[Message]:
        """What is on the retry topic, as it came."""
        reader = self._transport.reader()
        try:
            return list(reader.read(reader.bounds(self.retry)))
        finally:
            reader.close()

    def _topic(self, name: str) -> Any:
        return next(topic for topic in load().catalog.every_topic if topic.name == name)


# One for each test; the suite of failing handlers, which may run on the same broker before, fills one of them.
_topics = (name for name in dead_letter_topics(load()) if name != "patient-events.matching-service.dlq")


@pytest.fixture
def shelf(cluster: Cluster) -> Iterator[Shelf]:
    yield Shelf(cluster, next(_topics))


class DeadLetterSuite:
    """Tests that every broker has to pass."""

    deletes = True
    """Whether this broker can delete records."""

    def test_letter_is_listed_and_shown_without_key_and_payload(self, shelf: Shelf) -> None:
        shelf.put()
        (row,) = shelf.ls()
        assert row["place"] == f"{shelf.topic}@0"
        assert (row["event_type"], row["error"], row["attempts"]) == ("patient.created", "ValueError", 5)
        assert row["from"] == f"{shelf.topic.split('.')[0]}-2@41"
        assert row["key_hash"] == key_hash(b"7")
        text = shelf.run("ls", shelf.topic)
        shown = shelf.run("show", shelf.topic, "0")
        for output in (text.output, shown.output, json.dumps(row)):
            assert "Geheim" not in output
        assert "match.py:12" in text.stdout
        with_payload = json.loads(shelf.run("show", shelf.topic, "0", "--payload").stdout)
        assert with_payload["key"] == "7"
        assert json.loads(with_payload["value"])["payload"]["nachname"] == "Geheim"

    def test_letters_are_chosen_by_type_error_time_key_and_offset(self, shelf: Shelf) -> None:
        shelf.put(event_type="patient.created", error="ValueError", key=b"1", last_failure=WHEN)
        shelf.put(event_type="patient.deleted", error="requests.Timeout", key=b"2", last_failure=WHEN + HOUR)
        shelf.put(event_type="patient.deleted", error="Undecodable/schema", key=None, last_failure=WHEN + 2 * HOUR)

        def offsets(*arguments: str) -> list[int]:
            return [row["offset"] for row in shelf.ls(*arguments)]

        assert offsets() == [0, 1, 2]
        assert offsets("--type", "patient.deleted") == [1, 2]
        assert offsets("--error", "timeout") == [1]
        assert offsets("--key-hash", key_hash(b"1")) == [0]
        assert offsets("--offset", "0", "--offset", "2") == [0, 2]
        since = shelf.ls("--offset", "1")[0]["failed"]
        assert offsets("--since", since) == [1, 2]
        assert offsets("--until", since) == [0]

    def test_replay_sends_each_byte_for_byte_to_the_retry_topic_once(self, shelf: Shelf) -> None:
        value = shelf.message()
        shelf.put(value)
        shelf.put()
        dry = shelf.run("replay", shelf.topic, "--dry-run")
        assert "2 would be sent" in dry.stdout
        assert shelf.retried() == []
        assert f"2 sent to {shelf.retry}" in shelf.run("replay", shelf.topic).stdout
        first = next(message for message in shelf.retried() if message.value == value)
        headers = dict(first.headers)
        assert first.key == b"7"
        assert headers["trace"] == b"\xff\x00"
        assert headers["pyevents-replays"] == b"1"
        assert headers["pyevents-group"] == b"matching-service"
        assert (headers["pyevents-partition"], headers["pyevents-offset"]) == (b"2", b"41")
        assert "0 sent" in shelf.run("replay", shelf.topic).stdout
        assert len(shelf.retried()) == 2
        assert shelf.ls() == []
        assert [row["settled"] for row in shelf.ls("--all")] == ["replayed", "replayed"]

    def test_replay_of_a_part_leaves_the_rest(self, shelf: Shelf) -> None:
        for error in ("ValueError", "OSError", "ValueError"):
            shelf.put(error=error)
        assert "1 sent" in shelf.run("replay", shelf.topic, "--error", "oserror").stdout
        assert [row["offset"] for row in shelf.ls()] == [0, 2]

    def test_letter_that_is_still_no_event_is_not_sent(self, shelf: Shelf) -> None:
        shelf.put(shelf.message(vorname=7))
        shelf.put(b"\x00garbage")
        shelf.put()
        found = shelf.run("replay", shelf.topic, ok=False)
        assert found.exit_code == 1
        assert "1 sent" in found.output and "2 refused" in found.output
        assert "/vorname" in found.output
        assert [row["offset"] for row in shelf.ls()] == [0, 1]

    def test_letter_that_came_back_too_often_is_a_loop(self, shelf: Shelf) -> None:
        shelf.put(replays=3)
        found = shelf.run("replay", shelf.topic, ok=False)
        assert found.exit_code == 1
        assert "1 looped" in found.output
        assert "1 sent" in shelf.run("replay", shelf.topic, "--max-replays", "4").stdout
        assert dict(shelf.retried()[0].headers)["pyevents-replays"] == b"4"

    def test_replay_that_ends_before_its_mark_sends_again_and_loses_nothing(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        values = [shelf.message(patient_id=number + 1) for number in range(150)]
        source = Message("patient-events", 0, 0, b"k", None, (), WHEN)
        records = [
            letter(msgspec.structs.replace(source, value=value), shelf.topic, Reason("g", "E", "", 1, WHEN, WHEN))
            for value in values
        ]
        with shelf.opened() as opened:
            opened.send(records)
        settle, calls = DeadLetterTopic.settle, []

        def dies(self: DeadLetterTopic, letters: Any, how: Any) -> None:
            calls.append(len(letters))
            if len(calls) == 2:
                raise KeyboardInterrupt
            settle(self, letters, how)

        monkeypatch.setattr(DeadLetterTopic, "settle", dies)
        assert shelf.run("replay", shelf.topic, ok=False).exit_code != 0
        monkeypatch.setattr(DeadLetterTopic, "settle", settle)
        assert len(shelf.ls()) == 50, "the first batch of 100 is marked"
        assert "50 sent" in shelf.run("replay", shelf.topic).stdout
        sent = [message.value for message in shelf.retried()]
        assert set(sent) == set(values)
        assert len(sent) == 200

    def test_discarded_letters_are_gone_for_everybody(self, shelf: Shelf) -> None:
        for number in range(3):
            shelf.put(error=f"Error{number}")
        refused = shelf.run("discard", shelf.topic, "--yes", ok=False)
        assert refused.exit_code == 2 and "say which letters" in refused.output
        assert "1 would be discarded" in shelf.run("discard", shelf.topic, "--offset", "1", "--dry-run").stdout
        assert "1 discarded" in shelf.run("discard", shelf.topic, "--offset", "1", "--yes").stdout
        assert [row["offset"] for row in shelf.ls()] == [0, 2]
        assert "2 discarded" in shelf.run("discard", shelf.topic, "--all", "--yes").stdout
        assert shelf.ls() == []
        assert shelf.retried() == []
        shelf.put()
        assert len(shelf.ls()) == 1
        assert all(row["offset"] > 2 for row in shelf.ls("--all")) or not self.deletes

    def test_export_writes_every_byte_where_it_is_asked_to(self, shelf: Shelf, tmp_path: Path) -> None:
        value = b"\x00\x00\x00\x00\x63\xff\xfe"
        shelf.put(value, key=None)
        plain, full = tmp_path / "plain.jsonl", tmp_path / "full.jsonl"
        shelf.run("export", shelf.topic, str(plain))
        rows = [json.loads(line) for line in plain.read_text().splitlines()]
        assert len(rows) == 1 and "value" not in rows[0], rows
        shelf.run("export", shelf.topic, str(full), "--payload")
        row = json.loads(full.read_text())
        assert base64.b64decode(row["value"]) == value
        assert row["key"] is None
        assert ["trace", base64.b64encode(b"\xff\x00").decode()] in row["headers"]

    def test_misspelt_words_are_told_with_what_was_meant(self, shelf: Shelf) -> None:
        wrong_topic = shelf.run("ls", shelf.topic.replace("dlq", "dql"), ok=False)
        assert wrong_topic.exit_code == 2 and f"Did you mean {shelf.topic!r}" in wrong_topic.output
        wrong_type = shelf.run("ls", shelf.topic, "--type", "patient.craeted", ok=False)
        assert wrong_type.exit_code != 0 and "patient.created" in wrong_type.output
        shelf.put(error="requests.Timeout")
        assert "there are requests.Timeout" in shelf.run("ls", shelf.topic, "--error", "timout").stderr
        wrong_time = shelf.run("ls", shelf.topic, "--since", "yesterday", ok=False)
        assert wrong_time.exit_code == 2 and "2h" in wrong_time.output
        no_letter = shelf.run("show", shelf.topic, "17", ok=False)
        assert no_letter.exit_code == 2 and "no dead letter at 17" in no_letter.output


class ReplaySuite:
    """From a failing handler to the dead letters and back: with a consumer of the package at both ends."""

    def test_replayed_event_reaches_its_group_alone_and_says_that_it_was_replayed(self, cluster: Cluster) -> None:
        transport = KafkaTransport(cluster.bootstrap_servers, {"session.timeout.ms": 6000, **self.properties})
        groups = [f"{consumer}.{uuid4().hex[:6]}" for consumer in (*["matching-service"] * 2, "communication-service")]
        first, second, other = groups
        seen: dict[str, list[tuple[int, bool]]] = {group: [] for group in groups}
        mended = threading.Event()
        patient = uuid4().int % 1_000_000_000 + 1

        def handler(group: str) -> Callable[[PatientDeleted, EventSchema], None]:
            def forget(deleted: PatientDeleted, event: EventSchema) -> None:
                if deleted.patient_id != patient:
                    return
                if group == first and not mended.is_set():
                    raise LookupError("not mended yet")
                seen[group].append((deleted.patient_id, event.replayed))

            return forget

        consumers = []
        for group in groups:
            consumer = KafkaConsumer(
                ["patient-events"],
                group,
                transport=transport,
                registry=HttpRegistry(cluster.registry_url),
                retry=Retry(attempts=1),
            )
            consumer.on(PatientDeleted)(handler(group))
            consumers.append((consumer, threading.Thread(target=consumer.run, daemon=True)))
        with RobustKafkaProducer(
            cluster.bootstrap_servers,
            "patient-service",
            schema_registry_url=cluster.registry_url,
            auto_register=True,
        ) as producer:
            producer.publish(PatientDeleted(patient_id=patient))
            assert producer.flush(30) == 0
        for _, thread in consumers:
            thread.start()
        shelf = Shelf(cluster, "patient-events.matching-service.dlq")
        try:
            arguments = ("--type", "patient.deleted", "--key-hash", key_hash(str(patient).encode()))
            wait_until(lambda: shelf.ls(*arguments), "the event is a dead letter", 60)
            wait_until(lambda: seen[second] and seen[other], "the other groups have it", 60)
            mended.set()
            assert "1 sent" in shelf.run("replay", shelf.topic, *arguments).stdout
            wait_until(lambda: seen[first], "the replayed event is handled", 60)
            threading.Event().wait(1.0)  # for what must not come
        finally:
            for consumer, thread in consumers:
                consumer.close()
                thread.join(30)
        assert seen == {first: [(patient, True)], second: [(patient, False)], other: [(patient, False)]}

    properties: ClassVar[dict[str, Any]] = {}

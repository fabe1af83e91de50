"""Every consumer of a topic has one topic for its dead letters and one for its retries, which nobody lists by hand."""

from __future__ import annotations

import pytest

from pyevents.catalog import Topic, dead_letter_topic, derived_topics, load, retry_topic
from pyevents_codegen.assemble import assemble
from pyevents_codegen.topicscript import topic_script

from .conftest import CONTRACT, Spoilable

DAY = 24 * 60 * 60 * 1000
SOURCE = Topic("patient-events", 6, 3, {"cleanup.policy": "delete", "retention.ms": str(7 * DAY)})


class Read:
    """A contract, as far as derived topics look at it."""

    def __init__(self, topic: str, *consumers: str) -> None:
        self.topic = topic
        self.consumers = consumers


def derived(source: Topic) -> tuple[Topic, Topic]:
    dead, retry = derived_topics([source], [Read("patient-events", "matching-service")])
    return dead, retry


def test_names_say_topic_consumer_and_purpose() -> None:
    dead, retry = derived(SOURCE)
    assert dead.name == dead_letter_topic("patient-events", "matching-service") == "patient-events.matching-service.dlq"
    assert retry.name == retry_topic("patient-events", "matching-service") == "patient-events.matching-service.retry"


def test_dead_letters_have_one_partition_and_outlive_their_source() -> None:
    dead, retry = derived(SOURCE)
    assert (dead.partitions, dead.replication, dead.config["retention.ms"]) == (1, 3, str(30 * DAY))
    assert (retry.partitions, retry.replication, retry.config["retention.ms"]) == (6, 3, str(7 * DAY))


@pytest.mark.parametrize(("source", "kept"), [(-1, -1), (90 * DAY, 90 * DAY), (DAY, 30 * DAY)])
def test_dead_letters_are_never_kept_for_less_than_their_source(source: int, kept: int) -> None:
    dead, _ = derived(Topic("patient-events", 6, 3, {"retention.ms": str(source)}))
    assert dead.config["retention.ms"] == str(kept)


def test_largest_record_of_the_source_fits_with_headers() -> None:
    for topic in derived(SOURCE):
        assert int(topic.config["max.message.bytes"]) == 1_048_588 + 64 * 1024  # Kafka's default, and the room
    for topic in derived(Topic("patient-events", 6, 3, {"max.message.bytes": "5000000"})):
        assert int(topic.config["max.message.bytes"]) == 5_000_000 + 64 * 1024


def test_compaction_of_the_source_never_drops_a_dead_letter() -> None:
    for topic in derived(Topic("patient-events", 6, 3, {"cleanup.policy": "compact"})):
        assert topic.config["cleanup.policy"] == "delete"


def test_consumers_of_several_contracts_on_a_topic_get_one_pair_each() -> None:
    reads = [Read("patient-events", "b", "a"), Read("patient-events", "a"), Read("elsewhere", "c")]
    names = [topic.name for topic in derived_topics([SOURCE], reads)]
    assert names == ["patient-events.a.dlq", "patient-events.a.retry", "patient-events.b.dlq", "patient-events.b.retry"]


def test_catalog_adds_them_to_its_own_topics() -> None:
    catalog = load().catalog
    names = [topic.name for topic in catalog.every_topic]
    assert names[: len(catalog.topics)] == [topic.name for topic in catalog.topics]
    assert "patient-events.matching-service.dlq" in names
    assert len(names) == len(set(names))


def test_script_makes_them_with_the_settings_of_each_environment(schemas: Spoilable) -> None:
    schemas.write("patient.created/contract.toml", CONTRACT.replace("= []", '= ["matching-service"]'))
    default, production = (
        [line for line in part.splitlines() if line.startswith("patient-events.matching-service")]
        for part in topic_script(schemas.load()).split("production)")[-2:]
    )
    assert [line.split()[:3] for line in default] == [
        ["patient-events.matching-service.dlq", "1", "1"],
        ["patient-events.matching-service.retry", "3", "1"],
    ]
    assert [line.split()[2] for line in production] == ["3", "3"]


def test_consumer_whose_name_no_topic_may_bear_is_refused(schemas: Spoilable) -> None:
    schemas.write("patient.created/contract.toml", CONTRACT.replace("= []", '= ["matching service"]'))
    found = schemas.finding("wrong-value")
    assert (found.line, found.pointer) == (7, "/consumers/0")


def test_derived_name_beyond_kafkas_limit_is_refused(schemas: Spoilable) -> None:
    long = "x" * 200
    topics = (schemas.path / "topics.toml").read_text().replace("patient-events", long)
    schemas.write("topics.toml", topics)
    contract = CONTRACT.replace("patient-events", long)
    schemas.write("patient.created/contract.toml", contract.replace("= []", f'= ["{"y" * 42}"]'))
    assert len(assemble(schemas.load()).every_topic) == 4, "249 characters are a topic's name"
    schemas.write("patient.created/contract.toml", contract.replace("= []", f'= ["{"y" * 43}"]'))
    found = schemas.finding("topic-name")
    assert "250 characters" in found.message
    assert (found.line, found.remedy) == (7, "Rename the topic or the consumer.")


def test_derived_name_that_is_a_topic_already_is_refused(schemas: Spoilable) -> None:
    schemas.write("patient.created/contract.toml", CONTRACT.replace("= []", '= ["matching-service"]'))
    topics = (schemas.path / "topics.toml").read_text()
    schemas.write("topics.toml", topics + '[topics."patient-events.matching-service.dlq"]\nsummary = "Mine."\n')
    assert "is a topic of topics.toml too" in schemas.finding("topic-name").message

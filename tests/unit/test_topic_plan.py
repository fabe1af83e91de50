"""What has to change on a cluster follows from the contracts and from what is there: values in, values out."""

from __future__ import annotations

import pytest

from pyevents.catalog import Topic, load
from pyevents.errors import ConfigurationInvalid
from pyevents.topics import grants, plan, plan_grants
from pyevents.transport import Grant

WANTED = Topic("patient-events", 3, 1, {"retention.ms": "604800000", "cleanup.policy": "delete"})


def found(partitions: int = 3, replication: int = 1, **config: str) -> dict[str, Topic]:
    settings = WANTED.config | {name.replace("_", "."): value for name, value in config.items()} | {"segment.ms": "1"}
    return {WANTED.name: Topic(WANTED.name, partitions, replication, settings)}


@pytest.mark.parametrize(
    ("there", "kinds"),
    [
        ({}, ["create"]),
        (found(), []),
        (found(partitions=2), ["partitions"]),
        (found(partitions=4), ["refused"]),
        (found(replication=3), ["refused"]),
        (found(retention_ms="1"), ["settings"]),
        (found(partitions=1, cleanup_policy="compact"), ["partitions", "settings"]),
        (found() | {"old": Topic("old", 1, 1)}, ["stranger"]),
        (found() | {"__consumer_offsets": Topic("__consumer_offsets", 50, 1)}, []),
    ],
)
def test_difference_becomes_the_change_of_the_table(there: dict[str, Topic], kinds: list[str]) -> None:
    assert sorted(change.kind for change in plan([WANTED], there)) == sorted(kinds)


def test_only_settings_that_differ_are_changed_and_the_rest_is_left() -> None:
    (change,) = plan([WANTED], found(retention_ms="1"))
    assert change.settings == {"retention.ms": "604800000"}
    assert "retention.ms 1 → 604800000" in str(change)


def test_more_partitions_warn_that_keys_move() -> None:
    (change,) = plan([WANTED], found(partitions=1))
    assert "order of a key" in change.remedy


def test_nothing_is_deleted_that_was_not_named_or_that_a_contract_knows() -> None:
    there = found() | {"old": Topic("old", 1, 1)}
    assert [change.kind for change in plan([WANTED], there, ["old"])] == ["delete"]
    assert [change.kind for change in plan([WANTED], there, ["patient-events"])] == ["stranger", "refused"]
    assert [(change.kind, change.name) for change in plan([WANTED], found(), ["odl"])] == [("refused", "odl")]


def test_an_environment_has_its_own_settings_and_an_unknown_one_is_an_error() -> None:
    catalog = load().catalog
    production = {topic.name: topic for topic in catalog.topics_in("production")}
    assert production["patient-events"].replication == 3
    assert production["patient-events.matching-service.dlq"].config["min.insync.replicas"] == "2"
    assert {topic.name for topic in catalog.every_topic} == production.keys()
    with pytest.raises(ConfigurationInvalid, match="It has: production"):
        catalog.topics_in("prodution")


def test_a_service_gets_the_rights_that_its_contracts_need_and_no_more() -> None:
    rights = grants(load().catalog.contracts)
    of_patients = {str(right) for right in rights if right.principal == "User:patient-service"}
    assert "User:patient-service WRITE topic patient-events" in of_patients
    assert "User:patient-service IDEMPOTENT_WRITE cluster kafka-cluster" in of_patients
    assert not [right for right in of_patients if "therapist" in right]
    of_matching = {str(right) for right in rights if right.principal == "User:matching-service"}
    assert {
        "User:matching-service READ topic patient-events",
        "User:matching-service WRITE topic patient-events.matching-service.dlq",
        "User:matching-service READ topic patient-events.matching-service.retry",
        "User:matching-service READ group matching-service",
        "User:matching-service READ group matching-service.*",
    } <= of_matching
    assert "User:matching-service WRITE topic patient-events" not in of_matching


def test_rights_are_granted_and_superfluous_ones_of_our_services_revoked() -> None:
    needed = Grant("User:a", "TOPIC", "t", "LITERAL", "READ")
    beyond = Grant("User:a", "TOPIC", "other", "LITERAL", "WRITE")
    somebody = Grant("User:operator", "CLUSTER", "kafka-cluster", "LITERAL", "ALTER")
    changes = plan_grants({needed}, {beyond, somebody})
    assert [(change.kind, change.right) for change in changes] == [("grant", needed), ("revoke", beyond)]
    assert plan_grants({needed}, {needed, somebody}) == []


def test_principals_are_named_as_the_cluster_names_them() -> None:
    rights = grants(load().catalog.contracts, "User:CN={service},O=platform")
    assert "User:CN=matching-service,O=platform" in {right.principal for right in rights}

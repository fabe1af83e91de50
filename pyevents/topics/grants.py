"""The rights that follow from the contracts: who produces and who consumes is written there, so nobody needs more.

Operations are those of Kafka's authorizer ("Authorization and ACLs" in Kafka's documentation).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pyevents.catalog import Contract, dead_letter_topic, retry_topic
from pyevents.topics.plan import Change
from pyevents.transport import Grant

__all__ = ["grants", "plan_grants"]

CLUSTER = "kafka-cluster"
"""Kafka's own name for the cluster as a resource."""


def grants(contracts: Iterable[Contract], principal: str = "User:{service}") -> set[Grant]:
    """Return the least rights with which every producer and consumer can do what the contracts say.

    | service         | resource                                  | operations      |
    |-----------------|-------------------------------------------|-----------------|
    | producer        | its topics                                | WRITE, DESCRIBE |
    | consumer        | its topics, its retry topics              | READ, DESCRIBE  |
    | consumer        | its dead-letter topics                    | WRITE, DESCRIBE |
    | consumer        | the group, and groups with a `.suffix`    | READ            |
    | both            | the cluster                               | IDEMPOTENT_WRITE|

    Args:
        principal: With `{service}` for the service's name, for example `User:CN={service},O=platform`.
    """
    found: set[Grant] = set()
    for contract in contracts:
        for service in contract.producers:
            who = principal.format(service=service)
            found |= {*_topic(who, contract.topic, "WRITE"), _idempotent(who)}
        for service in contract.consumers:
            who = principal.format(service=service)
            found |= {*_topic(who, contract.topic, "READ"), *_topic(who, retry_topic(contract.topic, service), "READ")}
            found |= {*_topic(who, dead_letter_topic(contract.topic, service), "WRITE"), _idempotent(who)}
            found |= {Grant(who, "GROUP", service, "LITERAL", "READ")}
            found |= {Grant(who, "GROUP", f"{service}.", "PREFIXED", "READ")}
    return found


def plan_grants(wanted: Collection[Grant], found: Collection[Grant]) -> list[Change]:
    """Compare rights: what is missing is granted; what a service of ours has beyond is revoked.

    Rights of principals that no contract names are left alone: operators and other platforms have theirs.
    """
    ours = {grant.principal for grant in wanted}
    missing = [
        Change("grant", str(grant), "the contracts ask for it", right=grant) for grant in set(wanted) - set(found)
    ]
    beyond = [
        Change("revoke", str(grant), "no contract asks for it", right=grant)
        for grant in set(found) - set(wanted)
        if grant.principal in ours
    ]
    return sorted([*missing, *beyond], key=lambda change: (change.kind, change.name))


def _topic(who: str, topic: str, operation: str) -> tuple[Grant, Grant]:
    return Grant(who, "TOPIC", topic, "LITERAL", operation), Grant(who, "TOPIC", topic, "LITERAL", "DESCRIBE")


def _idempotent(who: str) -> Grant:
    return Grant(who, "CLUSTER", CLUSTER, "LITERAL", "IDEMPOTENT_WRITE")

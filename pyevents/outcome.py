"""What becomes of an event that the broker did not take: one pure decision, for producer and outbox alike."""

from __future__ import annotations

from enum import Enum

from pyevents.transport import Fault

__all__ = ["REPEATED", "Outcome", "after_fault", "in_words"]


class Outcome(Enum):
    """What the sender does next."""

    RESEND = "resend"
    """Send it again soon; the cluster is in passing trouble."""

    WAIT = "wait"
    """A person has to do something; its topic waits, others go on."""

    REJECT = "reject"
    """The broker will never take this message: set it aside, once it is known that it is this one of its batch."""

    REPLACE = "replace"
    """The client is of no use any more: a new one, and again from the first unconfirmed event."""


REPEATED = "a broker answers and does not take an event, however often it is sent"
"""Why a topic waits whose events the client repeats in vain, until one that is sent alone says more."""

# What a failed client gave back; the reason is in other events' reports.
_PURGED = frozenset({"_PURGE_QUEUE", "_PURGE_INFLIGHT"})

_FOR_A_PERSON = {
    "TOPIC_AUTHORIZATION_FAILED": "the topic's ACL does not let this service write",
    "CLUSTER_AUTHORIZATION_FAILED": "the cluster's ACL does not let this service write idempotently",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": "the ACL does not let this service write",
    "_AUTHENTICATION": "the broker does not accept user and password, or the certificate",
    "SASL_AUTHENTICATION_FAILED": "the broker does not accept user and password",
    "_SSL": "the broker's certificate is not trusted here, or ours not there",
    "_UNKNOWN_TOPIC": "the topic does not exist",
    "UNKNOWN_TOPIC_OR_PART": "the topic does not exist",
    "_UNKNOWN_PARTITION": "the topic does not have this partition",
    "TOPIC_EXCEPTION": "the topic's name is not allowed",
    "UNSUPPORTED_FOR_MESSAGE_FORMAT": "the topic's message format is too old",
    "UNSUPPORTED_COMPRESSION_TYPE": "the broker does not know the compression",
}

_HOPELESS = {
    "MSG_SIZE_TOO_LARGE": "the topic's max.message.bytes is smaller than the event",
    "INVALID_MSG_SIZE": "the broker refuses the size of the event",
    "RECORD_LIST_TOO_LARGE": "the topic's segment is smaller than the event",
    "POLICY_VIOLATION": "a policy of the cluster forbids it",
    "INVALID_RECORD": "the broker refuses the record, such as one without a key on a compacted topic",
    "INVALID_TIMESTAMP": "the topic refuses the record's timestamp",
    "INVALID_MSG": "the broker finds the record corrupt",
}


def after_fault(fault: Fault) -> Outcome:
    """Say what becomes of an event that the broker did not take.

    | fault                                                         | outcome |
    |---------------------------------------------------------------|---------|
    | fatal for the client (idempotence, fencing, gap), or purged   | REPLACE |
    | not authorised, topic missing, user not known                 | WAIT    |
    | too large, policy, record, timestamp or checksum refused      | REJECT  |
    | anything else: broker away, leader moved, throttled, timeout  | RESEND  |

    What a registry does not answer is no fault of the broker's: such a topic waits until there is an id.
    A code that is not known here is tried again, since giving up loses the event.
    """
    if fault.fatal or fault.code in _PURGED:
        return Outcome.REPLACE
    if fault.code in _FOR_A_PERSON:
        return Outcome.WAIT
    return Outcome.REJECT if fault.code in _HOPELESS else Outcome.RESEND


def in_words(fault: Fault) -> str:
    """Return the fault as a sentence for `status()` and the log."""
    if fault.code == "_ALL_BROKERS_DOWN":
        # librdkafka counts none of them (`0/2 brokers are down`) where it was told of no reason lately
        reason = "none can be reached" if fault.text.endswith("brokers are down") else fault.text
        return f"{fault.code}: {reason}. Is Kafka running, and is KAFKA_BOOTSTRAP_SERVERS right?"
    return f"{fault.code}: {_FOR_A_PERSON.get(fault.code) or _HOPELESS.get(fault.code) or fault.text}"

"""What becomes of an event that the broker did not take: one pure decision, for producer and outbox alike."""

from __future__ import annotations

from enum import Enum

from pyevents.transport import Fault

__all__ = ["Outcome", "after_fault", "in_words"]


class Outcome(Enum):
    """What the producer does next."""

    RESEND = "resend"
    """Send it again soon; the cluster is in passing trouble."""

    WAIT = "wait"
    """A person has to do something; its topic waits, others go on."""

    REPLACE = "replace"
    """The client is of no use any more: a new one, and again from the first unconfirmed event."""


_FOR_A_PERSON = {
    "TOPIC_AUTHORIZATION_FAILED": "the topic's ACL does not let this service write",
    "CLUSTER_AUTHORIZATION_FAILED": "the cluster's ACL does not let this service write idempotently",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": "the ACL does not let this service write",
    "_UNKNOWN_TOPIC": "the topic does not exist",
    "UNKNOWN_TOPIC_OR_PART": "the topic does not exist",
    "_UNKNOWN_PARTITION": "the topic does not have this partition",
    "TOPIC_EXCEPTION": "the topic's name is not allowed",
    "MSG_SIZE_TOO_LARGE": "the topic's max.message.bytes is smaller than the event",
    "RECORD_LIST_TOO_LARGE": "the topic's segment is smaller than the batch",
    "POLICY_VIOLATION": "a policy of the cluster forbids it",
    "INVALID_RECORD": "the broker refuses the record",
    "INVALID_TIMESTAMP": "the topic refuses the record's timestamp",
}


def after_fault(fault: Fault) -> Outcome:
    """Say what becomes of an event that the broker did not take.

    | fault                                                  | outcome |
    |--------------------------------------------------------|---------|
    | fatal for the client (idempotence, fencing)            | REPLACE |
    | not authorised, topic missing, too large, policy       | WAIT    |
    | anything else: broker away, leader moved, timeout …    | RESEND  |

    Nothing is given up: an accepted event stays until the broker has it.
    """
    if fault.fatal:
        return Outcome.REPLACE
    return Outcome.WAIT if fault.code in _FOR_A_PERSON else Outcome.RESEND


def in_words(fault: Fault) -> str:
    """Return the fault as a sentence for `status()` and the log."""
    return f"{fault.code}: {_FOR_A_PERSON.get(fault.code, fault.text)}"

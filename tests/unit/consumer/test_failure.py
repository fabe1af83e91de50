"""What becomes of an event that failed, as the tables in `retry` and `failure` say."""

from __future__ import annotations

import pytest

from pyevents import Reject, Retry
from pyevents.consumer.failure import after_failure
from pyevents.consumer.handlers import Exhausted
from pyevents.consumer.limit import DeadLetterLimit, Meter
from pyevents.errors import ConfigurationInvalid, RegistryUnreachable, SchemaUnknown, Undecodable


class OperationalError(Exception):
    """As the database drivers call it."""


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (Reject("no"), 1),
        (ConnectionResetError(), 20),
        (TimeoutError(), 20),
        (OSError(), 20),
        (OperationalError(), 20),
        (KeyError(), 3),
        (TypeError(), 3),
        (AssertionError(), 3),
        (ValueError(), 5),
    ],
)
def test_attempts_go_by_the_class_of_the_error(error: Exception, attempts: int) -> None:
    waits = [Retry().wait(error, attempt, draw=lambda: 1.0) for attempt in range(1, attempts + 1)]
    assert waits[-1] is None
    assert None not in waits[:-1]
    assert waits[:-1] == sorted(waits[:-1])  # type: ignore[type-var]
    assert all(wait <= 30 for wait in waits[:-1] if wait)


def test_attempts_that_are_given_hold_for_every_error_but_a_rejection() -> None:
    retry = Retry(attempts=2)
    assert retry.attempts_at(TypeError()) == retry.attempts_at(ConnectionError()) == 2
    assert retry.attempts_at(Reject()) == 1


@pytest.mark.parametrize("options", [{"attempts": 0}, {"first": -1}, {"factor": 0.5}, {"jitter": 2}])
def test_impossible_retry_is_refused_at_once(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationInvalid, match=f"Retry.{next(iter(options))}"):
        Retry(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "on_error", "denied", "action"),
    [
        (RegistryUnreachable("http://r", "away"), "dead_letter", 0, "again"),
        (RegistryUnreachable("http://r", "away"), "skip", 999, "again"),
        (SchemaUnknown("id 5", "http://r"), "dead_letter", 29, "again"),
        (SchemaUnknown("id 5", "http://r"), "dead_letter", 30, "dead_letter"),
        (Undecodable("json", "no"), "dead_letter", 0, "dead_letter"),
        (Undecodable("json", "no"), "retry", 0, "dead_letter"),
        (Undecodable("json", "no"), "stop", 0, "stop"),
        (Undecodable("json", "no"), "skip", 0, "pass"),
        (Reject("no"), "dead_letter", 0, "dead_letter"),
        (Reject("no"), "retry", 0, "again"),
        (Reject("no"), "stop", 0, "stop"),
        (Reject("no"), "skip", 0, "pass"),
        (ValueError(), "dead_letter", 0, "again"),
    ],
)
def test_verdict(error: Exception, on_error: Exhausted, denied: float, action: str) -> None:
    verdict = after_failure(error, 1, Retry(), on_error, on_new_major="dead_letter", denied_for=denied, patience=30)
    assert verdict.action == action


def test_dead_letters_beyond_share_and_count_are_too_many() -> None:
    meter = Meter(DeadLetterLimit(count=10, share=0.5, window=60))
    assert all(meter.admits(0) for _ in range(10)), "ten are no flood"
    assert not meter.admits(1)
    meter.handled(50, 2)
    assert meter.admits(3), "among fifty that were handled eleven are not half"


def test_dead_letters_of_long_ago_count_no_more() -> None:
    meter = Meter(DeadLetterLimit(count=10, share=0.5, window=60))
    assert all(meter.admits(0) for _ in range(10))
    assert not meter.admits(59)
    assert meter.admits(66)

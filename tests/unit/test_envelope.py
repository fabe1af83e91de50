"""EventSchema: the platform's envelope, key for key."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest

from pyevents import EventSchema
from pyevents.envelope import timestamp_text
from pyevents.errors import Undecodable


def test_keys_of_the_wire() -> None:
    event = EventSchema("patient.deleted", {"patient_id": 7}, "patient-service")
    assert list(event.to_dict()) == ["eventId", "eventType", "version", "timestamp", "producer", "payload"]
    assert uuid.UUID(event.event_id).version == 7
    assert event.timestamp.endswith("Z")


@pytest.mark.parametrize("timestamp", ["2025-05-01T10:00:00.123456", "gestern", ""])
def test_what_was_read_is_given_back_unchanged(timestamp: str) -> None:
    text = (
        f'{{"eventId":"a","eventType":"t","version":"1.0","timestamp":"{timestamp}",'
        '"producer":"p","payload":{"ort":"Köln"}}'
    )
    assert json.loads(EventSchema.from_json(text).to_json()) == json.loads(text)


def test_timestamp_without_offset_is_utc() -> None:
    event = EventSchema("t", {}, "p", timestamp="2025-05-01T10:00:00")
    assert event.time == datetime(2025, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"eventId":1}', b"\xff"])
def test_text_that_is_no_envelope_is_refused(text: str | bytes) -> None:
    with pytest.raises(Undecodable):
        EventSchema.from_json(text)


def test_payload_is_not_in_the_representation() -> None:
    assert "geheim" not in repr(EventSchema("t", {"vorname": "geheim"}, "p"))


@pytest.mark.parametrize("nanoseconds", [0, 999_999_999, 1_000_000_000, 1_764_000_000_123_456_789])
def test_timestamp_text_is_what_datetime_says(nanoseconds: int) -> None:
    parsed = datetime.fromisoformat(timestamp_text(nanoseconds))
    expected = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    assert parsed == expected.replace(microsecond=nanoseconds % 1_000_000_000 // 1000)

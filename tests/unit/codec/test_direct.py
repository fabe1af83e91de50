"""Reading straight into the class gives what the long way gives, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyevents.catalog import load
from pyevents.codec import Decoder, Event, decoder
from pyevents.codec.framing import frame
from pyevents.errors import PyEventsError, Undecodable
from pyevents.events import PatientCreated
from pyevents.memory import MemoryRegistry
from pyevents.registry import Schema
from tests.unit.codec.test_residue import VALUES

CATALOG = load()
MAJORS = {contract.event_type: contract.majors[0] for contract in CATALOG.contracts.values()}
JSON = sorted(event_type for event_type, major in MAJORS.items() if major.newest.format == "json")
SCHEMAS = Path(__file__).parents[3] / "schemas"
EXAMPLES = [
    (event_type, json.loads(path.read_text()))
    for event_type in JSON
    for path in sorted((SCHEMAS / event_type / "examples").glob("*/**/*.json"))
]
PATIENT = {"patient_id": 7, "vorname": "Anna", "nachname": "Muster"}
MORE = [
    '"x"',
    '"' + "ä" * 101 + '"',
    '"' + "ä" * 100 + '"',
    '"09:00-10:00"',
    '"24:00-25:00"',
    '"Frau"',
    "2147483647",
    "20100.5",
]


class Pair:
    """Two decoders that have met every event type: one as it is, and one that always goes the long way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry = MemoryRegistry()
        self.ids = {
            event_type: self.registry.register(major.subject, Schema(major.newest.format, major.newest.schema))
            for event_type, major in MAJORS.items()
        }
        self.fast = Decoder(CATALOG, self.registry)
        self.slow = Decoder(CATALOG, self.registry)
        for found in (self.fast, self.slow):
            if found is self.slow:
                monkeypatch.setattr(decoder, "residue", lambda *_: None)
            for event_type, payload in EXAMPLES:
                tried(found, self.message(event_type, json.dumps(payload).encode()))

    def message(self, event_type: str, payload: bytes, **head: str) -> bytes:
        fields = {
            "eventId": "1",
            "eventType": event_type,
            "version": "1.0",
            "timestamp": "2026-11-24T07:00:00Z",
            "producer": "patient-service",
            **head,
        }
        return frame(self.ids[event_type], json.dumps(fields).encode()[:-1] + b', "payload": ' + payload + b"}")

    def compare(self, value: bytes) -> None:
        fast, slow = tried(self.fast, value), tried(self.slow, value)
        if not isinstance(fast, Event):
            assert str(fast) == str(slow)
            return
        if not isinstance(slow, Event):  # the one difference, which has a test of its own
            assert "out of range" in str(slow)
            with pytest.raises(Undecodable, match="out of range"):
                fast.schema  # noqa: B018
            return
        assert fast.typed == slow.typed
        assert type(fast.typed) is type(slow.typed)
        assert msgspec.json.encode(fast.schema.to_dict()) == msgspec.json.encode(slow.schema.to_dict())
        assert not slow.body


def tried(decoder: Decoder, value: bytes) -> object:
    try:
        return decoder.decode(value)
    except PyEventsError as error:
        return error


@pytest.fixture(scope="module")
def pair() -> Any:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Pair(monkeypatch)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, part in parts for place in places(part, (*path, name)))]


def with_text_at(payload: Any, path: tuple[Any, ...], text: str) -> str:
    """Return a payload as JSON with a text in place of the value at a path, valid or not."""
    if not path:
        return text
    payload = json.loads(json.dumps(payload))
    place = payload
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = "\0mark"
    return json.dumps(payload, ensure_ascii=False).replace('"\\u0000mark"', text)


texts = st.sampled_from([*VALUES, *MORE]) | st.integers().map(str) | st.floats().map(str) | st.text().map(json.dumps)


@given(data=st.data(), chosen=st.sampled_from(EXAMPLES))
def test_value_of_any_kind_at_any_place(pair: Pair, data: st.DataObject, chosen: tuple[str, Any]) -> None:
    event_type, payload = chosen
    path = data.draw(st.sampled_from(places(payload)))
    text = with_text_at(payload, path, data.draw(texts))
    if data.draw(st.booleans()):  # a second one, of a name known or unknown, perhaps twice
        known = list(MAJORS[event_type] and json.loads(MAJORS[event_type].newest.reader)["properties"])
        name = json.dumps(data.draw(st.sampled_from([*known, "unbekannt"]) | st.text(max_size=3)))
        text = f"{{{name}:{data.draw(texts)},{text[1:]}" if text.startswith("{") and text != "{}" else text
    pair.compare(pair.message(event_type, text.encode("utf-8", "surrogatepass")))


@given(data=st.data(), chosen=st.sampled_from(EXAMPLES))
def test_missing_field(pair: Pair, data: st.DataObject, chosen: tuple[str, Any]) -> None:
    event_type, payload = chosen
    names = data.draw(st.sets(st.sampled_from(sorted(payload)))) if payload else ()
    left = {name: value for name, value in payload.items() if name not in names}
    pair.compare(pair.message(event_type, json.dumps(left).encode()))


@given(chosen=st.sampled_from(EXAMPLES), at=st.integers(0, 3_000), cut=st.integers(0, 4), put=st.binary(max_size=4))
@example(chosen=EXAMPLES[0], at=0, cut=0, put=b"\xff")
def test_bytes_changed_anywhere(pair: Pair, chosen: tuple[str, Any], at: int, cut: int, put: bytes) -> None:
    value = pair.message(chosen[0], json.dumps(chosen[1], ensure_ascii=False).encode())
    at %= len(value)
    pair.compare(value[:at] + put + value[at + cut :])


@pytest.mark.parametrize(
    "head",
    [
        {"timestamp": ""}, {"version": "1.7"}, {"version": "2.0"}, {"version": "1"}, {"version": ""}, {"eventType": "patient.deleted"},
        {"eventType": "unheard.of"}, {"eventId": ""}, {"eventId": "x" * 101},
    ],
)  # fmt: skip
def test_envelope_that_says_something_else(pair: Pair, head: dict[str, str]) -> None:
    pair.compare(pair.message("patient.created", json.dumps(PATIENT).encode(), **head))


@pytest.mark.parametrize("event_type", JSON)
def test_second_message_of_a_contract_is_read_directly(pair: Pair, event_type: str) -> None:
    example = next(payload for name, payload in EXAMPLES if name == event_type)
    found = tried(pair.fast, pair.message(event_type, json.dumps(example).encode()))
    assert isinstance(found, Event)
    assert found.body


def test_fullest_patient_is_read_directly_and_makes_no_dictionary(pair: Pair) -> None:
    full = json.loads((SCHEMAS / "patient.created/examples/1.0/full.json").read_text())
    found = tried(pair.fast, pair.message("patient.created", json.dumps(full).encode()))
    assert isinstance(found, Event)
    assert found.body
    assert isinstance(found.typed, PatientCreated)
    assert found.raw.payload is found.typed  # type: ignore[attr-defined]
    assert found.schema.payload == full


def test_envelope_is_as_it_was_sent_with_fields_that_nobody_knows(pair: Pair) -> None:
    sent = PATIENT | {"geburtsdatum": "1990-05-04", "haustier": {"name": "Ä", "alter": 1.0}}
    found = tried(pair.fast, pair.message("patient.created", json.dumps(sent).encode()))
    assert isinstance(found, Event)
    assert found.body
    assert found.schema.payload == sent
    assert json.dumps(found.schema.payload) == json.dumps(sent)


@pytest.mark.parametrize("number", ["1e999", "1" * 5_000])
def test_unknown_field_with_a_number_beyond_python_hurts_only_who_asks_for_it(pair: Pair, number: str) -> None:
    body = json.dumps(PATIENT)[:-1] + f', "haustier": {number}}}'
    found = tried(pair.fast, pair.message("patient.created", body.encode()))
    assert isinstance(found, Event)
    with pytest.raises(Undecodable, match="out of range"):
        found.schema  # noqa: B018


def test_text_that_is_no_utf_8_is_refused_in_fields_that_nobody_knows(pair: Pair) -> None:
    body = json.dumps(PATIENT)[:-1].encode() + b', "haustier": "\xff"}'
    found = tried(pair.fast, pair.message("patient.created", body))
    assert "UTF-8" in str(found)

"""What has to be done to a registry, computed: the table of `pyevents.registry.plan`, row by row."""

from __future__ import annotations

import json

import pytest

from pyevents.catalog import FORMAT, Catalog, Contract, Major, Version
from pyevents.registry.client import Schema
from pyevents.registry.plan import Action, drift, pending, plan
from pyevents.registry.state import State, Subject
from pyevents.registry.state import Version as Held

SUBJECT = "patient-events-patient.created"
LEVEL = "BACKWARD_TRANSITIVE"
ONE, TWO, THREE, FOREIGN = (json.dumps({"title": name}) for name in ("one", "two", "three", "foreign"))


def contracts(*texts: str) -> Catalog:
    """Return the catalog of one contract with these versions."""
    versions = tuple(Version(f"1.{place}", "json", "1.0", text, "", "{}", "{}") for place, text in enumerate(texts))
    major = Major(1, SUBJECT, "PatientCreated", "patient", versions)
    contract = Contract(
        "patient.created", "event", "s", "patient-events", "patient_id", "o", ("p",), (), "FULL_TRANSITIVE", LEVEL, 1,
        (major,), {},
    )  # fmt: skip
    return Catalog(FORMAT, (), (contract,))


def held(*texts: str, level: str | None = LEVEL) -> State:
    """Return a registry with these versions."""
    versions = tuple(Held(place, place + 100, Schema("json", text)) for place, text in enumerate(texts, start=1))
    return State({SUBJECT: Subject(SUBJECT, level, versions)}, frozenset({SUBJECT}))


def steps(actions: list[Action]) -> list[tuple[str, str]]:
    return [(action.kind, action.version) for action in actions]


EMPTY = State({}, frozenset())

TABLE = {
    "an empty registry": (contracts(ONE, TWO), EMPTY, [("settings", ""), ("create", "1.0"), ("add", "1.1")]),
    "all is there": (contracts(ONE, TWO), held(ONE, TWO), [("unchanged", "1.0"), ("unchanged", "1.1")]),
    "a new version": (contracts(ONE, TWO), held(ONE), [("unchanged", "1.0"), ("add", "1.1")]),
    "another level": (contracts(ONE), held(ONE, level="NONE"), [("settings", ""), ("unchanged", "1.0")]),
    "the global level": (contracts(ONE), held(ONE, level=None), [("settings", ""), ("unchanged", "1.0")]),
    "a stranger": (contracts(ONE), held(ONE, FOREIGN), [("differs", ""), ("unchanged", "1.0")]),
    "another order": (
        contracts(ONE, TWO),
        held(TWO, ONE),
        [("differs", ""), ("unchanged", "1.0"), ("unchanged", "1.1")],
    ),
    "a text registered twice": (contracts(ONE), held(ONE, ONE), [("unchanged", "1.0")]),
    "spaces of its own": (contracts('{"a":1}'), held('{ "a" : 1 }'), [("unchanged", "1.0")]),
    "an edited version": (contracts(TWO), held(ONE), [("differs", ""), ("differs", "1.0")]),
    "a stranger where a new version goes": (
        contracts(ONE, TWO, THREE),
        held(ONE, FOREIGN),
        [("differs", ""), ("unchanged", "1.0"), ("differs", "1.1")],
    ),
}


@pytest.mark.parametrize(("catalog", "state", "expected"), TABLE.values(), ids=TABLE)
def test_plan_is_the_table(catalog: Catalog, state: State, expected: list[tuple[str, str]]) -> None:
    assert steps(plan(catalog, state)) == expected


def test_what_the_registry_would_refuse_is_refused_in_the_plan_with_everything_after_it() -> None:
    def judge(reader: Schema, writer: Schema) -> list[str]:
        return ["TYPE_CHANGED #/"] if reader.text == TWO else []

    actions = plan(contracts(ONE, TWO, THREE), held(ONE), judge)
    assert steps(actions) == [("unchanged", "1.0"), ("refused", "1.1")]
    assert actions[1].words == "TYPE_CHANGED #/"
    assert not pending(actions)


def test_a_new_version_is_judged_against_those_that_will_be_there() -> None:
    asked: list[tuple[str, str]] = []

    def judge(reader: Schema, writer: Schema) -> list[str]:
        asked.append((reader.text, writer.text))
        return []

    plan(contracts(ONE, TWO), EMPTY, judge)
    assert asked == [(TWO, ONE)]


def test_subjects_of_nobody_are_named_and_left_alone() -> None:
    actions = plan(contracts(ONE), held(ONE)._replace(names=frozenset({SUBJECT, "orders-value"})))
    assert steps(actions) == [("unchanged", "1.0"), ("unknown", "")]
    assert not pending(actions)


def test_a_deleted_subject_is_brought_back_and_said_so() -> None:
    actions = plan(contracts(ONE), EMPTY._replace(deleted=frozenset({SUBJECT})))
    assert "was deleted there" in actions[1].words
    assert drift(actions) == [actions[1]]


def test_drift_is_what_others_did_and_not_what_is_still_to_do() -> None:
    assert drift(plan(contracts(ONE, TWO), EMPTY)) == []
    assert drift(plan(contracts(ONE, TWO), held(ONE))) == []
    assert steps(drift(plan(contracts(ONE), held(ONE, level="NONE")))) == [("settings", "")]
    assert steps(drift(plan(contracts(ONE), held(ONE, FOREIGN)))) == [("differs", "")]

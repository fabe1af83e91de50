"""What the registry registers, refuses, deletes and says of it: Confluent's answers, asked without a network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyevents.dev.registry.routes import ROUTES
from tests.unit.dev.desk import Desk
from tests.unit.dev.texts import avro, posted, record

PATIENT = record(patient_id_="integer")
PATIENT_WITH_CITY = record(patient_id_="integer", city="string")
PATIENT_WITH_CITY_AND_STREET = record(patient_id_="integer", city="string", street="string")
EMAIL = avro(("to", "string"))


def test_registered_schema_is_found_by_subject_version_and_id(desk: Desk) -> None:
    made = desk.register("patients", PATIENT)
    assert (made["id"], made["version"], made["subject"]) == (1, 1, "patients")
    assert desk.ask("GET", "/subjects") == ["patients"]
    assert desk.ask("GET", "/subjects/patients/versions") == [1]
    for version in ("1", "latest", "-1"):
        assert desk.ask("GET", f"/subjects/patients/versions/{version}") == made
    assert json.loads(desk.ask("GET", "/schemas/ids/1")["schema"]) == PATIENT
    assert desk.ask("GET", "/schemas/ids/1")["schemaType"] == "JSON"
    assert desk.ask("GET", "/schemas/ids/1/schema") == PATIENT
    assert desk.ask("GET", "/subjects/patients/versions/1/schema") == PATIENT
    assert desk.ask("GET", f"/schemas/guids/{made['guid']}")["id"] == 1
    assert desk.ask("POST", "/subjects/patients", posted(PATIENT)) == made


def test_avro_is_named_by_the_absence_of_a_type(desk: Desk) -> None:
    assert "schemaType" not in desk.register("emails", EMAIL, "AVRO")
    assert "schemaType" not in desk.ask("GET", "/schemas/ids/1")


def test_same_content_has_one_id_in_every_subject_and_one_version_in_each(desk: Desk) -> None:
    first, again, elsewhere = (desk.register(name, PATIENT) for name in ("a", "a", "b"))
    assert first == again
    assert (elsewhere["id"], elsewhere["version"]) == (first["id"], 1)
    assert desk.ask("GET", "/schemas/ids/1/subjects") == ["a", "b"]
    assert desk.ask("GET", "/schemas/ids/1/versions?subject=b") == [{"subject": "b", "version": 1}]
    assert desk.register("a", PATIENT_WITH_CITY)["id"] == 2


def test_subject_with_a_slash_is_one_subject(desk: Desk) -> None:
    desk.register("team/patients", PATIENT)
    assert desk.ask("GET", "/subjects") == ["team/patients"]
    assert desk.ask("GET", "/subjects/team%2Fpatients/versions") == [1]


def test_global_level_is_backward_and_refuses_a_removed_field(desk: Desk) -> None:
    assert desk.ask("GET", "/config") == {"compatibilityLevel": "BACKWARD"}
    desk.register("patients", PATIENT_WITH_CITY)
    assert desk.code("POST", "/subjects/patients/versions", posted(PATIENT)) == 409
    assert desk.ask("GET", "/subjects/patients/versions") == [1]
    assert desk.ask("GET", "/schemas/types") == ["JSON", "AVRO"]


@pytest.mark.parametrize(
    ("level", "wider", "narrower"),
    [("NONE", True, True), ("BACKWARD", True, False), ("FORWARD", False, True), ("FULL", False, False)],
)
def test_level_of_the_subject_decides(desk: Desk, level: str, wider: bool, narrower: bool) -> None:
    desk.register("patients", PATIENT_WITH_CITY)
    desk.ask("PUT", "/config/patients", {"compatibility": level})
    for schema, fine in ((PATIENT_WITH_CITY_AND_STREET, wider), (PATIENT, narrower)):
        target = "/compatibility/subjects/patients/versions/latest?verbose=true"
        answer = desk.ask("POST", target, posted(schema))
        assert answer["is_compatible"] is fine
        assert bool(answer["messages"]) is not fine
        if not fine:
            assert desk.code("POST", "/subjects/patients/versions", posted(schema)) == 409


def test_transitive_level_compares_with_every_version(desk: Desk) -> None:
    other_city = record(patient_id_="integer", city="integer")
    desk.register("patients", PATIENT_WITH_CITY)
    desk.ask("PUT", "/config/patients", {"compatibility": "NONE"})
    desk.register("patients", PATIENT)
    desk.ask("PUT", "/config/patients", {"compatibility": "BACKWARD"})
    everything = "/compatibility/subjects/patients/versions"
    assert desk.ask("POST", everything, posted(other_city)) == {"is_compatible": True}
    desk.ask("PUT", "/config/patients", {"compatibility": "BACKWARD_TRANSITIVE"})
    assert desk.ask("POST", everything, posted(other_city)) == {"is_compatible": False}
    assert desk.ask("POST", f"{everything}/2", posted(other_city)) == {"is_compatible": True}
    assert desk.ask("POST", f"{everything}/1", posted(other_city)) == {"is_compatible": False}


def test_schema_of_another_type_does_not_follow(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    assert desk.code("POST", "/subjects/patients/versions", posted(EMAIL, "AVRO")) == 409


def test_first_schema_is_compatible_with_nothing_being_there(desk: Desk) -> None:
    assert desk.ask("POST", "/compatibility/subjects/patients/versions/latest", posted(PATIENT))["is_compatible"]
    assert desk.ask("POST", "/compatibility/subjects/patients/versions", posted(PATIENT))["is_compatible"]
    assert desk.code("POST", "/compatibility/subjects/patients/versions/1", posted(PATIENT)) == 40401


NOT_THERE: list[tuple[str, str, Any, int]] = [
    ("GET", "/subjects/nobody/versions", None, 40401),
    ("GET", "/subjects/nobody/versions/1", None, 40401),
    ("DELETE", "/subjects/nobody", None, 40401),
    ("DELETE", "/subjects/nobody/versions/1", None, 40401),
    ("POST", "/subjects/nobody", posted(PATIENT), 40401),
    ("GET", "/subjects/patients/versions/9", None, 40402),
    ("DELETE", "/subjects/patients/versions/9", None, 40402),
    ("POST", "/compatibility/subjects/patients/versions/9", posted(PATIENT), 40402),
    ("POST", "/subjects/patients", posted(PATIENT_WITH_CITY), 40403),
    ("GET", "/schemas/ids/9", None, 40403),
    ("GET", "/schemas/ids/9/versions", None, 40403),
    ("GET", "/schemas/guids/nothing", None, 40403),
    ("GET", "/subjects/patients/metadata?key=owner&value=nobody", None, 40403),
    ("DELETE", "/subjects/patients?permanent=true", None, 40405),
    ("DELETE", "/subjects/patients/versions/1?permanent=true", None, 40407),
    ("GET", "/config/patients", None, 40408),
    ("DELETE", "/config/patients", None, 40401),
    ("GET", "/mode/patients", None, 40409),
    ("DELETE", "/mode/patients", None, 40401),
    ("POST", "/subjects/patients/versions", posted("{", "JSON"), 42201),
    ("GET", "/subjects/patients/versions/0", None, 42202),
    ("GET", "/subjects/patients/versions/newest", None, 42202),
    ("GET", "/subjects/patients/versions/2147483648", None, 42202),
    ("PUT", "/config", {"compatibility": "SOMEHOW"}, 42203),
    ("PUT", "/config", {"compatibility": None}, 42203),
    ("PUT", "/mode", {"mode": "WRITEONLY"}, 42204),
    ("POST", "/subjects/patients/versions", posted(PATIENT_WITH_CITY, id=7), 42205),
    ("PUT", "/mode", {"mode": "IMPORT"}, 42205),
    ("POST", "/associations", {"associations": [{"subject": "patients"}]}, 42212),
    ("PUT", "/config", {"compatibilityGroup": "major"}, 422),
    ("PUT", "/config", ["FULL"], 422),
    ("PUT", "/config", None, 400),
    ("GET", "/", None, 0),
    ("GET", "/nothing", None, 404),
    ("GET", "/schemas/ids/one", None, 404),
    ("PATCH", "/subjects", None, 405),
]


@pytest.mark.parametrize(
    ("method", "target", "body", "code"), NOT_THERE, ids=[f"{c[0]} {c[1]} {c[3]}" for c in NOT_THERE]
)
def test_refusal_has_confluents_code(desk: Desk, method: str, target: str, body: Any, code: int) -> None:
    desk.register("patients", PATIENT)
    if code == 0:
        assert desk.ask(method, target, body) == {}
    else:
        assert desk.code(method, target, body) == code


def test_deleted_subject_is_gone_for_readers_and_its_ids_still_answer(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    desk.register("patients", PATIENT_WITH_CITY)
    desk.ask("PUT", "/config/patients", {"compatibility": "FULL"})
    assert desk.ask("DELETE", "/subjects/patients") == [1, 2]
    assert desk.ask("GET", "/subjects") == []
    assert desk.code("GET", "/subjects/patients/versions/latest") == 40401
    assert desk.ask("GET", "/subjects?deleted=true") == ["patients"]
    assert desk.ask("GET", "/subjects/patients/versions?deletedOnly=true") == [1, 2]
    assert desk.ask("GET", "/subjects/patients/versions/1?deleted=true")["deleted"] is True
    assert json.loads(desk.ask("GET", "/schemas/ids/2")["schema"]) == PATIENT_WITH_CITY
    assert desk.code("GET", "/config/patients") == 40408, "its own level goes with it"
    assert desk.code("DELETE", "/subjects/patients") == 40404


def test_schema_deleted_and_registered_again_is_a_new_version_with_the_old_id(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    desk.ask("DELETE", "/subjects/patients")
    again = desk.register("patients", PATIENT)
    assert (again["id"], again["version"]) == (1, 2)
    assert desk.ask("GET", "/subjects/patients/versions") == [2]


def test_deleted_version_is_not_compared_with(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    desk.register("patients", PATIENT_WITH_CITY)
    assert desk.code("POST", "/subjects/patients/versions", posted(PATIENT_WITH_CITY | {"required": ["city"]})) == 409
    assert desk.ask("DELETE", "/subjects/patients/versions/latest") == 2
    assert desk.code("DELETE", "/subjects/patients/versions/2") == 40406
    assert desk.register("patients", PATIENT_WITH_CITY_AND_STREET)["version"] == 3


def test_what_is_removed_for_good_is_gone_and_its_id_is_not_given_again(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    desk.ask("DELETE", "/subjects/patients")
    assert desk.ask("DELETE", "/subjects/patients?permanent=true") == [1]
    assert desk.ask("GET", "/subjects?deleted=true") == []
    assert desk.code("GET", "/schemas/ids/1") == 40403
    assert desk.register("patients", PATIENT)["id"] == 2


def test_schema_removed_from_one_subject_stays_in_the_other(desk: Desk) -> None:
    desk.register("a", PATIENT)
    desk.register("b", PATIENT)
    desk.ask("DELETE", "/subjects/a/versions/1")
    assert desk.ask("DELETE", "/subjects/a/versions/1?permanent=true") == 1
    assert desk.ask("GET", "/schemas/ids/1/subjects") == ["b"]


def test_settings_of_a_subject_come_before_the_global_ones(desk: Desk) -> None:
    assert desk.ask("PUT", "/config", {"compatibility": "none"}) == {"compatibility": "NONE"}
    assert desk.ask("GET", "/config/patients?defaultToGlobal=true") == {"compatibilityLevel": "NONE"}
    desk.ask("PUT", "/config/patients", {"compatibility": "FULL"})
    assert desk.ask("GET", "/config/patients") == {"compatibilityLevel": "FULL"}
    assert desk.ask("DELETE", "/config/patients") == {"compatibilityLevel": "FULL"}
    assert desk.ask("GET", "/config/patients?defaultToGlobal=true") == {"compatibilityLevel": "NONE"}
    assert desk.ask("DELETE", "/config") == {"compatibilityLevel": "NONE"}
    assert desk.ask("GET", "/config") == {"compatibilityLevel": "BACKWARD"}


def test_read_only_subject_takes_nothing(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    assert desk.ask("PUT", "/mode/patients", {"mode": "READONLY"}) == {"mode": "READONLY"}
    assert desk.code("POST", "/subjects/patients/versions", posted(PATIENT_WITH_CITY)) == 42205
    assert desk.code("DELETE", "/subjects/patients") == 42205
    assert desk.code("PUT", "/config/patients", {"compatibility": "NONE"}) == 42205
    assert desk.register("others", PATIENT)["id"] == 1
    assert desk.ask("DELETE", "/mode/patients") == {"mode": "READONLY"}
    assert desk.register("patients", PATIENT_WITH_CITY)["version"] == 2


def test_import_keeps_ids_and_versions_and_contradicts_none(desk: Desk) -> None:
    desk.ask("PUT", "/mode", {"mode": "IMPORT"})
    assert desk.register("patients", PATIENT_WITH_CITY, id=40, version=3)["id"] == 40
    assert desk.register("patients", PATIENT, id=41, version=4)["version"] == 4, "an import is not compared"
    assert desk.code("POST", "/subjects/others/versions", posted(EMAIL, "AVRO", id=40)) == 42205
    assert desk.code("POST", "/subjects/patients/versions", posted(EMAIL, "AVRO", id=42, version=4)) == 42205
    desk.ask("PUT", "/mode", {"mode": "READWRITE"})
    assert desk.register("others", EMAIL, "AVRO")["id"] == 42


def test_newest_version_with_given_metadata_is_found(desk: Desk) -> None:
    desk.register("patients", PATIENT, metadata={"properties": {"major": "1"}})
    desk.register("patients", PATIENT_WITH_CITY, metadata={"properties": {"major": "1"}})
    desk.register("patients", PATIENT_WITH_CITY_AND_STREET, metadata={"properties": {"major": "2"}})
    assert desk.ask("GET", "/subjects/patients/metadata?key=major&value=1")["version"] == 2


def test_lists_are_cut_and_filtered_as_asked(desk: Desk) -> None:
    for name in ("a-1", "a-2", "a-3", "b-1"):
        desk.register(name, PATIENT)
    assert desk.ask("GET", "/subjects?subjectPrefix=a-&offset=1&limit=1") == ["a-2"]
    assert desk.ask("GET", "/subjects?offset=2&limit=-1") == ["a-3", "b-1"]
    desk.register("b-1", PATIENT_WITH_CITY)
    assert [one["version"] for one in desk.ask("GET", "/schemas?subjectPrefix=b&latestOnly=true")] == [2]
    assert len(desk.ask("GET", "/schemas")) == 5


def test_every_question_with_a_body_is_refused_when_the_body_is_none(desk: Desk) -> None:
    desk.register("patients", PATIENT)
    for route in ROUTES:
        if route.method in ("POST", "PUT"):
            target = route.path.format(subject="patients", version="1")
            assert desk.code(route.method, target) == 400, f"{route.method} {target}"

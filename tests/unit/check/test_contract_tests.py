"""A schema folder as tests of pytest, and contracts for the tests of a service that reads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pyevents.errors import CatalogInvalid, EventInvalid
from pyevents.events import EmailSend, PatientCreated
from pyevents.pytest_plugin import ContractUnderTest
from pyevents_codegen import collect
from pyevents_codegen.rules import of_preset
from pyevents_codegen.rules.text import _COMMON, enforced

from .test_rules import FIXTURES, laid_over

pytest_plugins = ["pytester"]

assert collect  # imported here once, and not anew by every run in this process


@pytest.fixture
def schemas(pytester: pytest.Pytester) -> Path:
    """Two small contracts beside a service's tests."""
    pytester.makepyfile(test_service="def test_own():\n    pass\n")
    return laid_over(pytester.path / "schemas", FIXTURES / "base")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)


def ids(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    result = run(pytester, "--collect-only", "-q", *arguments)
    assert result.ret == 0, result.stdout.str()
    return [line for line in result.outlines if "::" in line]


def add_version(schemas: Path, number: str, **fields: object) -> None:
    """Add a version of patient.created with further fields, and examples for it."""
    contract = schemas / "patient.created"
    payload = json.loads((contract / "1.0.json").read_text())
    payload["properties"].update(fields)
    (contract / f"{number}.json").write_text(json.dumps(payload))
    shutil.copytree(contract / "examples/1.0", contract / f"examples/{number}")


RANK = {"type": "integer", "minimum": 1, "maximum": 9, "description": "Rank."}


def test_nothing_is_collected_where_nobody_asks(pytester: pytest.Pytester, schemas: Path) -> None:
    assert ids(pytester) == ["test_service.py::test_own"]


@pytest.mark.parametrize("asked", [["--pyevents-schemas", "schemas"], ["-o", "pyevents_schemas=schemas"]])
def test_rules_examples_and_pairs_are_tests_named_after_their_files(
    pytester: pytest.Pytester, schemas: Path, asked: list[str]
) -> None:
    add_version(schemas, "1.1")
    found = ids(pytester, *asked)
    assert "test_service.py::test_own" in found
    assert {f"schemas/pyevents.toml::rule[{rule.id}]" for rule in of_preset("STRICT")} <= set(found)
    assert {
        "schemas/pyevents.toml::readable",
        "schemas/pyevents.toml::history",
        "schemas/patient.created/examples/1.0/full.json::accepted",
        "schemas/patient.created/examples/1.1/invalid/patient_id--required.json::refused[patient_id required]",
        "schemas/patient.created/1.0.json::compat[1.0 ITSELF]",
        "schemas/patient.created/1.1.json::compat[1.0→1.1 BACKWARD]",
        "schemas/patient.created/1.1.json::compat[1.0→1.1 FORWARD]",
        "schemas/email.send/1.0.avsc::compat[1.0 ITSELF]",
    } <= set(found)
    assert len(found) == len(set(found)), "an id stands twice"


def test_contracts_that_are_right_pass(pytester: pytest.Pytester, schemas: Path) -> None:
    add_version(schemas, "1.1")
    run(pytester, "--pyevents-schemas", "schemas").assert_outcomes(passed=len(ids(pytester, "schemas")) + 1)


def test_folder_named_on_the_command_line_is_collected_once(pytester: pytest.Pytester, schemas: Path) -> None:
    named = ids(pytester, "schemas")
    assert named == ids(pytester, "--pyevents-schemas", "schemas", "schemas")
    assert [one for one in ids(pytester, "--pyevents-schemas", "schemas", ".") if one.startswith("schemas/")] == named


def test_one_test_is_run_by_its_id_or_by_a_word(pytester: pytest.Pytester, schemas: Path) -> None:
    add_version(schemas, "1.1")
    run(pytester, "schemas/patient.created/1.1.json::compat[1.0→1.1 BACKWARD]").assert_outcomes(passed=1)
    run(pytester, "schemas", "-k", "compat and patient and FORWARD").assert_outcomes(
        passed=1, deselected=len(ids(pytester, "schemas")) - 1
    )


def test_ini_option_adds_contracts_to_a_whole_run_and_to_no_part_of_it(
    pytester: pytest.Pytester, schemas: Path
) -> None:
    pytester.makeini("[pytest]\npyevents_schemas = schemas\ntestpaths = test_service.py\n")
    assert len(ids(pytester)) > 10
    assert ids(pytester, "test_service.py") == ["test_service.py::test_own"]


def test_break_fails_its_own_test_with_the_counterexample(pytester: pytest.Pytester, schemas: Path) -> None:
    add_version(schemas, "1.1", vorname={"type": "string", "maxLength": 3, "description": "Given name."})
    result = run(pytester, "schemas/patient.created/1.1.json")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*could not read what 1.0 sent*", "*^", "*counterexample: {*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_breach_of_a_rule_fails_the_test_of_that_rule_alone(pytester: pytest.Pytester, schemas: Path) -> None:
    add_version(schemas, "1.1", rang=RANK)
    result = run(pytester, "schemas", "-k", "rule")
    result.assert_outcomes(
        failed=1,
        passed=len(of_preset("STRICT")) + 1,
        deselected=len(ids(pytester, "schemas")) - len(of_preset("STRICT")) - 2,
    )
    result.stdout.fnmatch_lines(["FAILED schemas/pyevents.toml::rule[[]example-complete]*"])


def test_wrong_example_fails_its_own_test(pytester: pytest.Pytester, schemas: Path) -> None:
    (schemas / "patient.created/examples/1.0/wrong.json").write_text('{"patient_id": "seven"}')
    result = run(pytester, "schemas", "-k", "wrong")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*example-refused*"])


def test_folder_that_cannot_be_read_is_one_failure_with_every_finding(pytester: pytest.Pytester, schemas: Path) -> None:
    (schemas / "patient.created/1.0.json").write_text("{")
    result = run(pytester, "schemas")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*1.0.json:1:2: error json-syntax*"])


@pytest.mark.slow
def test_workers_agree_on_the_tests(pytester: pytest.Pytester, schemas: Path) -> None:
    pytester.runpytest_subprocess("-n", "2", "schemas").assert_outcomes(passed=len(ids(pytester, "schemas")))


def test_misspelt_folder_is_told(pytester: pytest.Pytester, schemas: Path) -> None:
    result = run(pytester, "--pyevents-schemas", "shemas")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no folder shemas*"])


def test_plugin_imports_nothing_of_the_package_where_nobody_asks(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_light():
            assert not {"pyevents_codegen", "pyevents.memory", "confluent_kafka", "jsonschema_rs"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_service_gets_every_valid_example_through_the_codec(pyevents_contract: type[ContractUnderTest]) -> None:
    for cls in (PatientCreated, EmailSend):
        delivered = list(pyevents_contract(cls))
        assert len(delivered) >= 2
        assert all(isinstance(one.event, cls) for one in delivered)
        assert all(one.schema.producer == "pyevents-contract" and one.name.startswith("1.0/") for one in delivered)


def test_contract_without_examples_is_told_rather_than_tested_with_nothing(
    pyevents_contract: type[ContractUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyevents.catalog.load_examples", lambda package: {"patient.created": {"1.0": {}}})
    with pytest.raises(CatalogInvalid, match=r"no example of patient\.created"):
        list(pyevents_contract(PatientCreated))


def test_service_checks_its_own_fixture_against_the_contract(pyevents_contract: type[ContractUnderTest]) -> None:
    contract = pyevents_contract(PatientCreated)
    assert contract.deliver({"patient_id": 7, "vorname": "Änne", "nachname": "Muster"}).event.vorname == "Änne"
    with pytest.raises(EventInvalid, match="nachname"):
        contract.deliver({"patient_id": 7, "vorname": "Änne"})


def test_formats_that_need_no_asking_are_enforced_by_both_validators() -> None:
    assert all(enforced(draft) >= _COMMON for draft in (7, 19, 20))

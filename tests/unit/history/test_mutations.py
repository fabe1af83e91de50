"""Every change to any one field of the platform's contracts gets the verdict that docs/compatibility.md promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyevents_codegen import payload
from pyevents_codegen.compat import Question, decide_all
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history.demand import Demand
from pyevents_codegen.history.pairs import first_broken
from pyevents_codegen.history.texts import ContractTexts
from pyevents_codegen.load import load_folder
from tests.suite.changes import AVRO_CHANGES, CHANGES, Change, made
from tests.suite.compatibility import PAGE, page
from tests.suite.search import EFFORT

pytestmark = pytest.mark.slow

EVERY = EFFORT > 1
"""Also fields that are alike but for their names, as in a nightly run."""

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
EVENT_TYPES = sorted(path.parent.name for path in SCHEMAS.glob("*/contract.toml"))


@pytest.fixture(scope="module")
def folder() -> Folder:
    return load_folder(SCHEMAS)


@pytest.fixture
def contract(folder: Folder, request: pytest.FixtureRequest) -> ContractFolder:
    return next(one for one in folder.contracts if one.event_type == request.param)


@pytest.mark.parametrize("contract", EVENT_TYPES, indirect=True)
def test_every_change_of_one_field_gets_the_promised_verdict(
    folder: Folder, contract: ContractFolder, tmp_path: Path
) -> None:
    asked = list(_mutations(folder, contract, tmp_path))
    verdicts = iter(decide_all([pair for _, _, _, pairs in asked for pair in pairs]))
    wrong = []
    for change, field, direction, pairs in asked:
        verdict = first_broken([next(verdicts) for _ in pairs])
        safe = change.backward if direction == "BACKWARD" else change.forward
        if verdict.kind != ("safe" if safe else "breaking"):
            wrong.append((change.name, field, direction, verdict.kind, verdict.reason))
    assert not wrong, "\n".join(map(str, wrong))
    assert len({change.name for change, _, _, _ in asked}) >= 8


def _mutations(
    folder: Folder, contract: ContractFolder, place: Path
) -> Iterator[tuple[Change, str, str, list[Question]]]:
    old = contract.versions[-1]
    changes = CHANGES if old.format == "json" else AVRO_CHANGES
    for change in changes:
        known: set[str] = set()
        for field in sorted(set(_names(old.source.value))):
            shape = _shape(old.source.value, field)
            if shape in known and not EVERY:
                continue
            known.add(shape)
            for schema in made(change, old.source.value, field, old.format):
                new = _version(place, old, schema)
                both = msgspec.structs.replace(contract, versions=(old, new))
                texts = ContractTexts(folder, both)
                for demand in (Demand("BACKWARD", new, old), Demand("FORWARD", old, new)):
                    yield change, field, demand.direction, texts.questions(demand)


def _shape(schema: Any, field: str) -> str:
    """Return what a field is everywhere in a schema, but for its name and words: equal ones change alike."""
    found = []
    pending = [schema]
    while pending:
        node = pending.pop(0)
        if isinstance(node, dict):
            listed = node.get("properties", {})
            if isinstance(listed, dict) and field in listed:
                found.append((_bare(listed[field]), field in node.get("required", ())))
            if isinstance(node.get("fields"), list):
                found += [(_bare(one), False) for one in node["fields"] if one["name"] == field]
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return json.dumps(found, sort_keys=True)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(member) for key, member in value.items() if key not in ("description", "doc", "name")}
    return [_bare(member) for member in value] if isinstance(value, list) else value


def _version(place: Path, old: PayloadVersion, schema: dict[str, Any]) -> PayloadVersion:
    """Read the changed schema as a file is read, so that it is one a person could have written."""
    path = place / f"1.9.{'json' if old.format == 'json' else 'avsc'}"
    path.write_bytes(msgspec.json.encode(schema))
    findings: list[Finding] = []
    versions = payload.load(place, place.name, {}, findings)
    assert not findings, "\n".join(map(str, findings))
    return versions[0]


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        if isinstance(schema.get("fields"), list):
            yield from (field["name"] for field in schema["fields"])
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)


def test_the_page_says_what_is_tested_here() -> None:
    """Messages aside: which of several smallest ones is shown may differ on a busy machine."""

    def verdicts(text: str) -> str:
        return re.sub(r"`\{.*?\}`", "`…`", text)

    found = PAGE.read_text(encoding="utf-8")
    assert verdicts(found) == verdicts(page()), "run `python -m tests.suite.compatibility`"

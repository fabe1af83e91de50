"""Whatever stands in a version file, `check` ends with findings: no traceback, no hang, no network."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen.check import check
from pyevents_codegen.finding import Finding
from tests.unit.history.conftest import AVRO, PAYLOAD, History


def _with(name: str, schema: Any, **more: Any) -> str:
    return json.dumps({**PAYLOAD, "properties": {**PAYLOAD["properties"], name: schema}, **more})


def _nested(depth: int) -> str:
    return '{"type":"object","properties":{"a":' * depth + "{}" + "}}" * depth


_WIDE = {f"feld_{place}": {"type": "string", "maxLength": 9, "description": "Text."} for place in range(20_000)}
_TREE = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/definitions/tree"}}}}
_CYCLE = {"name": "inner", "type": ["null", "CreatedPayload"], "default": None}

TEXTS: dict[str, str | bytes] = {
    "megabytes": json.dumps({**PAYLOAD, "properties": {**PAYLOAD["properties"], **_WIDE}}),
    "a thousand levels": _nested(1_000),
    "ten thousand levels": "[" * 10_000,
    "recursive reference": _with("baum", {"$ref": "#/definitions/tree"}, definitions={"tree": _TREE}),
    "reference to itself": _with("baum", {"$ref": "#/definitions/a"}, definitions={"a": {"$ref": "#/definitions/a"}}),
    "remote reference": _with("fern", {"$ref": "http://127.0.0.1:9/schema"}),
    "file reference": _with("fern", {"$ref": "file:///etc/hostname"}),
    "key twice": '{"type": "object", "type": "object"}',
    "no UTF-8": b'{"type": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "10,000 values": _with("wert", {"type": "string", "enum": [f"w{place}" for place in range(10_000)]}),
    "exploding expression": _with("text", {"type": "string", "maxLength": 90, "pattern": "^(a+)+$"}),
    "beyond 2^53": _with("zahl", {"type": "integer", "minimum": 0, "maximum": 2**53 + 1}),
    "thousands of digits": '{"const": ' + "9" * 10_000 + "}",
    "no JSON": "{",
    "a number": "7",
    "nothing": "",
}
LONG = {"10,000 values", "megabytes"}
AVRO_TEXTS = {
    "illegal name": json.dumps({**AVRO, "name": "1 Payload"}),
    "cyclic type": json.dumps({**AVRO, "fields": [*AVRO["fields"], _CYCLE]}),
    "type that holds itself": json.dumps({**AVRO, "fields": [{"name": "inner", "type": "CreatedPayload"}]}),
    "unknown type": json.dumps({**AVRO, "fields": [{"name": "a", "type": "Nobody"}]}),
    "deep arrays": '{"type":"array","items":' * 3_000 + '"int"' + "}" * 3_000,
}


def _checked(past: History) -> tuple[Finding, ...]:
    root = past.path.parent
    return check(past.path, "acme.events", root, None).findings


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text", [pytest.param(text, id=name, marks=[pytest.mark.slow] * (name in LONG)) for name, text in TEXTS.items()]
)
def test_check_ends_with_findings(past: History, text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (past.path / "patient.created" / "1.1.json").write_bytes(content)
    findings = _checked(past)
    assert findings
    assert all(finding.message and finding.remedy for finding in findings)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("text", AVRO_TEXTS.values(), ids=AVRO_TEXTS)
def test_check_of_avro_ends_with_findings(past: History, text: str) -> None:
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=AVRO)
    past.write("patient.created/1.1.avsc", text)
    assert _checked(past)


@pytest.mark.slow
def test_an_expression_that_explodes_on_every_side_is_decided_or_undecided_in_time(past: History) -> None:
    for number, pattern in (("1.0", "^(a+)+$"), ("1.1", "^(a|aa)+$")):
        text = {"type": "string", "maxLength": 90, "pattern": pattern, "description": "Text."}
        past.write(f"patient.created/{number}.json", _with("text", text))
    assert all(finding.message for finding in past.findings())


def test_a_loop_of_links_is_a_finding(past: History) -> None:
    os.symlink("1.1.json", past.path / "patient.created" / "1.1.json")
    os.symlink(past.path, past.path / "patient.created" / "examples")
    assert any("1.1.json" in finding.file for finding in _checked(past))


def test_a_folder_that_links_to_itself_is_a_finding(past: History) -> None:
    os.symlink(past.path, past.path / "loop.created")
    assert _checked(past)


def test_a_lock_and_an_earlier_state_of_the_same_kind_are_told(past: History, tmp_path: Path) -> None:
    past.write("released.lock", _nested(1_000))
    assert any(finding.file.endswith("released.lock") for finding in _checked(past))

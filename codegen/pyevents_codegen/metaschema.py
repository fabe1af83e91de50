"""The forms that files of `schemas/` must have, as JSON Schemas beside this module, and findings where one has not."""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
from pathlib import Path
from typing import Any

import jsonschema_rs

from pyevents.errors import did_you_mean
from pyevents_codegen.draft import DRAFTS, VALIDATORS, draft_of, name_of
from pyevents_codegen.finding import Finding
from pyevents_codegen.pointer import escape, joined
from pyevents_codegen.source import Source, read

__all__ = ["check", "read_checked", "schema_findings"]

_DRAFTS = (7, 19, 20)
"""Those that payload schemas may be of."""


def check(source: Source, form: str) -> list[Finding]:
    """Check a file against a form: `"contract"`, `"topics"`, `"pyevents"` or `"avro"`.

    Returns:
        A finding for everything that the form refuses; an unknown key names the nearest known one.
    """
    schema = _form(form)
    plain = _plain(source.value)
    return [finding for error in _validator(form).iter_errors(plain) for finding in _findings(source, schema, error)]


def read_checked(path: Path, file: str, form: str, findings: list[Finding]) -> Source | None:
    """Read a file of a form; None where it is not, and what is wrong is added to *findings*."""
    source = read(path, file)
    if isinstance(source, Finding):
        findings.append(source)
        return None
    found = check(source, form)
    findings += found
    return None if found else source


def schema_findings(source: Source) -> list[Finding]:
    """Check that a file is a JSON Schema of a draft that this package knows."""
    schema = source.value
    if not isinstance(schema, dict):
        return [source.finding("schema-form", "", "a payload schema is an object", "Write {…}.")]
    draft = draft_of(schema)
    if draft not in _DRAFTS:
        known = "; known are " + ", ".join(f"{DRAFTS[one]}#" for one in _DRAFTS)
        return [source.finding("schema-draft", "/$schema", f"$schema names no draft known here{known}", "Name one.")]
    remedy = f"Correct it, or see the specification of {name_of(draft)}."
    return [
        source.finding("schema-form", joined(error.instance_path), f"not a JSON Schema: {error.message}", remedy)
        for error in _metavalidator(draft).iter_errors(schema)
    ]


@functools.cache
def _form(name: str) -> dict[str, Any]:
    text = importlib.resources.files(__package__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@functools.cache
def _validator(name: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_form(name), offline=True)


@functools.cache
def _metavalidator(draft: int) -> Any:
    reference = f"{DRAFTS[draft]}{'#' if draft == 7 else ''}"
    return VALIDATORS[draft]({"$ref": reference}, validate_formats=True, offline=True)


def _findings(source: Source, schema: dict[str, Any], error: jsonschema_rs.ValidationError) -> list[Finding]:
    pointer = joined(error.instance_path)
    here = pointer or "the file"
    details = error.kind.as_dict()
    if error.kind.name == "additionalProperties":
        known = _known_keys(schema, error.schema_path)
        listed = f"Known are {', '.join(known)}."
        return [
            source.finding(
                "unknown-key", f"{pointer}/{escape(key)}", f"unknown key {key!r}", did_you_mean(key, known, listed)
            )
            for key in details["unexpected"]
        ]
    if error.kind.name == "required":
        missing = details["property"]
        return [source.finding("missing-key", pointer, f"{here} lacks the key {missing!r}", f"Add {missing!r}.")]
    return [source.finding("wrong-value", pointer, f"{here}: {error.message}", "Correct the value.")]


def _known_keys(schema: dict[str, Any], path: list[str | int]) -> list[str]:
    node: Any = schema
    for token in path[:-1]:
        node = node[token]
        if isinstance(node, dict) and "$ref" in node and len(node) <= 2:
            node = schema["definitions"][node["$ref"].rpartition("/")[2]]
    return sorted(node["properties"])


def _plain(value: Any) -> Any:
    """Return the value as JSON has it; TOML's dates, infinities and NaN, which no form allows, become null."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else None

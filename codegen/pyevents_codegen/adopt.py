"""From a registry's subject to a contract: for a team whose topics were in production before its contracts. Pure.

A message schema that was composed here gives back the files that it was composed from; any other schema becomes the
payload, with what only a person knows left to say: who owns it, who sends it, what orders it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from msgspec import Struct

from pyevents.registry.state import Subject
from pyevents_codegen import naming
from pyevents_codegen.compose import PAYLOAD
from pyevents_codegen.references import moved
from pyevents_codegen.scaffold import toml

__all__ = ["Adopted", "adopt"]

_NOBODY = "unknown-service"
_ENVELOPE = {"eventId", "eventType", "version", "timestamp", "producer", "payload"}
_MAJOR = re.compile(r"(.+)\.v([2-9]|[1-9][0-9]+)")


class Adopted(Struct, frozen=True):
    """What becomes of a subject: text by path in the schema folder, its topic, and what is left to a person."""

    event_type: str
    topic: str
    files: dict[str, str]
    notes: tuple[str, ...]


def adopt(found: Subject) -> Adopted | str:
    """Return the contract of a subject, or why there is none."""
    if found.name.endswith("-key"):
        return "it is of keys; a contract's key is a field of its payload"
    if not found.versions:
        return "it has no version"
    kinds = {version.schema.format for version in found.versions}
    if len(kinds) > 1 or not kinds <= {"json", "avro"}:
        return f"its versions are {' and '.join(sorted(kinds))}; a contract is JSON Schema or Avro"
    schemas: list[Any] = [json.loads(version.schema.text) for version in found.versions]
    kind: Literal["json", "avro"] = "avro" if "avro" in kinds else "json"
    if not all(isinstance(schema, dict) for schema in schemas):
        return "a version is no object or record"
    name = _name(schemas[-1], kind)
    event_type, major = _event_type(name or found.name.removesuffix("-value"))
    topic = found.name.removesuffix(f"-{name}").removesuffix("-value")
    ours = [_is_ours(schema, kind) for schema in schemas]
    payloads = [_payload(schema, kind, event_type, whole=not own) for schema, own in zip(schemas, ours, strict=True)]
    key = _key(payloads[-1], kind)
    suffix = "avsc" if kind == "avro" else "json"
    files = {
        f"{event_type}/{major}.{minor}.{suffix}": json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
        for minor, payload in enumerate(payloads)
    }
    if major == 1:
        files[f"{event_type}/contract.toml"] = _contract(payloads[-1], topic, key, found.level)
    notes = [f"say in contract.toml who owns, sends and reads it ({_NOBODY} stands there)"]
    if not all(ours):
        notes.append("its messages have no envelope yet; what pyevents sends has one, so consumers move first")
    if not name:
        notes.append(f"its event type is taken from the subject; rename {event_type} before anything is released")
    if key == "id" and not _has(payloads[-1], kind, "id"):
        notes.append("no required field could order its events; name one as key")
    return Adopted(event_type, topic, files, tuple(notes))


def _name(schema: dict[str, Any], kind: str) -> str:
    if kind == "json":
        return str(schema.get("title", ""))
    namespace = schema.get("namespace")
    return f"{namespace}.{schema.get('name')}" if namespace else str(schema.get("name", ""))


def _event_type(name: str) -> tuple[str, int]:
    """Return event type and major: `OrderPlaced` and `com.shop.OrderPlaced` are `order.placed`."""
    found = _MAJOR.fullmatch(name)
    name, major = (found[1], int(found[2])) if found else (name, 1)
    if naming.EVENT_TYPE.fullmatch(name):
        return name, major
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name.rpartition(".")[2]) or ["event"]
    lower = [word.lower() for word in words]
    entity = lower[0] if lower[0][0].isalpha() else f"e{lower[0]}"
    return f"{entity}.{'_'.join(lower[1:]) or 'published'}", major


def _is_ours(schema: dict[str, Any], kind: str) -> bool:
    names = schema.get("properties", {}) if kind == "json" else [field["name"] for field in schema.get("fields", [])]
    return set(names) >= _ENVELOPE


def _payload(schema: dict[str, Any], kind: str, event_type: str, *, whole: bool) -> dict[str, Any]:
    if kind == "json":
        inner = schema if whole else schema["properties"]["payload"]
        back = moved(inner, lambda reference: "#" + reference.removeprefix("#").removeprefix(PAYLOAD.removeprefix("#")))
        draft = schema.get("$schema", "http://json-schema.org/draft-07/schema#")
        return {"$schema": draft, **{name: value for name, value in back.items() if name not in ("$schema", "$id")}}
    if whole:
        namespace, _, action = event_type.partition(".")
        return {**schema, "name": f"{naming.class_name(action, 1)}Payload", "namespace": namespace}
    record: dict[str, Any] = next(field["type"] for field in schema["fields"] if field["name"] == "payload")
    inherited = {} if "namespace" in record else {"namespace": schema.get("namespace", "")}
    return {"type": record["type"], "name": record["name"], **inherited, **record}


def _has(payload: dict[str, Any], kind: str, name: str) -> bool:
    return name in (payload.get("properties", {}) if kind == "json" else [field["name"] for field in payload["fields"]])


def _key(payload: dict[str, Any], kind: str) -> str:
    """Return the required text or whole number whose name says that it orders: `order_id` before `number`."""
    if kind == "json":
        fields = payload.get("properties", {})
        able = [
            name
            for name in payload.get("required", ())
            if isinstance(fields.get(name), dict) and fields[name].get("type") in ("string", "integer")
        ]
    else:
        plain = ("string", "int", "long")
        able = [one["name"] for one in payload["fields"] if one["type"] in plain and "default" not in one]
    return min(able, key=lambda name: (not name.lower().endswith("id"), able.index(name)), default="id")


def _contract(payload: dict[str, Any], topic: str, key: str, level: str | None) -> str:
    summary = str(payload.get("description") or payload.get("doc") or "Taken from the registry; say what it means.")
    settings: dict[str, Any] = {
        "summary": summary[:300],
        "kind": "event",
        "topic": topic,
        "key": key,
        "owner": _NOBODY,
        "producers": [_NOBODY],
        "consumers": [],
    }
    if level:
        settings["registry_compatibility"] = level
    if level == "NONE":
        settings["registry_compatibility_reason"] = "It was so when the contract was taken from the registry."
    return "".join(f"{name} = {toml(value)}\n" for name, value in settings.items())

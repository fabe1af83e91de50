"""The files of a new contract, or of a new schema folder: pure values, which pass the strictest preset as they are."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any, Literal

from msgspec import Struct

from pyevents_codegen import naming

__all__ = ["Answers", "base_files", "contract_files", "folder_files", "toml", "topic_table"]

_LARGEST = 2**53 - 1
_DEFAULTS = """\
[defaults]
partitions = 3
replication = 1
min_insync_replicas = 1
retention_days = 7
cleanup_policy = "delete"

"""
_EXAMPLE = "0199a3c4-5b1e-7d20-9c3f-6a54e0b7d812"


class Answers(Struct, frozen=True):
    """What a person has to say about a new contract."""

    event_type: str
    summary: str
    kind: Literal["event", "command"]
    topic: str
    key: str
    key_type: Literal["integer", "string"]
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    format: Literal["json", "avro"]


def contract_files(said: Answers) -> dict[str, str]:
    """Return text by path in the schema folder: contract, first version with the key alone, two examples."""
    name, payload = ("1.0.avsc", _avro(said)) if said.format == "avro" else ("1.0.json", _json(said))
    value: Any = 4711 if said.key_type == "integer" else _EXAMPLE
    wrong: Any = "4711" if said.key_type == "integer" else 4711
    files = {
        "contract.toml": _contract(said),
        name: _text(payload),
        "examples/1.0/full.json": _text({said.key: value}),
        f"examples/1.0/invalid/{said.key}--type.json": _text({said.key: wrong}),
    }
    return {f"{said.event_type}/{path}": text for path, text in files.items()}


def folder_files(said: Answers) -> dict[str, str]:
    """Return text by path for a schema folder that is to be: settings, topics with the contract's own, envelopes."""
    services = sorted({said.owner, *said.producers, *said.consumers})
    settings = {"pyevents.toml": f'preset = "STRICT"\nservices = {toml(services)}\n'}
    base = base_files()
    return {**base, **settings, "topics.toml": base["topics.toml"] + topic_table(said.topic, said.summary)}


def base_files() -> dict[str, str]:
    """Return text by path for what every schema folder has: topics' defaults and envelopes."""
    envelopes = importlib.resources.files(__package__).joinpath("template/envelope")
    names = ("1.0.json", "1.0.avsc")
    found = {f"envelope/{name}": envelopes.joinpath(name).read_text(encoding="utf-8") for name in names}
    return {"topics.toml": _DEFAULTS, **found}


def topic_table(name: str, summary: str) -> str:
    """Return the table of one topic for `topics.toml`."""
    return f"[topics.{toml(name)}]\nsummary = {toml(summary)}\n"


def _contract(said: Answers) -> str:
    names = ("summary", "kind", "topic", "key", "owner", "producers", "consumers")
    return "".join(f"{name} = {toml(getattr(said, name))}\n" for name in names)


def _json(said: Answers) -> dict[str, Any]:
    limits = {"minimum": 1, "maximum": _LARGEST} if said.key_type == "integer" else {"minLength": 1, "maxLength": 100}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": naming.class_name(said.event_type, 1),
        "description": said.summary,
        "type": "object",
        "additionalProperties": False,
        "required": [said.key],
        "properties": {said.key: {"type": said.key_type, **limits, "description": _meaning(said)}},
    }


def _avro(said: Answers) -> dict[str, Any]:
    entity, _, action = said.event_type.partition(".")
    kind, limits = (
        ("long", {"minimum": 1, "maximum": _LARGEST})
        if said.key_type == "integer"
        else ("string", {"minLength": 1, "maxLength": 100})
    )
    return {
        "type": "record",
        "name": f"{naming.class_name(action, 1)}Payload",
        "namespace": entity,
        "doc": said.summary,
        "fields": [{"name": said.key, "type": kind, **limits, "doc": _meaning(said)}],
    }


def _meaning(said: Answers) -> str:
    return f"Orders all events of one {said.event_type.partition('.')[0].replace('_', ' ')}."


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def toml(value: Any) -> str:
    """Return a text, or a list of texts, as TOML writes it: as JSON does, the delete character aside."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

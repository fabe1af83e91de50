"""Rules on what a payload is made of: objects, fields, arrays, choices, and the words that describe them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyevents.errors import did_you_mean
from pyevents_codegen import naming
from pyevents_codegen.draft import draft_of, name_of
from pyevents_codegen.opening import disjoint
from pyevents_codegen.references import followed
from pyevents_codegen.rules.case import Case, Node, Problem, Seen, types_of
from pyevents_codegen.rules.keywords import KEYWORDS
from pyevents_codegen.rules.rule import Rule
from pyevents_codegen.shape import reduce

__all__ = ["RULES"]

_SAYS_WHAT = frozenset(
    {"$ref", "allOf", "anyOf", "const", "enum", "if", "oneOf", "properties", "type", "additionalProperties", "items"}
)


def _closed(case: Case) -> Iterator[Problem]:
    for seen, node in case.values:
        schema = node.schema
        if "object" not in types_of(schema) and "properties" not in schema:
            continue
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if others is not False and not (isinstance(others, dict) and others):
            yield seen.problem(node, "the object admits fields that the contract does not name")


def _described(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        if not _has_words(seen, seen.root):
            yield seen.problem("", "the payload has no description")
        for node in seen.fields:
            if not _has_words(seen, node.schema):
                yield seen.problem(node, f"the field {node.name!r} has no description")


def _has_words(seen: Seen, schema: dict[str, Any]) -> bool:
    for said in (schema, followed(seen.root, schema), *schema.get("allOf", ())):
        if isinstance(said, dict) and str(said.get("description", "")).strip():
            return True
    return False


def _typed(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        properties = node.schema.get("properties", {})
        for name, schema in properties.items() if not node.partial else ():
            if schema is True or (isinstance(schema, dict) and not _SAYS_WHAT & schema.keys()):
                yield seen.problem(f"{node.pointer}/properties/{name}", f"the field {name!r} can be anything")


def _keywords(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        draft = draft_of(seen.root) or 7
        known = KEYWORDS[draft]
        if seen.version.format == "avro":
            continue  # its attributes are judged when it is read
        for node in seen.nodes:
            for keyword in node.schema.keys() - known:
                message = f"the keyword {keyword!r} means nothing in {name_of(draft)}"
                remedy = did_you_mean(keyword, known, "Remove it, or write it as `$comment`.")
                yield seen.problem(f"{node.pointer}/{keyword}", message, remedy)


def _defaults(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        properties = node.schema.get("properties", {})
        for name in node.schema.get("required", ()):
            schema = properties.get(name)
            if isinstance(schema, dict) and "default" in schema:
                message = f"the field {name!r} is required and has a default, which nobody will ever use"
                yield seen.problem(f"{node.pointer}/properties/{name}/default", message)


def _one_of(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        branches = node.schema.get("oneOf", ())
        if branches and not disjoint(seen.root, f"{node.pointer}/oneOf", len(branches)):
            yield seen.problem(f"{node.pointer}/oneOf", "a value may match two branches, and is then refused")


def _blurred(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        if any(_chooses(node) for node in seen.nodes):
            name = naming.class_name(case.contract.event_type, seen.version.number[0])
            made = reduce(name, seen.root, defaults=seen.version.format == "avro")
            for pointer in made.blurred:
                yield seen.problem(pointer, "no decoder can tell the members of this union apart")


def _chooses(node: Node) -> bool:
    return "anyOf" in node.schema or "oneOf" in node.schema or len(types_of(node.schema) - {"null"}) > 1


def _arrays(case: Case) -> Iterator[Problem]:
    for seen, node in case.values:
        schema = node.schema
        if "array" in types_of(schema) and not {"maxItems", "enum", "const"} & schema.keys():
            yield seen.problem(node, "the array may be of any length")


def _portable(case: Case) -> Iterator[Problem]:
    for seen in case.versions:
        if draft_of(seen.root) != 7:
            yield seen.problem("/$schema", "registries cannot compare versions in this dialect")


_rule = partial(Rule, category="structure")

RULES = (
    _rule(
        id="object-closed",
        preset="MINIMAL",
        purpose="Every object is closed, or says that it is a map and what its values are.",
        why="A misspelt optional field passes an open object: the producer believes it was sent, no consumer reads it.",
        fix='{"type": "object", "properties": {…}}  →  add "additionalProperties": false (a map: a schema)',
        remedy='Add "additionalProperties": false, or a schema for the values of a map.',
        find=_closed,
    ),
    _rule(
        id="field-described",
        preset="STANDARD",
        purpose="The payload and every field in it has a description.",
        why="Consumers are written by other teams; what a name means to its author, they guess.",
        fix='"status": {"type": "string"}  →  add "description": "How far the match has come."',
        remedy="Say what it means, and in which unit, in a sentence.",
        find=_described,
    ),
    _rule(
        id="field-typed",
        preset="MINIMAL",
        purpose="Every field says what its values are.",
        why="A field without a type takes anything, and every consumer finds out for itself.",
        fix='"notes": {"description": "Remarks."}  →  add "type": "string"',
        remedy='Add "type", "enum", "const" or "$ref".',
        find=_typed,
    ),
    _rule(
        id="keyword-known",
        preset="MINIMAL",
        purpose="Schemas use only keywords of their draft.",
        why="Validators ignore what they do not know: a misspelt limit limits nothing, and nobody is told.",
        fix='"maxLenght": 10  →  "maxLength": 10',
        find=_keywords,
    ),
    _rule(
        id="required-default",
        preset="MINIMAL",
        purpose="No required field has a default.",
        why="One of the two words is wrong: either the field may be left out, or the default is never used.",
        fix='"required": ["status"] with {"default": "open"}  →  take it out of "required", or take the default away',
        remedy="Take the default away, or the field out of `required`.",
        find=_defaults,
    ),
    _rule(
        id="one-of-overlap",
        preset="MINIMAL",
        purpose="No value matches two branches of a oneOf.",
        why="oneOf refuses what matches twice, so a value that is right in two ways is not accepted at all.",
        fix='"oneOf": [{"type": "integer"}, {"type": "number"}]  →  "type": "number"',
        remedy="Write anyOf, or a constant field in each branch that tells them apart.",
        find=_one_of,
    ),
    _rule(
        id="union-blurred",
        preset="STANDARD",
        purpose="A generated class can tell the members of every union apart.",
        why="Two objects or two arrays in one union look alike to a decoder, so the class holds plain data there.",
        fix='"anyOf": [{"type": "object", …}, {"type": "object", …}]  →  one object with optional fields',
        remedy="Make them one object with optional fields, or give each a field of its own.",
        find=_blurred,
    ),
    _rule(
        id="array-bounded",
        preset="STANDARD",
        purpose="Every array has a limit.",
        why="A broker refuses messages beyond a size; which event is the first one is found out at night.",
        fix='{"type": "array", "items": {…}}  →  add "maxItems": 100',
        remedy='Add "maxItems".',
        find=_arrays,
    ),
    _rule(
        id="dialect-portable",
        preset="STANDARD",
        purpose="JSON Schemas are draft-07.",
        why="It is the newest draft that every registry can compare: Apicurio 3.3.3 answers 500 to the second 2020-12 "
        "version of a subject, and Karapace reads draft-07 only.",
        fix='"$schema": "https://json-schema.org/draft/2020-12/schema"  →  "http://json-schema.org/draft-07/schema#"',
        remedy="Write it in draft-07, or ignore this rule where no registry compares versions.",
        find=_portable,
    ),
)

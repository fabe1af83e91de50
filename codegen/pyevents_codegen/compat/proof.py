"""Owns proving that a reader admits everything a writer admits; finds no counterexamples.

The theorem is jsonschema-rs's. What is added here is when not to believe it: a keyword that only one
of the two validators enforces means different things to two services, so no proof holds for both.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

import jsonschema_rs

from pyevents_codegen.compat.cycles import turns_in_place
from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.judges import enforced_formats, one_sided_formats
from pyevents_codegen.compat.local import with_local_references
from pyevents_codegen.compat.plainer import in_later_words, plainer, without_one_sided
from pyevents_codegen.compat.structure import contained_by_structure
from pyevents_codegen.compat.verdict import Json

__all__ = [
    "Answer",
    "canonical",
    "contained",
    "contained_at_a_glance",
    "contained_by_parts",
    "holds_for_both",
    "one_sided_keywords",
    "same_draft",
]

Answer: TypeAlias = Literal["yes", "no", "unknown"]

# Assertions that read the same in every draft from 4 on ("integer" does not: draft 4 refuses 1.0), and those since 6.
_ALIKE = {
    "type", "enum", "properties", "patternProperties", "additionalProperties", "required", "minLength",
    "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "minimum",
    "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum",
    "allOf", "anyOf", "oneOf", "not", "pattern", "title", "description", "default", "$schema", "definitions", "$defs",
}  # fmt: skip
_ALIKE_SINCE_6 = _ALIKE | {"const", "contains", "propertyNames", "examples", "$comment", "items", "$ref"}
_NAMES = {"properties", "patternProperties", "definitions", "$defs"}
_ONES = {"additionalProperties", "not", "contains", "propertyNames", "items"}


def canonical(document: Document) -> jsonschema_rs.CanonicalSchema:
    """Return the canonical form of *document*, formats enforced, network refused."""
    made: jsonschema_rs.CanonicalSchema | None = document.known.get("canonical")
    if made is None:
        draft = None if document.declared else document.draft
        made = jsonschema_rs.canonicalize(document.value, draft=draft, validate_formats=True, offline=True)
        document.known["canonical"] = made
    return made


def contained(reader: Document, writer: Document) -> Answer:
    """Say whether *reader* provably admits every message of *writer*: at a glance, then part by part."""
    answer = contained_at_a_glance(reader, writer)
    return contained_by_parts(reader, writer) if answer == "unknown" else answer


def contained_at_a_glance(reader: Document, writer: Document) -> Answer:
    """Ask the canonical proof, about the two as they are and in plainer words."""
    answer = _covered(reader, writer)
    if answer != "unknown":
        return answer
    simple = _simple(reader), _simple(writer)
    return _covered(*simple) if simple != (reader, writer) else answer


def contained_by_parts(reader: Document, writer: Document) -> Answer:
    """Take the two apart; dearer than a glance, and worth it where no message was found that breaks."""
    alike = same_draft(_simple(reader), _simple(writer))
    if alike is None or any(one.ids or turns_in_place(one) for one in alike):
        return "unknown"
    by_structure = contained_by_structure(*alike, lambda ours, theirs: _covered(ours, theirs) == "yes")
    return "yes" if by_structure else "unknown"


def _simple(document: Document) -> Document:
    return plainer(with_local_references(document) or document)


def holds_for_both(reader: Document, writer: Document) -> bool:
    """Say whether a proof that holds for the one validator holds for the other too.

    It does where both enforce the same keywords, where the two schemas have their one-sided keywords
    in the same places, and where it can be proved again without them.
    """
    ours, theirs = one_sided_keywords(reader), one_sided_keywords(writer)
    if ours == theirs:
        return True
    return contained(without_one_sided(reader), without_one_sided(writer)) == "yes"


def _covered(reader: Document, writer: Document) -> Answer:
    pair = same_draft(reader, writer)
    if pair is None:
        return "unknown"
    try:
        return str(canonical(pair[0]).covers(canonical(pair[1])))  # type: ignore[return-value]
    except (jsonschema_rs.canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
        return "unknown"


def same_draft(reader: Document, writer: Document) -> tuple[Document, Document] | None:
    """Return the pair under one draft, or None where a keyword in it changes meaning between the drafts."""
    if reader.draft == writer.draft:
        return reader, writer
    if isinstance(reader.value, bool):
        return replace(reader, draft=writer.draft, value=_constant(reader.value, writer)), writer
    if isinstance(writer.value, bool):
        return reader, replace(writer, draft=reader.draft, value=_constant(writer.value, reader))
    oldest = min(reader.draft, writer.draft)
    reader, writer = in_later_words(reader), in_later_words(writer)
    formats = enforced_formats(reader.draft) & enforced_formats(writer.draft)
    if not (_reads_alike(reader.value, oldest, formats) and _reads_alike(writer.value, oldest, formats)):
        return None
    return _as_draft_7(reader), _as_draft_7(writer)


def _as_draft_7(document: Document) -> Document:
    value = {keyword: member for keyword, member in document.value.items() if keyword != "$schema"}
    return replace(document, value=value, draft=7, declared=False)


def one_sided_keywords(document: Document) -> dict[str, str]:
    """Return pointer -> keyword value for each keyword that only one of the two validators enforces."""
    found: dict[str, str] | None = document.known.get("one sided")
    if found is None:
        found = document.known["one sided"] = _one_sided_keywords(document)
    return found


def _one_sided_keywords(document: Document) -> dict[str, str]:
    formats = one_sided_formats(document.draft)
    found: dict[str, str] = {}
    pending: list[tuple[Json, str]] = [(document.value, "")]
    while pending:
        node, pointer = pending.pop()
        if isinstance(node, dict):
            if isinstance(node.get("format"), str) and node["format"] in formats:
                found[f"{pointer}/format"] = node["format"]
            if document.draft in (6, 7):
                for keyword in ("contentEncoding", "contentMediaType"):
                    if isinstance(node.get(keyword), str):
                        found[f"{pointer}/{keyword}"] = node[keyword]
            pending.extend(
                (child, f"{pointer}/{name}") for name, child in node.items() if name not in ("enum", "const")
            )
        elif isinstance(node, list):
            pending.extend((child, f"{pointer}/{place}") for place, child in enumerate(node))
    return found


def _constant(value: bool, beside: Document) -> Json:
    schema: dict[str, Json] = {} if value else {"not": {}}
    return {"$schema": beside.value["$schema"], **schema} if beside.declared else schema


def _reads_alike(schema: Json, oldest: int, formats: frozenset[str]) -> bool:
    """Say whether a schema means the same in every draft from *oldest* on."""
    if isinstance(schema, bool) and oldest > 4:
        return True
    if not isinstance(schema, dict):
        return False
    known = _ALIKE_SINCE_6 if oldest > 4 else _ALIKE

    def alike(child: Json) -> bool:
        return _reads_alike(child, oldest, formats)

    for keyword, value in schema.items():
        if keyword == "format" and oldest > 4 and value in formats & enforced_formats(7):
            continue
        if keyword not in known:
            return False
        if keyword == "type" and oldest == 4 and "integer" in ([value] if isinstance(value, str) else value):
            return False
        if keyword == "$ref" and (len(schema) > 1 or not value.startswith("#")):
            return False
        if keyword in _NAMES and not all(map(alike, value.values())):
            return False
        if keyword in ("allOf", "anyOf", "oneOf") and not all(map(alike, value)):
            return False
        if keyword in _ONES and not isinstance(value, bool) and not alike(value):
            return False
    return True

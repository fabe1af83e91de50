"""Owns proving that a reader admits everything a writer admits; finds no counterexamples.

The theorem is jsonschema-rs's. What is added here is when not to believe it: a keyword that only one
of the two validators enforces means different things to two services, so no proof holds for both.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

import jsonschema_rs

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.judges import one_sided_formats
from pyevents_codegen.compat.plainer import in_later_words, plainer, without_one_sided
from pyevents_codegen.compat.structure import contained_by_structure
from pyevents_codegen.compat.verdict import Json

__all__ = ["Answer", "canonical", "contained", "holds_for_both", "one_sided_keywords", "same_draft"]

Answer: TypeAlias = Literal["yes", "no", "unknown"]

# Assertions that read the same in every draft from 4 on ("integer" does not: draft 4 refuses 1.0).
_ALIKE = {
    "type", "enum", "properties", "patternProperties", "additionalProperties", "required", "minLength",
    "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "minimum",
    "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum",
    "allOf", "anyOf", "oneOf", "not", "pattern", "title", "description", "default", "$schema",
}  # fmt: skip
_NAMES = {"properties", "patternProperties"}


def canonical(document: Document) -> jsonschema_rs.CanonicalSchema:
    """Return the canonical form of *document*, formats enforced, network refused."""
    draft = None if document.declared else document.draft
    return jsonschema_rs.canonicalize(document.value, draft=draft, validate_formats=True, offline=True)


def contained(reader: Document, writer: Document) -> Answer:
    """Say whether *reader* provably admits every message of *writer*."""
    answer = _covered(reader, writer)
    if answer != "unknown":
        return answer
    simple = plainer(reader), plainer(writer)
    if simple != (reader, writer):
        answer = _covered(*simple)
    if answer == "unknown" and reader.draft == writer.draft and not (reader.ids or writer.ids):
        by_structure = contained_by_structure(*simple, lambda ours, theirs: _covered(ours, theirs) == "yes")
        return "yes" if by_structure else "unknown"
    return answer


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
    reader, writer = in_later_words(reader), in_later_words(writer)
    if not (_reads_alike(reader.value) and _reads_alike(writer.value)):
        return None
    return _as_draft_7(reader), _as_draft_7(writer)


def _as_draft_7(document: Document) -> Document:
    value = {keyword: member for keyword, member in document.value.items() if keyword != "$schema"}
    return replace(document, value=value, draft=7, declared=False)


def one_sided_keywords(document: Document) -> dict[str, str]:
    """Return pointer -> keyword value for each keyword that only one of the two validators enforces."""
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


def _reads_alike(schema: Json) -> bool:
    if not isinstance(schema, dict):
        return False
    for keyword, value in schema.items():
        if keyword not in _ALIKE:
            return False
        if keyword == "type" and "integer" in ([value] if isinstance(value, str) else value):
            return False
        if keyword in _NAMES and not all(_reads_alike(child) for child in value.values()):
            return False
        if keyword in ("allOf", "anyOf", "oneOf") and not all(_reads_alike(child) for child in value):
            return False
        if keyword == "additionalProperties" and not isinstance(value, bool) and not _reads_alike(value):
            return False
        if keyword == "not" and not _reads_alike(value):
            return False
    return True

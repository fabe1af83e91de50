"""Owns rewriting a schema into an equivalent one that is easier to prove; proves nothing itself.

Every rewriting keeps the set of admitted messages as it is, for both validators. They were found as pairs
that the proof left open: an expression that matches any text, a format that nobody enforces, a
property that says what `additionalProperties` says anyway.
"""

from dataclasses import replace
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.judges import enforced_formats, one_sided_formats
from pyevents_codegen.compat.patterns import parsed
from pyevents_codegen.compat.verdict import Json
from pyevents_codegen.references import mapped

__all__ = ["in_later_words", "plainer", "without_one_sided"]

_SINCE = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "then": 7, "else": 7, "minContains": 19, "maxContains": 19,
    "unevaluatedProperties": 19, "unevaluatedItems": 19, "dependentRequired": 19, "dependentSchemas": 19,
    "prefixItems": 20,
}  # fmt: skip


_PARTNERS = frozenset(
    {"allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef", "$recursiveRef", "dependentSchemas", "not"}
)


def plainer(document: Document) -> Document:
    """Return an equivalent of *document* in fewer words."""
    formats = enforced_formats(document.draft)

    def rewritten(schema: dict[str, Json], pointer: str) -> Json:
        out = {keyword: value for keyword, value in schema.items() if _SINCE.get(keyword, 0) <= document.draft}
        if isinstance(out.get("pattern"), str) and _matches_anything(out["pattern"]):
            del out["pattern"]
        if isinstance(out.get("format"), str) and out["format"] not in formats:
            del out["format"]
        return _without_echoes(out, document.draft)

    return replace(document, value=mapped(document.value, rewritten))


def in_later_words(document: Document) -> Document:
    """Return a draft-04 document with its exclusive bounds in the words of draft-06 and later."""
    if document.draft != 4:
        return document

    def rewritten(schema: dict[str, Json], pointer: str) -> Json:
        out = dict(schema)
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if out.pop(exclusive, None) is True and bound in out:
                out[exclusive] = out.pop(bound)
        return out

    return replace(document, value=mapped(document.value, rewritten))


def without_one_sided(document: Document) -> Document:
    """Return *document* as a validator reads it that enforces only what both enforce."""
    formats = one_sided_formats(document.draft)

    def rewritten(schema: dict[str, Json], pointer: str) -> Json:
        out = dict(schema)
        if isinstance(out.get("format"), str) and out["format"] in formats:
            del out["format"]
        if document.draft in (6, 7):
            out.pop("contentEncoding", None)
            out.pop("contentMediaType", None)
        return out

    return replace(document, value=mapped(document.value, rewritten))


def _matches_anything(pattern: str) -> bool:
    tree = parsed(pattern)
    return tree is not None and all(
        code in (op.MAX_REPEAT, op.MIN_REPEAT) and argument[0] == 0 and _plain(argument[2]) for code, argument in tree
    )


def _plain(tree: Any) -> bool:
    return all(code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN) for code, _ in tree)


def _without_echoes(schema: dict[str, Json], draft: int) -> dict[str, Json]:
    properties, rest = schema.get("properties"), schema.get("additionalProperties")
    if not isinstance(properties, dict):
        return schema
    if "additionalProperties" not in schema:
        rest = schema.get("unevaluatedProperties") if draft > 7 and not _has_partners(schema) else None
    if not isinstance(rest, dict) or schema.get("patternProperties"):
        return schema
    return {**schema, "properties": {name: member for name, member in properties.items() if member != rest}}


def _has_partners(schema: dict[str, Json]) -> bool:
    return not _PARTNERS.isdisjoint(schema)

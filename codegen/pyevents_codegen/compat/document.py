"""Owns reading one JSON Schema text: value, draft, and the references inside it. Validates no messages."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from pyevents_codegen.compat.verdict import Json, SchemaRefused
from pyevents_codegen.draft import draft_of
from pyevents_codegen.pointer import tokens
from pyevents_codegen.strict import NotStrict, parse

__all__ = ["Document", "parse_json", "read_document"]

_DEEPEST = 120  # the proof and both validators recurse; real contracts stay below 20


@dataclass(frozen=True)
class Document:
    """A parsed schema.

    Attributes:
        value: The schema, a dict or a bool.
        draft: 4, 6, 7, 19 or 20.
        declared: Whether `$schema` names the draft; without it draft-07 is meant.
        ids: Every identified subschema by its absolute or fragment identifier.
        known: What was found out about this very document, by name; a changed copy begins with nothing.
    """

    value: Json
    draft: int
    declared: bool
    ids: dict[str, Json]
    known: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def resolve(self, reference: str) -> Json:
        """Return the subschema that a `$ref` names, or True where it lies outside this document."""
        base, fragment = urldefrag(reference)
        root = self.ids.get(base, self.ids.get(urljoin(self.ids.get("", ""), base))) if base else self.value
        if root is None:
            return True
        if fragment and not fragment.startswith("/"):
            return self.ids.get(f"#{fragment}", True)
        for key in tokens(unquote(fragment)):
            if isinstance(root, dict) and key in root:
                root = root[key]
            elif isinstance(root, list) and key.isdigit() and int(key) < len(root):
                root = root[int(key)]
            else:
                return True
        return root


def read_document(text: str, role: str) -> Document:
    """Parse *text* as a JSON Schema.

    Args:
        text: The schema text.
        role: "reader" or "writer", for the sentence of a refusal.

    Raises:
        SchemaRefused: Not JSON, a member named twice, nested too deeply, or of an unknown dialect.
    """
    value = parse_json(text, role)
    if not isinstance(value, dict | bool):
        raise SchemaRefused(f"the {role} is not a JSON Schema: neither an object nor a boolean")
    draft = draft_of(value)
    if draft is None:
        raise SchemaRefused(f"the {role}'s $schema names no draft of JSON Schema from 4 to 2020-12")
    return Document(value, draft, isinstance(value, dict) and "$schema" in value, _identified(value))


def parse_json(text: str, role: str) -> Json:
    """Parse *text* strictly.

    Raises:
        SchemaRefused: It is not such a text; the message says where.
    """
    try:
        return parse(text, _DEEPEST)
    except NotStrict as error:
        where = " at line {}, column {}".format(*error.place) if error.place[0] else ""
        raise SchemaRefused(f"the {role} is not usable JSON: {error.message}{where}. {error.remedy}") from None


def _identified(value: Json) -> dict[str, Json]:
    found: dict[str, Json] = {}
    pending: list[tuple[Json, str]] = [(value, "")]
    while pending:
        node, base = pending.pop()
        if isinstance(node, dict):
            own = node.get("$id", node.get("id"))
            if isinstance(own, str):
                base = urljoin(base, own)
                found[urldefrag(base)[0] if not own.startswith("#") else own] = node
                if node is value:
                    found[""] = base
            for anchor in (node.get("$anchor"), node.get("$dynamicAnchor")):
                if isinstance(anchor, str):
                    found[f"#{anchor}"] = node
            pending.extend((child, base) for child in node.values())
        elif isinstance(node, list):
            pending.extend((child, base) for child in node)
    return found

"""Owns reading one JSON Schema text: value, draft, and the references inside it. Validates no messages."""

import json
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from pyevents_codegen.compat.verdict import Json, SchemaRefused
from pyevents_codegen.draft import draft_of

__all__ = ["Document", "parse_json", "pointer_text", "read_document"]

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
        for token in fragment.split("/")[1:]:
            key = unquote(token).replace("~1", "/").replace("~0", "~")
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


def pointer_text(path: list[str | int]) -> str:
    """Write *path* as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def parse_json(text: str, role: str) -> Json:
    """Parse *text* strictly: no member twice, no NaN, no mark, no half surrogates.

    Raises:
        SchemaRefused: It is not such a text; the message says where.
    """
    if text.startswith("\ufeff"):
        raise SchemaRefused(f"the {role} begins with a byte order mark; save it as UTF-8 without one")
    try:
        text.encode("utf-8")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise SchemaRefused(
            f"the {role} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise SchemaRefused(f"the {role} nests more than {_DEEPEST} levels deep; give its parts names") from None
    except UnicodeEncodeError:
        raise SchemaRefused(f"the {role} holds half of a surrogate pair, which is no UTF-8") from None
    except ValueError as error:
        raise SchemaRefused(f"the {role} is not usable JSON: {error}") from None
    if _depth(value) > _DEEPEST:
        raise SchemaRefused(f"the {role} nests more than {_DEEPEST} levels deep; give its parts names")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the member {json.dumps(twice)[:80]} appears twice in one object")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is beyond what a double holds")
    return number


def _depth(value: Json) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            break
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return depth


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

"""One question to the registry, read: the parts of its path, its query and its body; it answers nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.schema import Schema, read_schema
from pyevents.dev.registry.store import Which

__all__ = ["Call", "segments"]

Item = TypeVar("Item")

_LARGEST_VERSION = 2**31 - 1


def segments(path: str) -> list[str]:
    """Return the parts of a path, decoded one by one: a subject may contain an encoded slash."""
    return [unquote(part) for part in path.split("/") if part]


class Call(NamedTuple):
    """What a client asks.

    `parts` are the variable parts of the path by name, `query` the part of the URL after the question mark,
    `payload` the body's bytes.
    """

    parts: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    payload: bytes

    @classmethod
    def read(cls, parts: Mapping[str, str], query: str, payload: bytes) -> Call:
        """Return the call of a request."""
        return cls(parts, parse_qs(query), payload)

    @property
    def subject(self) -> str:
        """The subject in the path."""
        return self.parts["subject"]

    @property
    def own_subject(self) -> str | None:
        """The subject in the path, or None where the question is a global one."""
        return self.parts.get("subject")

    @property
    def version(self) -> int | None:
        """The version in the path; None is the newest.

        Raises:
            Refusal: It is neither a number from 1 nor `latest` nor -1.
        """
        given = self.parts["version"]
        if given in ("latest", "-1"):
            return None
        number = _number(given)
        if number is None or not 1 <= number <= _LARGEST_VERSION:
            allowed = 'Allowed values are between [1, 2^31-1] and the string "latest"'
            raise Refusal(42202, f"The specified version '{given}' is not a valid version id. {allowed}")
        return number

    @property
    def schema_id(self) -> int:
        """The id in the path."""
        number = _number(self.parts["id"])
        if number is None:
            raise Refusal(404, "HTTP 404 Not Found")
        return number

    @property
    def which(self) -> Which:
        """The versions that are asked for."""
        # Confluent's Python client writes the second of these, which Confluent's server does not know.
        if self.flag("deletedOnly") or self.flag("deleted_only"):
            return "deleted"
        return "all" if self.flag("deleted") else "live"

    def flag(self, name: str) -> bool:
        """Say whether a flag of the query is set."""
        return (self.one(name) or "").lower() == "true"

    def one(self, name: str) -> str | None:
        """Return the last value of a name in the query."""
        return self.query[name][-1] if name in self.query else None

    def many(self, name: str) -> Sequence[str]:
        """Return every value of a name in the query."""
        return self.query.get(name, ())

    def page(self, items: Sequence[Item]) -> list[Item]:
        """Return the items that `offset` and `limit` ask for; a limit below 1 is none."""
        offset = max(_number(self.one("offset")) or 0, 0)
        limit = _number(self.one("limit")) or 0
        return list(items[offset : offset + limit] if limit > 0 else items[offset:])

    @property
    def body(self) -> Mapping[str, Any]:
        """The body, which must be a JSON object.

        Raises:
            Refusal: It is not.
        """
        try:
            found = json.loads(self.payload)
        except (ValueError, RecursionError):
            raise Refusal(400, "The body is not JSON") from None
        if not isinstance(found, dict):
            raise Refusal(422, "The body is not a JSON object")
        return found

    @property
    def schema(self) -> Schema:
        """The schema in the body."""
        return read_schema(self.body)

    def optional_number(self, name: str) -> int | None:
        """Return a positive number of the body; absent, null and -1 are None."""
        value = self.body.get(name)
        return value if isinstance(value, int) and value > 0 else None


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None

"""Which subject belongs to which resource: newer serializers ask for it before they name a subject themselves.

It keeps what was said and answers with it; an association's lifecycle governs nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.store import Store

__all__ = ["Association", "Associations"]

Association = dict[str, Any]
"""One subject's tie to one resource, for example the values of a topic, as clients read it in a list."""

_ANY_NAMESPACE = "-"
_NAME = "associations"


class Associations:
    """Every association that was made; few, so they are kept as one value."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _all(self) -> list[Association]:
        found: list[Association] = json.loads(self._store.setting(_NAME, "") or "[]")
        return found

    def _keep(self, associations: list[Association]) -> None:
        self._store.set(_NAME, "", json.dumps(associations))

    def find(self, namespace: str, name: str, resource_type: str | None, kinds: Collection[str]) -> list[Association]:
        """Return those of a resource.

        Args:
            namespace: `"-"` for any.
            name: Of the resource, a topic's for example.
            resource_type: None for any.
            kinds: `"key"`, `"value"`; none for any.
        """
        return [
            one
            for one in self._all
            if one["resourceName"] == name
            and namespace in (_ANY_NAMESPACE, one["resourceNamespace"])
            and _wanted(one, resource_type, kinds)
        ]

    def add(self, resource: Mapping[str, Any], wanted: Mapping[str, Any]) -> Association:
        """Keep one association of a request, and return it.

        Args:
            resource: The request: `resourceName`, `resourceNamespace`, `resourceId`, `resourceType`.
            wanted: One of its `associations`: `subject`, `associationType`, `lifecycle`, `frozen`.

        Raises:
            Refusal: Something is missing, or the resource has another subject of that kind.
        """
        new = {
            "subject": _text(wanted, "subject"),
            "resourceName": _text(resource, "resourceName"),
            "resourceNamespace": _text(resource, "resourceNamespace"),
            "resourceId": _text(resource, "resourceId"),
            "resourceType": _text(resource, "resourceType", "topic"),
            "associationType": _text(wanted, "associationType", "value"),
            "lifecycle": _text(wanted, "lifecycle", "WEAK"),
            "frozen": wanted.get("frozen") is True,
        }
        kept = self._all
        if new in kept:
            return new
        if any(all(one[name] == new[name] for name in _UNIQUE) for one in kept):
            kind, place = new["associationType"], new["resourceId"]
            raise Refusal(40903, f"An association of type '{kind}' already exists for resource '{place}'")
        self._keep([*kept, new])
        return new

    def remove(self, resource: str, resource_type: str | None, kinds: Collection[str]) -> None:
        """Forget the associations of a resource id; none for `kinds` means all."""
        self._keep(
            [one for one in self._all if one["resourceId"] != resource or not _wanted(one, resource_type, kinds)]
        )


_UNIQUE = ("resourceId", "resourceType", "associationType")


def _wanted(one: Association, resource_type: str | None, kinds: Collection[str]) -> bool:
    return resource_type in (None, one["resourceType"]) and (not kinds or one["associationType"] in kinds)


def _text(source: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = source.get(name) or default
    if not isinstance(value, str):
        raise Refusal(42212, f"The association specified an invalid value for property: '{name}', detail: missing")
    return value

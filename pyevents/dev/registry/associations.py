"""Which subject belongs to which resource: newer serializers ask for it before they name a subject themselves.

It keeps what was said and answers with it; an association's lifecycle governs nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.store import Store

__all__ = ["Association", "Associations"]

_ANY_NAMESPACE = "-"
_NAME = "associations"


class Association(NamedTuple):
    """One subject's tie to one resource, for example the values of a topic."""

    subject: str
    name: str
    namespace: str
    resource: str
    resource_type: str
    kind: str
    lifecycle: str
    frozen: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as clients read it in a list."""
        return {
            "subject": self.subject,
            "resourceName": self.name,
            "resourceNamespace": self.namespace,
            "resourceId": self.resource,
            "resourceType": self.resource_type,
            "associationType": self.kind,
            "lifecycle": self.lifecycle,
            "frozen": self.frozen,
        }


class Associations:
    """Every association that was made; few, so they are kept as one value."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _all(self) -> list[Association]:
        return [Association(*one) for one in json.loads(self._store.setting(_NAME, "") or "[]")]

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
            if one.name == name and namespace in (_ANY_NAMESPACE, one.namespace) and _wanted(one, resource_type, kinds)
        ]

    def add(self, resource: Mapping[str, Any], wanted: Mapping[str, Any]) -> Association:
        """Keep one association of a request, and return it.

        Args:
            resource: The request: `resourceName`, `resourceNamespace`, `resourceId`, `resourceType`.
            wanted: One of its `associations`: `subject`, `associationType`, `lifecycle`, `frozen`.

        Raises:
            Refusal: Something is missing, or the resource has another subject of that kind.
        """
        new = Association(
            subject=_text(wanted, "subject"),
            name=_text(resource, "resourceName"),
            namespace=_text(resource, "resourceNamespace"),
            resource=_text(resource, "resourceId"),
            resource_type=_text(resource, "resourceType", "topic"),
            kind=_text(wanted, "associationType", "value"),
            lifecycle=_text(wanted, "lifecycle", "WEAK"),
            frozen=wanted.get("frozen") is True,
        )
        for one in self._all:
            if (one.resource, one.resource_type, one.kind) == (new.resource, new.resource_type, new.kind):
                if one == new:
                    return one
                raise Refusal(
                    40903, f"An association of type '{new.kind}' already exists for resource '{new.resource}'"
                )
        self._keep([*self._all, new])
        return new

    def remove(self, resource: str, resource_type: str | None, kinds: Collection[str]) -> None:
        """Forget the associations of a resource id; none for `kinds` means all."""
        self._keep([one for one in self._all if one.resource != resource or not _wanted(one, resource_type, kinds)])


def _wanted(one: Association, resource_type: str | None, kinds: Collection[str]) -> bool:
    return resource_type in (None, one.resource_type) and (not kinds or one.kind in kinds)


def _text(source: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = source.get(name) or default
    if not isinstance(value, str):
        raise Refusal(42212, f"The association specified an invalid value for property: '{name}', detail: missing")
    return value

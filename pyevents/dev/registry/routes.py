"""Which question is answered by what: the table of the registry's interface, and one small function for each line.

The paths and the shapes of the answers are those of Confluent's REST interface.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pyevents.dev.registry.call import Call, segments
from pyevents.dev.registry.refusal import Refusal, no_schema
from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.schema import KINDS, read_schema

__all__ = ["ROUTES", "Route", "answer"]

Answer = Callable[[Registry, Call], Any]


class Route(NamedTuple):
    """One line of the table; `{name}` in the path stands for any one part."""

    method: str
    path: str
    answer: Answer


def answer(registry: Registry, method: str, target: str, payload: bytes) -> Any:
    """Answer one request with a JSON value; None is an empty answer.

    Args:
        registry: The one that is asked; its lock is held meanwhile.
        method: Of HTTP.
        target: Path and query, encoded.
        payload: The body's bytes.

    Raises:
        Refusal: Any answer other than 200.
        ToolchainMissing: The comparison of schemas is not installed.
    """
    path, _, query = target.partition("?")
    given = segments(path)
    methods: list[str] = []
    for route, pattern in _COMPILED:
        parts = _match(pattern, given)
        if parts is None:
            continue
        if route.method == method:
            with registry.lock, registry.store.transaction():
                return route.answer(registry, Call.read(parts, query, payload))
        methods.append(route.method)
    if methods:
        raise Refusal(405, "HTTP 405 Method Not Allowed")
    raise Refusal(404, "HTTP 404 Not Found")


def _list_subjects(registry: Registry, call: Call) -> Any:
    prefix = call.one("subjectPrefix") or ""
    return call.page([name for name in registry.store.subjects(call.which) if name.startswith(prefix)])


def _look_up(registry: Registry, call: Call) -> Any:
    return registry.describe(registry.look_up(call.subject, call.schema, call.which))


def _delete_subject(registry: Registry, call: Call) -> Any:
    return registry.delete_subject(call.subject, permanent=call.flag("permanent"))


def _list_versions(registry: Registry, call: Call) -> Any:
    if call.which == "deleted":
        registry.versions(call.subject, "all")
        return call.page([version.number for version in registry.store.versions(call.subject, "deleted")])
    return call.page([version.number for version in registry.versions(call.subject, call.which)])


def _register(registry: Registry, call: Call) -> Any:
    asked = {"schema_id": call.optional_number("id"), "number": call.optional_number("version")}
    return registry.describe(registry.register(call.subject, call.schema, **asked))


def _get_version(registry: Registry, call: Call) -> Any:
    return registry.describe(registry.version(call.subject, call.version, call.which))


def _get_version_text(registry: Registry, call: Call) -> Any:
    return json.loads(registry.schema(registry.version(call.subject, call.version, call.which).id).text)


def _get_referenced_by(registry: Registry, call: Call) -> Any:
    registry.version(call.subject, call.version, "all")
    return []


def _delete_version(registry: Registry, call: Call) -> Any:
    return registry.delete_version(call.subject, call.version, permanent=call.flag("permanent"))


def _get_latest_with_metadata(registry: Registry, call: Call) -> Any:
    wanted = dict(zip(call.many("key"), call.many("value"), strict=False))
    for version in reversed(registry.versions(call.subject, call.which)):
        described = registry.describe(version)
        properties = described.get("metadata", {}).get("properties") or {}
        if wanted.items() <= properties.items():
            return described
    raise no_schema()


def _list_schemas(registry: Registry, call: Call) -> Any:
    prefix = call.one("subjectPrefix") or ""
    found = []
    for name in registry.store.subjects(call.which):
        versions = registry.store.versions(name, call.which)
        if name.startswith(prefix):
            found += versions[-1:] if call.flag("latestOnly") else versions
    return [registry.describe(version) for version in call.page(found)]


def _get_schema_by_guid(registry: Registry, call: Call) -> Any:
    for schema_id, schema in registry.store.schemas():
        if schema.guid == call.parts["guid"]:
            return {"id": schema_id, **schema.to_dict()}
    raise no_schema(call.parts["guid"])


def _list_uses(registry: Registry, call: Call) -> Any:
    registry.schema(call.schema_id)
    subject = call.one("subject")
    uses = [use for use in registry.store.uses(call.schema_id, call.which) if subject in (None, use.subject)]
    return [{"subject": use.subject, "version": use.number} for use in call.page(uses)]


def _list_using_subjects(registry: Registry, call: Call) -> Any:
    return sorted({use["subject"] for use in _list_uses(registry, call)})


def _check_against_one(registry: Registry, call: Call) -> Any:
    older = []
    if call.version is not None or registry.store.versions(call.subject):
        older = [registry.version(call.subject, call.version)]
    return _verdict(call, registry.reasons_against(call.subject, call.schema, older))


def _check_against_all(registry: Registry, call: Call) -> Any:
    return _verdict(call, registry.reasons_against(call.subject, call.schema, registry.store.versions(call.subject)))


def _get_level(registry: Registry, call: Call) -> Any:
    subject = call.own_subject
    if subject is not None and registry.levels.own(subject) is None and not call.flag("defaultToGlobal"):
        raise Refusal(40408, f"Subject '{subject}' does not have subject-level compatibility configured")
    return {"compatibilityLevel": registry.levels.of(subject)}


def _set_level(registry: Registry, call: Call) -> Any:
    given = {name for name, value in call.body.items() if value is not None}
    unknown = given - {"compatibility", "compatibilityLevel", "normalize"}
    if unknown:
        raise Refusal(422, f"The only setting here is `compatibility`, not {', '.join(sorted(unknown))}")
    level = registry.levels.read(call.body.get("compatibility") or call.body.get("compatibilityLevel"))
    registry.check_writable(call.own_subject)
    registry.levels.set(call.own_subject, level)
    return {"compatibility": level}


def _reset_level(registry: Registry, call: Call) -> Any:
    registry.check_writable(call.own_subject)
    return {"compatibilityLevel": registry.levels.reset(call.own_subject)}


def _get_mode(registry: Registry, call: Call) -> Any:
    subject = call.own_subject
    if subject is not None and registry.modes.own(subject) is None and not call.flag("defaultToGlobal"):
        raise Refusal(40409, f"Subject '{subject}' does not have subject-level mode configured")
    return {"mode": registry.modes.of(subject)}


def _set_mode(registry: Registry, call: Call) -> Any:
    mode = registry.modes.read(call.body.get("mode"))
    registry.set_mode(call.own_subject, mode, force=call.flag("force"))
    return {"mode": mode}


def _list_associations(registry: Registry, call: Call) -> Any:
    found = registry.associations.find(
        call.parts["namespace"], call.parts["name"], call.one("resourceType"), call.many("associationType")
    )
    return call.page(found)


def _add_associations(registry: Registry, call: Call) -> Any:
    wanted = call.body.get("associations")
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        raise Refusal(422, "`associations` is not a list of objects")
    for one in wanted:
        association = registry.associations.add(call.body, one)
        if isinstance(one.get("schema"), dict):
            registry.register(association["subject"], read_schema(one["schema"]))
    return call.body


def _remove_associations(registry: Registry, call: Call) -> Any:
    registry.associations.remove(call.parts["resource"], call.one("resourceType"), call.many("associationType"))


def _verdict(call: Call, reasons: list[str]) -> dict[str, Any]:
    return {"is_compatible": not reasons} | ({"messages": reasons} if call.flag("verbose") else {})


def _match(pattern: Sequence[str], given: Sequence[str]) -> dict[str, str] | None:
    """Return the variable parts, or None where the path is another."""
    if len(pattern) != len(given):
        return None
    parts: dict[str, str] = {}
    for expected, part in zip(pattern, given, strict=True):
        if expected.startswith("{"):
            parts[expected[1:-1]] = part
        elif expected != part:
            return None
    return parts


ROUTES = (
    Route("GET", "/", lambda registry, call: {}),
    Route("GET", "/subjects", _list_subjects),
    Route("POST", "/subjects/{subject}", _look_up),
    Route("DELETE", "/subjects/{subject}", _delete_subject),
    Route("GET", "/subjects/{subject}/metadata", _get_latest_with_metadata),
    Route("GET", "/subjects/{subject}/versions", _list_versions),
    Route("POST", "/subjects/{subject}/versions", _register),
    Route("GET", "/subjects/{subject}/versions/{version}", _get_version),
    Route("DELETE", "/subjects/{subject}/versions/{version}", _delete_version),
    Route("GET", "/subjects/{subject}/versions/{version}/schema", _get_version_text),
    Route("GET", "/subjects/{subject}/versions/{version}/referencedby", _get_referenced_by),
    Route("GET", "/schemas", _list_schemas),
    Route("GET", "/schemas/types", lambda registry, call: list(KINDS)),
    Route("GET", "/schemas/ids/{id}", lambda registry, call: registry.schema(call.schema_id).to_dict()),
    Route("GET", "/schemas/ids/{id}/schema", lambda registry, call: json.loads(registry.schema(call.schema_id).text)),
    Route("GET", "/schemas/ids/{id}/subjects", _list_using_subjects),
    Route("GET", "/schemas/ids/{id}/versions", _list_uses),
    Route("GET", "/schemas/guids/{guid}", _get_schema_by_guid),
    Route("POST", "/compatibility/subjects/{subject}/versions", _check_against_all),
    Route("POST", "/compatibility/subjects/{subject}/versions/{version}", _check_against_one),
    Route("GET", "/config", _get_level),
    Route("PUT", "/config", _set_level),
    Route("DELETE", "/config", _reset_level),
    Route("GET", "/config/{subject}", _get_level),
    Route("PUT", "/config/{subject}", _set_level),
    Route("DELETE", "/config/{subject}", _reset_level),
    Route("GET", "/mode", _get_mode),
    Route("PUT", "/mode", _set_mode),
    Route("GET", "/mode/{subject}", _get_mode),
    Route("PUT", "/mode/{subject}", _set_mode),
    Route("DELETE", "/mode/{subject}", lambda registry, call: {"mode": registry.modes.reset(call.subject)}),
    Route("GET", "/contexts", lambda registry, call: call.page(["."])),
    Route("POST", "/associations", _add_associations),
    Route("GET", "/associations/resources/{namespace}/{name}", _list_associations),
    Route("DELETE", "/associations/resources/{resource}", _remove_associations),
)
"""Everything that can be asked."""

_COMPILED = tuple((route, segments(route.path)) for route in ROUTES)

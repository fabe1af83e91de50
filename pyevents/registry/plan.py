"""What has to be done to a registry so that it is as the contracts say: a list of actions, computed and not done. Pure.

| the contracts | the registry | action |
|---|---|---|
| a subject | lacks it | `settings`, then `create` with its first version |
| a version | lacks it | `add` after the ones before it |
| a version | would refuse it | `refused`, and nothing after it is added to this subject |
| a version | has it | `unchanged` |
| a level | has another | `settings`, before any version |
| no version | has one under the subject | `differs`: somebody registered it, or a release was edited; see below |
| versions in order | has them in another | `differs` |
| no subject | has one | `unknown`; it is left alone |

While something differs, nothing is added to that subject: which of the two is right, a person has to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from pyevents.catalog import Catalog, Contract, Major
from pyevents.registry.client import Schema
from pyevents.registry.levels import pairs
from pyevents.registry.state import State, Subject, Version

__all__ = ["Action", "Judge", "Kind", "drift", "pending", "plan"]

Kind = Literal["settings", "create", "add", "unchanged", "refused", "differs", "unknown"]

Judge = Callable[[Schema, Schema], Sequence[str]]
"""Says why a registry would refuse that the first reads what the second wrote; nothing if it would not."""


class Action(NamedTuple):
    """One step, or one thing to know.

    Attributes:
        kind: What is done, or is so.
        subject: Which it is about.
        version: The contract's version; `""` where it is about the subject, or about a version of the registry.
        words: What a person should know, as a clause.
        level: To set, for `settings`.
        schema: To register, for `create` and `add`.
    """

    kind: Kind
    subject: str
    version: str = ""
    words: str = ""
    level: str = ""
    schema: Schema | None = None


def plan(catalog: Catalog, state: State, judge: Judge | None = None) -> list[Action]:
    """Return every step in the order of doing, and everything else there is to know about the registry.

    Args:
        catalog: What should be.
        state: What is; needs every subject of the catalog that is there.
        judge: Predicts refusals; None leaves them to the registry.
    """
    actions: list[Action] = []
    ours: set[str] = set()
    for contract in catalog.contracts:
        for major in contract.majors:
            ours.add(major.subject)
            actions += _subject(contract, major, state, judge)
    for name in sorted(state.names - ours):
        actions.append(Action("unknown", name, words="no contract has this subject; it is left alone"))
    return actions


def pending(actions: Sequence[Action]) -> list[Action]:
    """Return what `apply` would do."""
    return [action for action in actions if action.kind in ("settings", "create", "add")]


def drift(actions: Sequence[Action]) -> list[Action]:
    """Return what somebody changed behind the contracts' back, as far as the registry shows it."""
    there = {action.subject for action in actions if action.kind in ("unchanged", "differs")}
    return [
        action
        for action in actions
        if action.kind in ("differs", "unknown", "refused")
        or (action.kind == "settings" and action.subject in there)
        or (action.kind == "create" and action.words)
    ]


def _subject(contract: Contract, major: Major, state: State, judge: Judge | None) -> Iterator[Action]:
    subject = state.subjects.get(major.subject) or Subject(major.subject, None, ())
    level = contract.registry_compatibility
    if subject.level != level:
        before = subject.level or ("not set, the global level holds" if subject.versions else "not set")
        yield Action("settings", major.subject, words=f"compatibility {level} (was: {before})", level=level)
    found = {version.number: _find(Schema(version.format, version.schema), subject) for version in major.versions}
    strangers = list(_strangers(major, subject, [one.number for one in found.values() if one]))
    yield from strangers
    held = list(subject.versions)
    for version in major.versions:
        there = found[version.number]
        if there is not None:
            yield Action("unchanged", major.subject, version.number, f"id {there.id}, version {there.number} there")
            continue
        if strangers:
            words = "not registered while that stands: delete the other version there, or make it one of the contract"
            yield Action("differs", major.subject, version.number, words)
            return
        schema = Schema(version.format, version.schema)
        reasons = _reasons(level, schema, [one.schema for one in held], judge)
        if reasons:
            yield Action("refused", major.subject, version.number, "; ".join(reasons))
            return
        brought_back = "it was deleted there, and is brought back" if major.subject in state.deleted else ""
        yield Action(
            "add" if held else "create", major.subject, version.number, "" if held else brought_back, schema=schema
        )
        held.append(Version(0, 0, schema))


def _strangers(major: Major, subject: Subject, found: list[int]) -> Iterator[Action]:
    known = [_value(Schema(version.format, version.schema)) for version in major.versions]
    for version in subject.versions:
        if _value(version.schema) not in known:
            words = (
                f"version {version.number} there (id {version.id}) is no version of the contract: somebody registered "
                "it, or a released version was edited. `pyevents registry export` shows its text"
            )
            yield Action("differs", major.subject, words=words)
    if found != sorted(found):
        yield Action("differs", major.subject, words="the versions are there in another order than in the contract")


def _find(schema: Schema, subject: Subject) -> Version | None:
    """Return the registry's version that is this schema."""
    value = _value(schema)
    return next((version for version in subject.versions if _value(version.schema) == value), None)


def _value(schema: Schema) -> Any:
    """Return what is equal for the same schema: a registry sets its own spaces, and leaves out Avro's implied names."""
    try:
        value = json.loads(schema.text)
    except ValueError:
        return schema
    if schema.format != "avro":
        return schema.format, value
    import fastavro

    try:
        return schema.format, fastavro.parse_schema(value, _write_hint=False)
    except (fastavro.schema.SchemaParseException, ValueError, TypeError, KeyError):
        return schema.format, value


def _reasons(level: str, new: Schema, older: list[Schema], judge: Judge | None) -> list[str]:
    if judge is None:
        return []
    return list(
        dict.fromkeys(reason for reader, writer in pairs(level, new, older) for reason in judge(reader, writer))
    )

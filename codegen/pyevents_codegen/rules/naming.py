"""Rules on names: one style throughout, whichever it is, and no two names that are taken for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from pyevents_codegen.rules.case import Case, Problem
from pyevents_codegen.rules.rule import Rule
from pyevents_codegen.rules.style import style

__all__ = ["RULES"]


def _entities(case: Case) -> Iterator[Problem]:
    entity = case.contract.event_type.partition(".")[0]
    usual = case.facts.entities[entity.replace("_", "").removesuffix("s")][0]
    if usual != entity:
        message = f"the entity is written {entity!r} here and {usual!r} in other event types"
        yield case.problem("", message, f"Rename the folder, so that it begins with {usual!r}.")


def _fields(case: Case) -> Iterator[Problem]:
    usual = case.facts.field_style
    for seen, node in case.fields:
        assert node.name is not None
        if style(node.name) not in ("", usual):
            message = f"the field {node.name!r} is not written as most fields of the folder are, in {usual}"
            yield seen.problem(node, message)


def _alike(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        for one, other in _twice(node.schema.get("properties", ()), lambda name: name.lower()):
            message = f"{other!r} and {one!r} differ only in case and separators"
            yield seen.problem(f"{node.pointer}/properties/{other}", message)


def _enums(case: Case) -> Iterator[Problem]:
    for seen, node in case.nodes:
        values = node.schema.get("enum", ())
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        separators = sorted({letter for text in texts for letter in text if letter in "_- "})
        if len(separators) > 1:
            written = " and ".join(repr(separator) for separator in separators)
            yield seen.problem(node, f"its values separate words by {written}")
        for one, other in _twice(texts, lambda text: text.casefold().strip()):
            yield seen.problem(node, f"its values {one!r} and {other!r} differ only in case and separators")


def _twice(names: Iterator[str] | list[str], folded: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(folded(name).replace("_", "").replace("-", "").replace(" ", ""), name)
        if other != name:
            yield other, name


_rule = partial(Rule, category="naming")

RULES = (
    _rule(
        id="event-type-entity",
        preset="STANDARD",
        purpose="Event types spell an entity in one way.",
        why="Whoever subscribes to patient.* misses patients.deleted, and nobody sees that it is missing.",
        fix="schemas/patients.deleted/ beside schemas/patient.created/  →  schemas/patient.deleted/",
        find=_entities,
    ),
    _rule(
        id="field-style",
        preset="STANDARD",
        purpose="Fields are named in the style that most fields of the folder have.",
        why="A consumer of several events guesses names; two styles make it guess wrong.",
        fix='"patientId" among "vorname", "letzte_sitzung"  →  "patient_id"',
        remedy="Rename it, or the others if this is to be the style.",
        find=_fields,
    ),
    _rule(
        id="field-alike",
        preset="MINIMAL",
        purpose="No two fields of an object differ only in case and separators.",
        why="They become one attribute in many languages, and each producer fills another of the two.",
        fix='"patient_id" and "patientId" in one object  →  only "patient_id"',
        remedy="Keep one of them.",
        find=_alike,
    ),
    _rule(
        id="enum-style",
        preset="STANDARD",
        purpose="The values of an enumeration separate words in one way, and no two are taken for each other.",
        why="A producer writes the value as it would expect it, and it is refused, or means another one.",
        fix='["auf_der_Suche", "in-Therapie"]  →  ["auf_der_Suche", "in_Therapie"]',
        remedy="Write them in one way.",
        find=_enums,
    ),
)

"""Owns proving objects member by member: which schemas speak about which names, and whether they are contained."""

from collections.abc import Callable

from pyevents_codegen.compat.languages import Language, disjoint, expression, texts, within
from pyevents_codegen.compat.verdict import Json

__all__ = ["members_contained"]

_Below = Callable[[Json, Json], bool]


class _Unclear(Exception):
    """Whether a name matches an expression is not read alike."""


def members_contained(ours: dict[str, Json], theirs: dict[str, Json], below: _Below) -> bool:
    """Say whether the reader's `properties`, `patternProperties` and `additionalProperties` follow from the writer's.

    Args:
        ours: The three of the reader.
        theirs: A schema of the writer.
        below: The proof for the members.
    """
    try:
        return _named(ours, theirs, below) and _unnamed(ours, theirs, below)
    except _Unclear:
        return False


def _named(ours: dict[str, Json], theirs: dict[str, Json], below: _Below) -> bool:
    for name in {**ours.get("properties", {}), **theirs.get("properties", {})}:
        sent = _about(theirs, name)
        for demanded in _about(ours, name):
            if not any(below(demanded, schema) for schema in sent):
                return False
    return True


def _unnamed(ours: dict[str, Json], theirs: dict[str, Json], below: _Below) -> bool:
    """Compare what is said about names that neither side lists: pattern against pattern, and the rest."""
    sent = theirs.get("patternProperties", {})
    rest = theirs.get("additionalProperties", True)
    for pattern, demanded in ours.get("patternProperties", {}).items():
        for other, schema in sent.items():
            if not (below(demanded, schema) or _apart(pattern, other)):
                return False
        if not (below(demanded, rest) or _inside(pattern, list(sent))):
            return False
    demanded = ours.get("additionalProperties", True)
    known = list(ours.get("patternProperties", {}))
    return all(below(demanded, schema) or _inside(other, known) for other, schema in sent.items()) and (
        below(demanded, rest) or _inside("", [*known, *sent])
    )


def _about(schema: dict[str, Json], name: str) -> list[Json]:
    listed = schema.get("properties", {})
    found = [listed[name]] if name in listed else []
    for pattern, member in schema.get("patternProperties", {}).items():
        language = expression(pattern)
        if language is None:
            raise _Unclear
        if within([texts([name])], [language]):
            found.append(member)
        elif not disjoint([texts([name]), language]):
            raise _Unclear
    return found or [schema.get("additionalProperties", True)]


def _apart(one: str, other: str) -> bool:
    made = [expression(one), expression(other)]
    return disjoint([language for language in made if language is not None]) if None not in made else False


def _inside(one: str, others: list[str]) -> bool:
    inner = expression(one)
    known: list[Language] = [language for other in others if (language := expression(other)) is not None]
    return inner is not None and bool(known) and within([inner], known)

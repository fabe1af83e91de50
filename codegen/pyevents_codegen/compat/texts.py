"""Owns proving what a reader demands of texts: expressions, lengths and lists against those of the writer."""

from collections.abc import Iterator
from typing import Any

from pyevents_codegen.compat.languages import Language, expression, length, texts, within
from pyevents_codegen.compat.verdict import Json

__all__ = ["text_contained"]

_MOST = 300  # listed texts


def text_contained(demand: dict[str, Json], theirs: list[dict[str, Json]]) -> bool:
    """Say whether a demand on texts provably follows from the writer's; False means nothing.

    Args:
        demand: One keyword of the reader.
        theirs: Schemas of the writer that all hold at this place.
    """
    wanted = _demanded(demand, theirs)
    sent = [language for schema in theirs for language in _said(schema)]
    return wanted is not None and within(sent, [wanted])


def _demanded(demand: dict[str, Json], theirs: list[dict[str, Json]]) -> Language | None:
    keyword = next(iter(demand))
    value: Any = demand[keyword]
    if keyword == "pattern":
        return expression(value)
    if keyword == "minLength":
        return length(int(value), None)
    if keyword == "maxLength":
        return length(0, int(value))
    only_texts = any(schema.get("type") == "string" for schema in theirs)
    if keyword == "enum" and only_texts and len(value) < _MOST:
        return texts(text for text in value if isinstance(text, str))
    return texts([value]) if keyword == "const" and only_texts and isinstance(value, str) else None


def _said(schema: dict[str, Json]) -> Iterator[Language]:
    made: list[Language | None] = []
    if isinstance(schema.get("pattern"), str):
        made.append(expression(schema["pattern"]))
    if "minLength" in schema or "maxLength" in schema:
        most = schema.get("maxLength")
        made.append(length(int(schema.get("minLength", 0)), None if most is None else int(most)))
    yield from (language for language in made if language is not None)

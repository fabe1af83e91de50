"""Random pairs: nothing called safe is refuted, nothing called breaking is unconfirmed."""

import copy
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from pyevents_codegen.compat import decide
from pyevents_codegen.compat.document import read_document
from pyevents_codegen.compat.judges import Judges
from pyevents_codegen.compat.search import Hunt
from tests.suite.search import examples

_EXAMPLES = examples(150)
_QUIET = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    database=None,
    derandomize=_EXAMPLES <= 150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_STRINGS = ("", "a", "b", "ab", "x1", "2024-02-29", "a\n", "é", "A")
_NUMBERS = (0, 1, -1, 2, 3, 5, 10, 0.5, 1.5, -0.5, 1.0, 3.0, 2**53, 2**53 + 1, 0.1, 0.3, 1e300)
_PATTERNS = (
    "^a",
    "a$",
    "^[a-z]+$",
    "a*",
    "^\\d+$",
    "^\\w{1,3}$",
    ".",
    "^(a|b)$",
    "^x.*1$",
    "[^a]",
    "^$",
    "^a?b?$",
)
_FORMATS = ("date", "date-time", "email", "uri", "ipv4", "uuid", "regex", "nonsense")
_NAMES = ("a", "b", "ab", "x1", "")


@pytest.mark.slow
@pytest.mark.parametrize("draft", [7, 20])
def test_a_verdict_on_random_pairs_is_sound(draft: int, accepted: Callable[[str, Any], tuple[bool, bool]]) -> None:
    @_QUIET
    @given(_schema_pairs(draft))
    def sound(pair: tuple[Any, Any]) -> None:
        reader, writer = json.dumps(pair[0]), json.dumps(pair[1])
        verdict = decide(reader, writer, "json", budget_s=0.4)
        note(f"{verdict.kind}\nreader {reader}\nwriter {writer}")
        if verdict.kind == "safe":
            assert _refuted(reader, writer) is None
        if verdict.kind == "breaking":
            assert accepted(writer, verdict.counterexample) == (True, True)
            assert accepted(reader, verdict.counterexample) == (False, False)

    sound()


def _refuted(reader: str, writer: str) -> tuple[Any] | None:
    ours, theirs = read_document(reader, "reader"), read_document(writer, "writer")
    refuses, admits = Judges(ours, "reader"), Judges(theirs, "writer")

    def breaks(message: Any) -> bool:
        return admits.fast(message) and not refuses.fast(message)

    return Hunt(breaks, ours, theirs, len(reader)).until(time.monotonic() + 0.05)


def _schema_pairs(draft: int = 7) -> st.SearchStrategy[tuple[Any, Any]]:
    """Return a strategy for (reader, writer), both of *draft* (7 or 20), as JSON values."""
    return st.integers(0, 2**32).map(lambda seed: _pair(random.Random(seed), draft))


def _pair(rng: random.Random, draft: int) -> tuple[Any, Any]:
    first = _schema(rng, 0, draft)
    second = _changed(copy.deepcopy(first), rng, draft) if rng.random() < 0.85 else _schema(rng, 0, draft)
    for _ in range(rng.randrange(3)):
        second = _changed(second, rng, draft)
    reader, writer = (first, second) if rng.random() < 0.5 else (second, first)
    return _declared(reader, draft), _declared(writer, draft)


def _declared(schema: Any, draft: int) -> Any:
    if draft == 7 or not isinstance(schema, dict):
        return (
            schema
            if draft == 7
            else {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **({} if schema else {"not": {}}),
            }
        )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _changed(schema: Any, rng: random.Random, draft: int) -> Any:
    if not isinstance(schema, dict) or not schema or rng.random() < 0.15:
        return _schema(rng, 1, draft)
    keyword = rng.choice(list(schema))
    value, roll = schema[keyword], rng.random()
    if roll < 0.2:
        del schema[keyword]
    elif roll < 0.35:
        schema.update(_keywords(rng, 1, draft, rng.choice(("string", "number", "array", "object", "any"))))
    elif keyword in ("properties", "patternProperties", "$defs", "definitions") and value:
        name = rng.choice(list(value))
        if rng.random() < 0.2:
            del value[name]
        else:
            value[name] = _changed(value[name], rng, draft)
    elif isinstance(value, dict):
        schema[keyword] = _changed(value, rng, draft)
    elif keyword in ("allOf", "anyOf", "oneOf", "prefixItems") or (keyword == "items" and isinstance(value, list)):
        place = rng.randrange(len(value))
        value[place] = _changed(value[place], rng, draft)
    elif keyword == "enum":
        schema[keyword] = value[1:] or [_value(rng)]
    elif isinstance(value, int) and not isinstance(value, bool) and keyword not in ("const",):
        schema[keyword] = max(value + rng.choice((-1, 1)), 1 if keyword == "multipleOf" else 0)
    else:
        schema.pop(keyword)
    return schema


def _schema(rng: random.Random, depth: int, draft: int) -> Any:
    roll = rng.random()
    if roll < 0.06:
        return rng.random() < 0.7
    if roll < 0.16:
        return {"enum": _distinct([_value(rng) for _ in range(rng.randint(1, 4))])}
    if roll < 0.2:
        return {"const": _value(rng)}
    kind = rng.choice(("string", "integer", "number", "array", "object", "object", "any", "any"))
    schema: dict[str, Any] = {}
    if kind != "any":
        schema["type"] = kind
    elif rng.random() < 0.4:
        schema["type"] = rng.sample(("string", "integer", "array", "object", "null", "boolean"), 2)
    schema.update(_keywords(rng, depth, draft, "number" if kind == "integer" else kind))
    if depth < 3 and rng.random() < 0.3:
        schema.update(_combined(rng, depth, draft))
    return schema


def _keywords(rng: random.Random, depth: int, draft: int, kind: str) -> dict[str, Any]:
    if kind == "any":
        kind = rng.choice(("string", "number", "array", "object"))
    if kind == "string":
        choices: dict[str, Any] = {
            "minLength": rng.randrange(4), "maxLength": rng.randrange(5), "pattern": rng.choice(_PATTERNS),
            "format": rng.choice(_FORMATS),
        }  # fmt: skip
    elif kind == "number":
        choices = {
            "minimum": rng.choice(_NUMBERS), "maximum": rng.choice(_NUMBERS),
            "exclusiveMinimum": rng.choice(_NUMBERS), "exclusiveMaximum": rng.choice(_NUMBERS),
            "multipleOf": rng.choice((1, 2, 3, 0.5, 0.1, 1.5, 10, 1.0)),
        }  # fmt: skip
    elif kind == "array":
        choices = _array_keywords(rng, depth, draft)
    else:
        choices = _object_keywords(rng, depth, draft)
    return {keyword: choices[keyword] for keyword in rng.sample(list(choices), rng.randint(0, min(3, len(choices))))}


def _array_keywords(rng: random.Random, depth: int, draft: int) -> dict[str, Any]:
    inner = [_schema(rng, depth + 1, draft) if depth < 3 else True for _ in range(4)]
    choices: dict[str, Any] = {
        "minItems": rng.randrange(3), "maxItems": rng.randrange(4), "uniqueItems": rng.random() < 0.7,
        "items": inner[0], "contains": inner[1],
    }  # fmt: skip
    if draft == 7:
        if rng.random() < 0.3:
            choices.update({"items": inner[2:], "additionalItems": inner[0]})
    else:
        choices.update(prefixItems=inner[2:], minContains=rng.randrange(3), maxContains=rng.randrange(3))
        choices["unevaluatedItems"] = inner[1]
    return choices


def _object_keywords(rng: random.Random, depth: int, draft: int) -> dict[str, Any]:
    def inner() -> Any:
        return _schema(rng, depth + 1, draft) if depth < 3 else True

    choices: dict[str, Any] = {
        "properties": {name: inner() for name in rng.sample(_NAMES, rng.randint(1, 3))},
        "required": rng.sample(_NAMES, rng.randint(0, 2)),
        "additionalProperties": rng.choice((False, False, inner())),
        "patternProperties": {rng.choice(_PATTERNS): inner()},
        "propertyNames": inner(),
        "minProperties": rng.randrange(3),
        "maxProperties": rng.randrange(4),
    }
    if draft == 7:
        choices["dependencies"] = {rng.choice(_NAMES): rng.choice((["b"], inner()))}
    else:
        choices["dependentRequired"] = {rng.choice(_NAMES): ["b"]}
        choices["dependentSchemas"] = {rng.choice(_NAMES): inner()}
        choices["unevaluatedProperties"] = rng.choice((False, inner()))
    return choices


def _combined(rng: random.Random, depth: int, draft: int) -> dict[str, Any]:
    inner = [_schema(rng, depth + 1, draft) for _ in range(3)]
    return rng.choice(
        (
            {"allOf": inner[:2]}, {"anyOf": inner[:2]}, {"oneOf": inner[:2]}, {"not": inner[0]}, {"anyOf": inner},
            {"if": inner[0], "then": inner[1]}, {"if": inner[0], "then": inner[1], "else": inner[2]},
            {"allOf": [{"$ref": "#"}]} if depth > 1 and rng.random() < 0.2 else {"allOf": inner[:1]},
        )
    )  # fmt: skip


def _value(rng: random.Random) -> Any:
    return rng.choice(
        (
            *_STRINGS,
            *_NUMBERS,
            None,
            True,
            False,
            [],
            {},
            [1],
            [1.0],
            ["a", "a"],
            {"a": 1},
            {"b": "a"},
            [[]],
            {"a": {}},
        )
    )


def _distinct(values: list[Any]) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if not any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in out):
            out.append(value)
    return out

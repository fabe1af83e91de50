"""Owns the interesting values around a set of schemas: boundaries, enumerated values, samples."""

import json
import math
import random
from collections.abc import Iterable, Iterator

from pyevents_codegen.compat.patterns import matching
from pyevents_codegen.compat.verdict import Json

__all__ = ["FORMAT_SAMPLES", "PLAIN", "interesting", "interesting_names", "key_of"]

PLAIN: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    1.0,
    "",
    "a",
    "0",
    [],
    {},
    [0],
    ["a"],
    {"a": 0},
    {"a": "a"},
)
_LONGEST = 20_000
_HUGE = 300_000  # texts longer than the above are made of one letter, at their bounds only
FORMAT_SAMPLES: dict[str, tuple[str, ...]] = {
    "date": ("2024-02-29", "1999-12-31"),
    "time": ("12:30:00Z", "23:59:59.5+01:00"),
    "date-time": ("2024-02-29T12:30:00Z", "1999-12-31T23:59:59.123+01:00"),
    "duration": ("P1D", "PT1H30M"),
    "email": ("a@example.com", "first.last@example.org"),
    "idn-email": ("a@example.com", "é@example.com"),
    "hostname": ("example.com", "a"),
    "idn-hostname": ("example.com", "é.com"),
    "ipv4": ("127.0.0.1", "10.0.0.255"),
    "ipv6": ("::1", "2001:db8::ff"),
    "uri": ("https://example.com/a?b=c", "urn:a:b"),
    "uri-reference": ("/a", "https://example.com/a", "a"),
    "iri": ("https://example.com/é",),
    "iri-reference": ("/é", "a"),
    "uri-template": ("/a/{b}", "a"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000",),
    "json-pointer": ("/a/b", ""),
    "relative-json-pointer": ("0", "1/a"),
    "regex": ("a*", "^[a-z]$"),
}
_ODD_STRINGS = ("", "a", "A", "0", "-1", " ", "é", "a b", "aa", "\U0001f600", "null", "a-b_c.d")


def key_of(value: Json) -> str:
    """Return a text equal for values that JSON calls equal (1 and 1.0 stay apart: drafts differ on them)."""
    return json.dumps(value, sort_keys=True)


def interesting(theirs: list[dict[str, Json]], ours: list[dict[str, Json]], rng: random.Random) -> list[Json]:
    """Return values near every boundary that the two sets of schemas draw, most telling first.

    Args:
        theirs: Flattened schemas of the writer at a place.
        ours: Flattened schemas of the reader at the same place.
        rng: Source of choices for samples of patterns.
    """
    both = theirs + ours
    known = {key_of(value) for value in _enumerated(ours)}
    listed = list(_enumerated(theirs))
    out = [value for value in listed if key_of(value) not in known][:200]
    out += listed[:40] + list(_enumerated(ours))[:40]
    out += _numbers(both)
    out += _strings(both, rng)
    out += PLAIN
    seen: set[str] = set()
    return [value for value in out if not ((key := key_of(value)) in seen or seen.add(key))]  # type: ignore[func-returns-value]


def interesting_names(schemas: list[dict[str, Json]], rng: random.Random) -> list[str]:
    """Return member names that *schemas* speak about, and some that they do not."""
    names: dict[str, None] = {}
    for schema in schemas:
        for keyword in ("properties", "dependencies", "dependentRequired", "dependentSchemas"):
            names.update(dict.fromkeys(_keys(schema.get(keyword))))
        names.update(dict.fromkeys(name for name in _list(schema.get("required")) if isinstance(name, str)))
        for needed in _values(schema.get("dependencies"), schema.get("dependentRequired")):
            names.update(dict.fromkeys(name for name in _list(needed) if isinstance(name, str)))
        for pattern in _keys(schema.get("patternProperties")):
            names.update(dict.fromkeys(text for _ in range(3) if (text := matching(pattern, rng)) is not None))
        inner = schema.get("propertyNames")
        if isinstance(inner, dict):
            names.update(dict.fromkeys(v for v in interesting([inner], [], rng)[:40] if isinstance(v, str)))
    names.update(dict.fromkeys(("zz", "a", "", "Z9", "é")))
    return [name for name in names if len(name) <= _LONGEST]


def _enumerated(schemas: Iterable[dict[str, Json]]) -> Iterator[Json]:
    for schema in schemas:
        if "const" in schema:
            yield schema["const"]
        yield from _list(schema.get("enum"))
        yield from _list(schema.get("examples"))
        if "default" in schema:
            yield schema["default"]


def _numbers(schemas: list[dict[str, Json]]) -> list[Json]:
    bounds: dict[float | int, None] = {}
    steps: dict[float | int, None] = {}
    for schema in schemas:
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if _is_number(schema.get(keyword)):
                bounds[schema[keyword]] = None
        if _is_number(schema.get("multipleOf")) and schema["multipleOf"] > 0:
            steps[schema["multipleOf"]] = None
    out: list[Json] = []
    for bound in bounds:
        out += [bound, bound + 1, bound - 1]
        if abs(bound) < 2**52:
            out += [bound + 0.5, bound - 0.5, float(bound)]
    products: list[float | int] = list(steps)
    whole = [step for step in steps if isinstance(step, int)]
    if len(whole) > 1:
        products.append(math.lcm(*whole[:6]))
    for step in products[:8]:
        for start in [0, *list(bounds)[:6]]:
            base = math.ceil(start / step) if abs(start / step) < 2**52 else 0
            out += [(base + k) * step for k in (-2, -1, 0, 1, 2, 3, 4, 5, 7, 11)]
    out += [0.5, 2, 3, 7, -0.5, 1e10, 2**31, 2**63, 2**53 + 1, 1e300, -7, 10, 100]
    return [value for value in out if not (isinstance(value, float) and not math.isfinite(value))]


def _strings(schemas: list[dict[str, Json]], rng: random.Random) -> list[Json]:
    lengths: dict[int, None] = {}
    bodies: dict[str, None] = {}
    for schema in schemas:
        for keyword in ("minLength", "maxLength"):
            if _is_number(schema.get(keyword)) and schema[keyword] <= _LONGEST:
                limit = int(schema[keyword])
                lengths.update(dict.fromkeys(n for n in (limit, limit + 1, limit - 1) if n >= 0))
        if isinstance(schema.get("pattern"), str):
            for stretch in (0, 1, 1, 2, 3, 5, 8):
                text = matching(schema["pattern"], rng, stretch)
                if text is not None:
                    bodies[text] = None
            for limit in list(lengths):
                text = matching(schema["pattern"], rng, max(1, limit))
                if text is not None:
                    bodies[text] = None
        bodies.update(dict.fromkeys(FORMAT_SAMPLES.get(str(schema.get("format")), ())))
    out: list[Json] = [filler * limit for limit in lengths for filler in ("a", "0", "A")]
    bounds = [schema[word] for schema in schemas for word in ("minLength", "maxLength") if _is_number(schema.get(word))]
    out += ["a" * int(limit + step) for limit in bounds[:4] if _LONGEST < limit <= _HUGE for step in (0, 1)]
    for body in list(bodies)[:40]:
        out += [body, body[:-1], body[1:], body + "a", "a" + body, body + "0", body.upper(), body * 2]
        out += [(body + body[-1:] * limit)[:limit] for limit in lengths if len(body) < limit <= 2_000]
        out += [body[:limit] for limit in lengths if len(body) > limit]
    return out + list(_ODD_STRINGS)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _keys(value: Json) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _values(*maps: Json) -> list[Json]:
    return [value for one in maps if isinstance(one, dict) for value in one.values()]

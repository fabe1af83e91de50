"""Owns building whole messages that a writer probably admits; the validators have the last word."""

import random
from dataclasses import dataclass

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.patterns import matching
from pyevents_codegen.compat.places import child_schemas, flattened, search
from pyevents_codegen.compat.values import FORMAT_SAMPLES, interesting, interesting_names
from pyevents_codegen.compat.verdict import Json

__all__ = ["Draft", "NothingFits"]

_HINTS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties", "propertyNames",
               "minProperties", "maxProperties", "dependencies", "dependentRequired", "dependentSchemas"},
    "array": {"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems", "additionalItems"},
    "string": {"pattern", "minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
}  # fmt: skip
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_DEEPEST = 8
_WIDEST = 3_000


class NothingFits(Exception):
    """The choices made so far admit no value; draw again."""


@dataclass
class Draft:
    """Draws messages for one document.

    Attributes:
        document: Whose references are followed.
        rng: Source of every choice.
        fullness: Chance that an optional member is present, 0 to 1.
    """

    document: Document
    rng: random.Random
    fullness: float = 0.5
    steps: int = 0

    def draw(self, schemas: list[Json], depth: int = 0, along: tuple[str | int, ...] = ()) -> Json:
        """Draw one value that every schema of *schemas* probably admits.

        Args:
            schemas: All of them bear on the value.
            depth: Of the value in the message.
            along: A path that the value shall have.

        Raises:
            NothingFits: A branch was taken that admits nothing.
        """
        self.steps += 1
        if self.steps > 5_000:
            raise NothingFits
        parts = self._conjuncts(schemas)
        listed = [part for part in parts if "const" in part or "enum" in part]
        if listed and not along:
            choices = [listed[0]["const"]] if "const" in listed[0] else listed[0]["enum"]
            if not choices:
                raise NothingFits
            return self.rng.choice(choices)
        kind = self._kind(parts, depth) if not along else "object" if isinstance(along[0], str) else "array"
        if kind == "object":
            return self._object(parts, depth, along)
        if kind == "array":
            return self._array(parts, depth, along)
        return self._scalar(parts, kind)

    def _conjuncts(self, schemas: list[Json]) -> list[dict[str, Json]]:
        out: list[dict[str, Json]] = []
        pending = list(schemas)
        while pending:
            schema = pending.pop(0)
            if schema is False or len(out) > 200:
                raise NothingFits
            if not isinstance(schema, dict) or schema in out:
                continue
            if isinstance(schema.get("$ref"), str):
                pending.append(self.document.resolve(schema["$ref"]))
                if self.document.draft <= 7:
                    continue
            out.append(schema)
            pending += schema.get("allOf") or []
            for keyword in ("anyOf", "oneOf"):
                if schema.get(keyword):
                    pending.append(self.rng.choice(schema[keyword]))
            if "if" in schema:
                taken = self.rng.random() < 0.5
                pending += [schema["if"], schema.get("then", True)] if taken else [schema.get("else", True)]
        return out

    def _kind(self, parts: list[dict[str, Json]], depth: int) -> str:
        allowed = set(_TYPES)
        for part in parts:
            if "type" in part:
                named = {part["type"]} if isinstance(part["type"], str) else set(part["type"])
                allowed &= named | ({"integer"} if "number" in named else set())
            refused = part.get("not")
            if isinstance(refused, dict) and set(refused) == {"type"}:
                allowed -= {refused["type"]} if isinstance(refused["type"], str) else set(refused["type"])
        if not allowed:
            raise NothingFits
        hinted = [kind for kind in allowed if any(_HINTS.get(kind, set()) & part.keys() for part in parts)]
        if depth >= _DEEPEST:
            flat = sorted(allowed - {"object", "array"})
            return self.rng.choice(flat or sorted(allowed))
        if hinted and self.rng.random() < 0.85:
            return self.rng.choice(sorted(hinted))
        return self.rng.choice(sorted(allowed))

    def _scalar(self, parts: list[dict[str, Json]], kind: str) -> Json:
        if kind == "null":
            return None
        if kind == "boolean":
            return self.rng.random() < 0.5
        samples = [text for part in parts for text in FORMAT_SAMPLES.get(str(part.get("format")), ())]
        if (
            kind == "string"
            and (known := [text for text in samples if _within(text, parts)])
            and self.rng.random() < 0.9
        ):
            return self.rng.choice(known)
        patterns = [part["pattern"] for part in parts if "pattern" in part]
        if kind == "string" and patterns:
            texts = [matching(patterns[0], self.rng, stretch) for stretch in (1, 2, 4, 8, 30)]
            values: list[Json] = [text for text in texts if text is not None] + interesting(parts, [], self.rng)
        else:
            values = interesting(parts, [], self.rng)
        fitting = [value for value in values if _of_kind(value, kind) and _within(value, parts)]
        if not fitting:
            raise NothingFits
        if self.rng.random() < 0.7:
            fitting = fitting[:6]
        return self.rng.choice(fitting)

    def _array(self, parts: list[dict[str, Json]], depth: int, along: tuple[str | int, ...]) -> Json:
        least = max([0, *(int(part["minItems"]) for part in parts if "minItems" in part)])
        most = min([least + 3, *(int(part["maxItems"]) for part in parts if "maxItems" in part)])
        wanted = [part["contains"] for part in parts if "contains" in part]
        if least > most or least > _WIDEST:
            raise NothingFits
        size = self.rng.randint(least, most) if depth < _DEEPEST else least
        size = max(size, min(most, len(wanted)), int(along[0]) + 1 if along else 0)
        out: list[Json] = []
        for index in range(size):
            schemas = [s for part in parts for s in child_schemas(self.document, [_no_contains(part)], index)]
            if index < len(wanted):
                schemas.append(wanted[index])
            try:
                out.append(self.draw(schemas, depth + 1, along[1:] if along[:1] == (index,) else ()))
            except NothingFits:
                if index < least or along[:1] == (index,):
                    raise
                break
        return out

    def _object(self, parts: list[dict[str, Json]], depth: int, along: tuple[str | int, ...]) -> Json:
        flat = flattened(self.document, list(parts))
        names = interesting_names(flat, self.rng)
        required = {name for part in parts for name in part.get("required") or () if isinstance(name, str)}
        required |= {str(name) for name in along[:1]}
        least = max([0, *(int(part["minProperties"]) for part in parts if "minProperties" in part)])
        most = min([10**6, *(int(part["maxProperties"]) for part in parts if "maxProperties" in part)])
        if least > _WIDEST:
            raise NothingFits
        fullness = 0.0 if depth >= _DEEPEST else self.fullness
        declared = {name for part in parts for name in part.get("properties") or ()}
        free = sorted(declared - required)
        filling = set(self.rng.sample(free, min(len(free), max(0, least - len(required)))))
        odd = fullness / 6
        order = [*sorted(required), *(n for n in names if n not in required)]
        order += [f"k{place}" for place in range(least - len(order) + 1)]
        out: dict[str, Json] = {}
        for place, name in enumerate(order):
            wanted = name in required
            missing = name in filling or least - len(out) >= len(order) - place
            if not wanted and not missing and self.rng.random() >= (fullness if name in declared else odd):
                continue
            if len(out) >= most and not wanted:
                continue
            try:
                out[name] = self.draw(self._member(parts, name), depth + 1, along[1:] if along[:1] == (name,) else ())
            except NothingFits:
                if wanted:
                    raise
        self._depend(parts, out, depth)
        return out

    def _member(self, parts: list[dict[str, Json]], name: str) -> list[Json]:
        return [schema for part in parts for schema in child_schemas(self.document, [part], name)]

    def _depend(self, parts: list[dict[str, Json]], out: dict[str, Json], depth: int) -> None:
        for part in parts:
            for keyword in ("dependencies", "dependentRequired"):
                needed = part.get(keyword)
                for name in list(out):
                    names = needed.get(name) if isinstance(needed, dict) else None
                    for other in names if isinstance(names, list) else ():
                        if other not in out:
                            out[other] = self.draw(self._member(parts, other), depth + 1)


def _no_contains(part: dict[str, Json]) -> dict[str, Json]:
    return {keyword: value for keyword, value in part.items() if keyword != "contains"}


def _of_kind(value: Json, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(value: Json, parts: list[dict[str, Json]]) -> bool:
    for part in parts:
        if isinstance(value, str):
            if not part.get("minLength", 0) <= len(value) <= part.get("maxLength", len(value)):
                return False
            if "pattern" in part and not search(part["pattern"], value):
                return False
        elif not _in_range(value, part):
            return False
    return True


def _in_range(value: float, part: dict[str, Json]) -> bool:
    low, high = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    if not part.get("minimum", value) <= value <= part.get("maximum", value):
        return False
    if isinstance(low, int | float) and not isinstance(low, bool) and value <= low:
        return False
    return not (isinstance(high, int | float) and not isinstance(high, bool) and value >= high)

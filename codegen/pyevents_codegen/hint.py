"""Types as Python that `datamodel-code-generator` has no word for, or would give a name of its own.

It is given a marker instead, and the marker's place is taken by the type: limits with `msgspec.Meta`, moments that have
an offset.
"""

from __future__ import annotations

import re
from typing import Any

from pyevents_codegen.limits import meta

__all__ = ["Hints"]

_SPACE = "pyevents_hint"
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_MODULES = {
    "Annotated": "typing",
    "Any": "typing",
    "Literal": "typing",
    "Meta": "msgspec",
    "date": "datetime",
    "datetime": "datetime",
}


class Hints:
    """The types of one module that stand behind markers."""

    def __init__(self) -> None:
        self._markers: dict[str, str] = {}
        self._used: set[str] = set()

    def marked(self, shape: Any) -> Any:
        """Return a shape with markers in place of what the generator shall not write."""
        if shape is True:
            return shape
        if meta(shape) or shape.get("format") == "date-time":
            marker = self._markers.setdefault(self._hint(shape), f"PyeventsHint{len(self._markers)}_")
            return {"customTypePath": f"{_SPACE}.{marker}"}
        made = {key: value for key, value in shape.items() if key not in ("description", "default")}
        for key in ("items", "additionalProperties"):
            if key in made:
                made[key] = self.marked(made[key])
        for key in ("anyOf", "allOf"):
            if key in made:
                made[key] = [self.marked(member) for member in made[key]]
        return made

    def written(self, text: str) -> str:
        """Return the generator's text with the types in place of the markers, and their imports in place of its own."""
        imports = "".join(f"from {_MODULES[name]} import {name}\n" for name in sorted(self._used))
        text = re.sub(rf"^from {_SPACE} import (\([^)]*\)|.*)\n", imports, text, flags=re.MULTILINE)
        for hint, marker in self._markers.items():
            text = text.replace(marker, hint)
        return text

    def _hint(self, shape: Any) -> str:
        limited = "" if shape is True else meta(shape)
        if limited:
            return f"{self._name('Annotated')}[{self._type(shape)}, {self._name('Meta')}({limited})]"
        return self._type(shape)

    def _type(self, shape: Any) -> str:
        if shape is True or not shape:
            return self._name("Any")
        if "$ref" in shape:
            return str(shape["$ref"]).rpartition("/")[2]
        if "anyOf" in shape or "allOf" in shape:
            return " | ".join(self._hint(member) for member in shape.get("anyOf", shape.get("allOf")))
        if "enum" in shape:
            return f"{self._name('Literal')}{shape['enum']!r}"
        if shape["type"] == "array":
            return f"list[{self._hint(shape['items'])}]"
        if shape["type"] == "object":
            return f"dict[str, {self._hint(shape['additionalProperties'])}]"
        if shape.get("format") == "date-time":
            return f"{self._name('Annotated')}[{self._name('datetime')}, {self._name('Meta')}(tz=True)]"
        return self._name("date") if "format" in shape else _PLAIN[shape["type"]]

    def _name(self, name: str) -> str:
        self._used.add(name)
        return name

"""Owns asking the two validators about one message; decides nothing about pairs."""

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import jsonschema_rs
from referencing.jsonschema import EMPTY_REGISTRY

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.verdict import Json, SchemaRefused
from pyevents_codegen.draft import VALIDATORS

__all__ = ["Judges", "compile_grammars", "enforced_formats", "one_sided_formats"]

_GRAMMARS = "rfc3987_syntax"


class _Later(ModuleType):
    """Stands for the grammars of `iri` until somebody has one judged."""

    @staticmethod
    def is_valid_syntax(rule: str, text: str) -> bool:
        return bool(import_module(_GRAMMARS).is_valid_syntax(rule, text))


def _import_jsonschema() -> Any:
    """Import `jsonschema` without the 38 grammars of `iri`; compiling them took half of `pyevents check` (measured)."""
    if _GRAMMARS in sys.modules or find_spec(_GRAMMARS) is None:
        return import_module("jsonschema")
    sys.modules[_GRAMMARS] = _Later(_GRAMMARS)
    try:
        return import_module("jsonschema")
    finally:
        del sys.modules[_GRAMMARS]


def compile_grammars() -> bool:
    """Compile the grammars of `iri` now, so that it costs no pair its time; False where that was done before."""
    if _GRAMMARS in sys.modules or find_spec(_GRAMMARS) is None:
        return False
    import_module(_GRAMMARS)
    return True


jsonschema = _import_jsonschema()

_SLOW: dict[int, Any] = {
    4: jsonschema.Draft4Validator,
    6: jsonschema.Draft6Validator,
    7: jsonschema.Draft7Validator,
    19: jsonschema.Draft201909Validator,
    20: jsonschema.Draft202012Validator,
}
_NO_FORMAT_ADMITS = (
    "",
    " ",
    "\n",
    "[",
    "(",
    "%%",
    "{",
    "a b",
    "~2",
    "-",
    "99999999999999",
    "<>",
    "\\",
    ":::",
)


class Judges:
    """Both validators of one schema, formats checked, network refused."""

    def __init__(self, document: Document, role: str) -> None:
        try:
            self._fast = VALIDATORS[document.draft](document.value, validate_formats=True, offline=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            raise SchemaRefused(_refusal(role, error)) from None
        slow = _SLOW[document.draft]
        self._slow = slow(document.value, format_checker=slow.FORMAT_CHECKER, registry=EMPTY_REGISTRY)

    def fast(self, message: Json) -> bool:
        """Say whether jsonschema-rs accepts *message*."""
        try:
            return self._fast.is_valid(message)
        except ValueError:
            return False

    def slow(self, message: Json) -> bool | None:
        """Say whether `jsonschema` accepts *message*; None where it cannot say."""
        try:
            return bool(self._slow.is_valid(message))
        except Exception:  # any failure inside a format or a regular expression is "cannot say"
            return None

    def complaint(self, message: Json) -> tuple[list[str | int], str]:
        """Return where and by which keyword *message* is refused: instance path, keyword."""
        deepest: tuple[list[str | int], str] = ([], "")
        for error in self._fast.iter_errors(message):
            if not deepest[1] or len(error.instance_path) > len(deepest[0]):
                deepest = (error.instance_path, str(error.schema_path[-1]) if error.schema_path else "false")
        return deepest


def one_sided_formats(draft: int) -> frozenset[str]:
    """Return the formats of *draft* that only one of the two validators enforces."""
    fast, slow = _formats(draft)
    return fast ^ slow


def enforced_formats(draft: int) -> frozenset[str]:
    """Return the formats of *draft* that at least one of the two validators enforces."""
    fast, slow = _formats(draft)
    return fast | slow


@cache
def _formats(draft: int) -> tuple[frozenset[str], frozenset[str]]:
    # Found by asking, not from a table: which formats a validator knows changes with its releases.
    slow = frozenset(_SLOW[draft].FORMAT_CHECKER.checkers)
    names = slow | set(jsonschema.FormatChecker.checkers) | {"time", "date", "uuid", "duration"}
    known = {name: VALIDATORS[draft]({"format": name}, validate_formats=True) for name in names}
    fast = frozenset(n for n, judge in known.items() if not all(judge.is_valid(bad) for bad in _NO_FORMAT_ADMITS))
    return fast, slow


def _refusal(role: str, error: Exception) -> str:
    first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
    if "retriev" in first or "not present in a registry" in first or "Offline" in first:
        return f"the {role} refers to another document; contracts are self-contained: copy it into definitions"
    return f"the {role} is not a valid JSON Schema of its draft: {first}"

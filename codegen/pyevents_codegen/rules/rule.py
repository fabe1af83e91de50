"""A rule as data: what it asks for, why, how a breach is mended, and the function that finds breaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from pyevents_codegen.rules.case import Case, Problem

__all__ = ["Preset", "Rule", "explained"]

Preset = Literal["MINIMAL", "STANDARD", "STRICT"]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule.

    Args:
        id: Short name, stable across releases.
        category: The module of `pyevents_codegen.rules` that has it, as a word.
        preset: The smallest preset that holds it; None where it always holds, because nothing works without it.
        purpose: What it asks for, as a sentence.
        why: What goes wrong without it.
        fix: An example: what is refused, and what is accepted in its place.
        remedy: What to do next, where a problem does not say it.
        find: Finds breaches in one contract; None where reading or comparing the contracts finds them.
    """

    id: str
    category: str
    purpose: str
    why: str
    fix: str
    preset: Preset | None = None
    remedy: str = ""
    find: Callable[[Case], Iterable[Problem]] | None = None


def explained(rule: Rule) -> str:
    """Return everything there is to say about a rule, as lines of text."""
    held = f"in {rule.preset} and above" if rule.preset else "always; it cannot be ignored"
    return f"{rule.id} ({rule.category}; {held})\n\n{rule.purpose}\n\n{rule.why}\n\n{rule.fix}\n"

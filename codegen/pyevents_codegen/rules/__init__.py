"""Every rule there is, as data: the engine, `pyevents rules` and the documentation read the same tuple."""

from __future__ import annotations

from pyevents_codegen.rules import avro, contract, examples, naming, numbers, reading, structure, text
from pyevents_codegen.rules.rule import Preset, Rule

__all__ = ["PRESETS", "RULES", "of_preset"]

PRESETS: tuple[Preset, ...] = ("MINIMAL", "STANDARD", "STRICT")
"""Each holds the rules of those before it."""

RULES: dict[str, Rule] = {
    rule.id: rule
    for module in (naming, structure, text, numbers, contract, examples, avro, reading)
    for rule in module.RULES
}
"""By id, in the order in which they are told."""


def of_preset(preset: Preset) -> list[Rule]:
    """Return the rules of a preset that look at contracts one by one."""
    held = PRESETS[: PRESETS.index(preset) + 1]
    return [rule for rule in RULES.values() if rule.find and rule.preset in held]

"""Rules that always hold, because nothing works without them: `reading.toml` and `history.toml` say them.

Reading, generating and comparing find their breaches.
"""

from __future__ import annotations

import importlib.resources
import tomllib

from pyevents_codegen.rules.rule import Rule

__all__ = ["RULES"]


def _rules(category: str) -> tuple[Rule, ...]:
    text = importlib.resources.files(__package__).joinpath(f"{category}.toml").read_text(encoding="utf-8")
    return tuple(Rule(id=name, category=category, **said) for name, said in tomllib.loads(text).items())


RULES = _rules("reading") + _rules("history")

"""Rules that always hold, because nothing works without them: `reading.toml` beside this module says them.

Reading, comparing and generating find their breaches.
"""

from __future__ import annotations

import importlib.resources
import tomllib

from pyevents_codegen.rules.rule import Rule

__all__ = ["RULES"]

_TEXT = importlib.resources.files(__package__).joinpath("reading.toml").read_text(encoding="utf-8")

RULES = tuple(Rule(id=name, category="always", **said) for name, said in tomllib.loads(_TEXT).items())

"""Owns the compatibility verdict on a pair of schema texts; knows nothing of contracts, versions or modes."""

from pyevents_codegen.compat.crowd import PATIENCE_S, Question, decide_all, pairs
from pyevents_codegen.compat.engine import decide
from pyevents_codegen.compat.verdict import Verdict

__all__ = ["PATIENCE_S", "Question", "Verdict", "decide", "decide_all", "pairs"]

"""Owns one verdict computed in this very process; `engine` puts a wall around it."""

import time
from dataclasses import replace
from typing import Literal

from pyevents_codegen.compat.avro_pair import decide_avro
from pyevents_codegen.compat.json_pair import decide_json
from pyevents_codegen.compat.verdict import Verdict

__all__ = ["decide_here"]


def decide_here(
    reader: str, writer: str, kind: Literal["json", "avro"], budget_s: float, *, proving: bool = True
) -> Verdict:
    """Decide one pair without any wall: an exploding regular expression would hang the caller.

    Args:
        reader: Schema text of the side that reads.
        writer: Schema text of the side that writes.
        kind: Which language both texts are in.
        budget_s: Seconds of wall time to aim at.
        proving: False where the proof has crashed on this pair before: only search.
    """
    started = time.monotonic()
    try:
        if kind == "avro":
            verdict = decide_avro(reader, writer, budget_s)
        else:
            verdict = decide_json(reader, writer, budget_s, proving=proving)
    except RecursionError:
        verdict = Verdict("undecided", reason="the schemas nest or recurse too deeply; flatten them")
    except MemoryError:
        verdict = Verdict("undecided", reason="the schemas need too much memory; split them")
    return replace(verdict, ms=(time.monotonic() - started) * 1000)

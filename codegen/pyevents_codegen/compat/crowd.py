"""Owns deciding many pairs: one after the other as lines of JSON, or at once on every core."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any, Literal, NamedTuple

from pyevents_codegen.batch import asked
from pyevents_codegen.compat.engine import Engine, decide
from pyevents_codegen.compat.verdict import Verdict

__all__ = ["PATIENCE_S", "Question", "decide_all", "pairs"]

PATIENCE_S = 5.0
"""Seconds that a pair of a contract's own versions is worth, on a busy machine too; few take a hundredth of it."""

_ALONE = 200  # pairs for which a second process is not worth its half second


class Question(NamedTuple):
    """One pair of schema texts: can *reader* read what *writer* sends?"""

    reader: str
    writer: str
    kind: Literal["json", "avro"]


def decide_all(questions: Sequence[Question], *, budget_s: float = PATIENCE_S) -> list[Verdict]:
    """Decide every pair, equal ones once; see `decide`.

    Args:
        questions: Pairs that share texts are decided faster when they stand together.
        budget_s: Seconds of wall time for each pair.

    Returns:
        The verdicts, in the order of the questions.
    """
    distinct = list(dict.fromkeys(questions))
    workers = min(os.cpu_count() or 1, 1 + len(distinct) // _ALONE)
    if workers == 1:
        answers = [decide(*question, budget_s=budget_s) for question in distinct]
    else:
        size = -(-len(distinct) // workers)
        shares = [distinct[start : start + size] for start in range(0, len(distinct), size)]
        with ThreadPoolExecutor(workers) as pool:
            answers = list(chain.from_iterable(pool.map(partial(_decided, budget_s), shares)))
    known = dict(zip(distinct, answers, strict=True))
    return [known[question] for question in questions]


def _decided(budget_s: float, share: Sequence[Question]) -> list[Verdict]:
    with Engine() as engine:
        return [engine.decide(*question, budget_s=budget_s) for question in share]


def pairs(lines: Iterable[str], *, budget_s: float = 1.0) -> Iterator[dict[str, Any]]:
    """Decide each line of *lines*, in order; one that cannot be used is answered `error`, and the batch goes on.

    Args:
        lines: As `pyevents_codegen.batch` reads them.
        budget_s: Seconds of wall time for each pair.

    Yields:
        ``{"id", "verdict", "counterexample", "reason", "ms"}``, one for each line, as soon as it is known.
        `id` is null where the line gave none.
    """
    with Engine() as engine:
        for one in asked(lines):
            verdict = Verdict("error", reason=one.problem)
            if not one.problem:
                verdict = engine.decide(one.reader, one.writer, one.kind, budget_s=budget_s)
            yield {
                "id": one.id,
                "verdict": verdict.kind,
                "counterexample": verdict.counterexample,
                "reason": verdict.reason,
                "ms": round(verdict.ms, 3),
            }

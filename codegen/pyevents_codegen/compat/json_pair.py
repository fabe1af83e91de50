"""Owns the verdict on a pair of JSON Schemas: proof first, counterexample next, "undecided" last."""

import time
from dataclasses import dataclass
from functools import lru_cache

from pyevents_codegen.compat.cycles import turns_in_place
from pyevents_codegen.compat.document import Document, read_document
from pyevents_codegen.compat.judges import Judges
from pyevents_codegen.compat.proof import (
    Answer,
    contained_at_a_glance,
    contained_by_parts,
    holds_for_both,
    one_sided_keywords,
    same_draft,
)
from pyevents_codegen.compat.search import Hunt
from pyevents_codegen.compat.shrink import smallest
from pyevents_codegen.compat.verdict import Json, SchemaRefused, Verdict
from pyevents_codegen.pointer import joined

__all__ = ["decide_json"]

_SHRINKING_S = 0.15
_LARGE = 60_000  # characters; from here on the proof may take longer than a look


@dataclass
class _Pair:
    reader: Document
    writer: Document
    ours: Judges
    theirs: Judges
    disputed: bool = False

    def breaks(self, message: Json) -> bool:
        """Say whether both validators let the writer send *message* and both refuse to read it."""
        if not (self.theirs.fast(message) and not self.ours.fast(message)):
            return False
        if self.theirs.slow(message) is True and self.ours.slow(message) is False:
            return True
        self.disputed = True
        return False


def decide_json(reader: str, writer: str, budget_s: float, *, proving: bool = True) -> Verdict:
    """Decide a pair of JSON Schema texts within about *budget_s* seconds.

    Not safe against code that never returns (an exploding expression): `worker` puts a wall around it.
    """
    started = time.monotonic()
    try:
        ours, refuses = _side(reader, "reader")
        theirs, admits = _side(writer, "writer")
        pair = _Pair(ours, theirs, refuses, admits)
    except SchemaRefused as refused:
        return Verdict("error", reason=str(refused))
    search = Hunt(pair.breaks, ours, theirs, directed=proving, admits=pair.theirs.fast)
    found = search.nearby(time.monotonic() + budget_s * 0.2) if len(reader) + len(writer) > _LARGE else None
    answer: Answer = contained_at_a_glance(ours, theirs) if proving and not found else "unknown"
    if answer != "yes":
        found = found or search.nearby(time.monotonic() + budget_s * 0.15)
    if answer == "unknown" and proving and not found:
        answer = contained_by_parts(ours, theirs)
    if answer == "yes":
        if holds_for_both(ours, theirs):
            return Verdict("safe", reason="the reader provably admits every message of the writer")
        return _why_undecided(pair, answer)
    found = found or search.until(started + budget_s * 0.6)
    return _breaking(pair, found[0]) if found is not None else _why_undecided(pair, answer)


@lru_cache(maxsize=32)
def _side(text: str, role: str) -> tuple[Document, Judges]:
    """Read one schema; the versions of a contract are compared with each other, so each text comes several times."""
    document = read_document(text, role)
    if turns_in_place(document):
        raise SchemaRefused(f"a $ref of the {role} leads back to itself without a step into the message")
    return document, Judges(document, role)


def _breaking(pair: _Pair, message: Json) -> Verdict:
    message = smallest(message, pair.breaks, time.monotonic() + _SHRINKING_S)
    path, rule = pair.ours.complaint(message)
    pointer = joined(path)
    where = f"at {pointer}" if pointer else "as a whole"
    return Verdict(
        "breaking",
        message,
        pointer,
        rule,
        f"the writer may send a message that the reader refuses {where}: {rule}",
    )


def _why_undecided(pair: _Pair, answer: str) -> Verdict:
    lonely = sorted({*one_sided_keywords(pair.reader).values(), *one_sided_keywords(pair.writer).values()})
    if lonely:
        return _undecided(f"only one of the two validators enforces {', '.join(lonely)}", "write it as a pattern")
    if pair.disputed:
        return _undecided("the two validators read a format or pattern differently", "use one that both read alike")
    if same_draft(pair.reader, pair.writer) is None:
        return _undecided("the two name different drafts of JSON Schema", "give both the same $schema")
    return _undecided(
        "containment could be neither proved nor refuted"
        if answer == "unknown"
        else "it breaks, but no message shows it",
        "state the constraint without combinators or patterns where the two differ",
    )


def _undecided(what: str, remedy: str) -> Verdict:
    return Verdict("undecided", reason=f"{what}; {remedy}")

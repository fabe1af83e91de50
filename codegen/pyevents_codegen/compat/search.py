"""Owns looking for a message that one schema admits and another refuses; judges no message itself."""

import itertools
import random
import time
from collections.abc import Callable, Iterator

import jsonschema_rs

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.drawing import Draft, NothingFits
from pyevents_codegen.compat.mutation import mutants, mutants_at
from pyevents_codegen.compat.places import Path, differing
from pyevents_codegen.compat.proof import canonical, same_draft
from pyevents_codegen.compat.values import key_of
from pyevents_codegen.compat.verdict import Json

__all__ = ["Hunt"]

_SEED = 20_240_229


class Hunt:
    """A search for a message for which *breaks* is true; it can be paused, and looks at nothing twice.

    In this order: bare messages that reach each place where the two differ, changed there; a bare and a full message
    changed at one place at a time where the two schemas differ; messages drawn from the canonical difference of the
    two; fuller messages changed everywhere; then two changes at once, over and over. The same seed looks at the same
    messages in the same order. A message is found in a tuple of one, since it may be null.

    Args:
        breaks: Whether a message is a counterexample.
        reader: The schema that should refuse.
        writer: The schema that should admit.
        seed: Of every choice.
        directed: Also draw from the canonical difference; not where computing it has crashed before.
        admits: Whether the writer admits a message; those that it does not are no ground for changes.
    """

    def __init__(
        self,
        breaks: Callable[[Json], bool],
        reader: Document,
        writer: Document,
        seed: int = _SEED,
        *,
        directed: bool = True,
        admits: Callable[[Json], bool] = lambda _: True,
    ) -> None:
        self._breaks = breaks
        self._seen: set[str] = set()
        rng = random.Random(seed)
        self._near = _near(reader, writer, rng, admits)
        self._far = _far(reader, writer, rng, directed)

    def nearby(self, until: float) -> tuple[Json] | None:
        """Look at the messages that show most breaks, which takes no canonical form and little time."""
        return self._look(self._near, until)

    def until(self, until: float) -> tuple[Json] | None:
        """Look at all that is left, until `time.monotonic()` is *until*."""
        return self._look(self._near, until) or self._look(self._far, until)

    def _look(self, candidates: Iterator[Json], until: float) -> tuple[Json] | None:
        for count, message in enumerate(candidates):
            if count % 64 == 63 and time.monotonic() > until:
                return None
            key = key_of(message) if len(self._seen) < 20_000 else ""
            if key in self._seen:
                continue
            if key:
                self._seen.add(key)
            if self._breaks(message):
                return (message,)
        return None


def _near(reader: Document, writer: Document, rng: random.Random, admits: Callable[[Json], bool]) -> Iterator[Json]:
    yield from ({}, [], "", 0, None, True, 0.5)
    for path in differing(reader, writer):
        admitted = filter(admits, _drawn(writer, writer.value, rng, 0.0, 8, path))
        for base in itertools.islice(admitted, 2):
            yield base
            yield from itertools.islice(mutants_at(reader, writer, base, path, rng), 400)
    for fullness in (0.0, 1.0):
        for message in _drawn(writer, writer.value, rng, fullness, 1):
            yield message
            yield from mutants(reader, writer, message, rng, everywhere=False)


def _far(reader: Document, writer: Document, rng: random.Random, directed: bool) -> Iterator[Json]:
    sources = [(writer, writer.value)]
    gap = _difference(reader, writer) if directed else None
    if gap is not None:
        sources.insert(0, (gap, gap.value))
    bases: list[Json] = []
    for fullness in (0.0, 1.0, 0.5, 0.8, 0.2, 0.9):
        for document, schema in sources:
            for message in _drawn(document, schema, rng, fullness, 4):
                yield message
                bases.append(message)
    for base in bases[:60]:
        yield from mutants(reader, writer, base, rng)
    for turn in itertools.count():
        fullness = (0.0, 0.3, 0.6, 1.0)[turn % 4]
        for document, schema in sources:
            for message in _drawn(document, schema, rng, fullness, 2):
                yield message
                once = list(itertools.islice(mutants(reader, writer, message, rng), 3_000))
                yield from once
                for changed in rng.sample(once, min(3, len(once))):
                    yield from itertools.islice(mutants(reader, writer, changed, rng), 600)
        yield None


def _drawn(
    document: Document, schema: Json, rng: random.Random, fullness: float, tries: int, along: Path = ()
) -> Iterator[Json]:
    for _ in range(tries):
        try:
            yield Draft(document, rng, fullness).draw([schema], along=along)
        except (NothingFits, RecursionError, OverflowError):
            continue


def _difference(reader: Document, writer: Document) -> Document | None:
    pair = same_draft(reader, writer)
    if pair is None:
        return None
    try:
        schema = canonical(pair[1]).subtract(canonical(pair[0])).to_json_schema()
    except (jsonschema_rs.canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
        return None
    return Document(schema, pair[0].draft, True, {})

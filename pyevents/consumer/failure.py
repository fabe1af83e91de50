"""What becomes of an event that failed: a decision from values, taken nowhere else."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Literal, NamedTuple

from pyevents.consumer.handlers import Exhausted
from pyevents.errors import RegistryError, SchemaUnknown, Undecodable, UnknownMajor, UpcastFailed
from pyevents.retry import Retry

__all__ = ["Verdict", "after_failure", "place_of"]

_REGISTRY = Retry(first=0.5, max=15)


class Verdict(NamedTuple):
    """What to do with the event."""

    action: Literal["again", "dead_letter", "pass", "stop"]
    wait: float = 0.0
    """Seconds until the next attempt."""


def after_failure(
    error: BaseException,
    attempt: int,
    retry: Retry,
    on_error: Exhausted,
    *,
    on_new_major: Exhausted,
    denied_for: float,
    patience: float,
) -> Verdict:
    """Say what becomes of an event.

    | error | verdict |
    |---|---|
    | the registry does not answer | again, for ever: the event is not at fault |
    | the registry denies the schema id, for less than `patience` seconds | again |
    | it denies it for longer; the bytes are no event, or the reader's schema refuses them | exhausted at once |
    | the event is of a newer major than the handler | as `on_new_major` says, at once |
    | an upcaster failed | exhausted at once: it is a pure function |
    | the handler's, with attempts left | again, after the wait that `retry` says |
    | the handler's, exhausted | as `on_error` says |

    Exhausted with `on_error="retry"` means again for ever, but bytes that are no event never become one: they are
    dead letters.

    Args:
        error: What the attempt failed with.
        attempt: Its number; 1 for the first.
        retry: Of the handler.
        on_error: What becomes of an exhausted event.
        on_new_major: What becomes of an event whose major is not known here.
        denied_for: Seconds since the registry first said that it has no such schema.
        patience: Seconds until that is believed.
    """
    if isinstance(error, RegistryError) and not (isinstance(error, SchemaUnknown) and denied_for >= patience):
        return Verdict("again", _REGISTRY.pause(attempt))
    if isinstance(error, UnknownMajor):
        return _exhausted(on_new_major, 0.0)
    if isinstance(error, (Undecodable, SchemaUnknown, UpcastFailed)):
        return _exhausted("dead_letter" if on_error == "retry" else on_error, 0.0)
    wait = retry.wait(error, attempt)
    return Verdict("again", wait) if wait is not None else _exhausted(on_error, retry.pause(attempt))


def _exhausted(on_error: Exhausted, pause: float) -> Verdict:
    if on_error == "retry":
        return Verdict("again", pause)
    return Verdict("pass") if on_error == "skip" else Verdict(on_error)


def place_of(error: BaseException, function: object) -> str:
    """Return where in the handler an error arose, as `file:line`: the innermost frame of the handler's own file.

    A frame deeper in a library says less; where the handler's file is not among the frames, the innermost is taken.
    """
    code = getattr(function, "__code__", None)
    frames = _frames(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame[0] == code.co_filename]
    found = (own or frames or [("", 0)])[-1]
    return f"{found[0]}:{found[1]}" if found[0] else ""


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    return [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]

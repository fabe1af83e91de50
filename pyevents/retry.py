"""How long to wait before trying again: pure arithmetic, no clock and no sleep."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec import Struct

from pyevents.errors import ConfigurationInvalid, Reject

__all__ = ["Backoff", "Retry"]


class Backoff(Struct, frozen=True):
    """Exponential waiting with jitter.

    Jitter keeps the members of a group from coming back all at once after an outage; see "Exponential Backoff
    And Jitter" in the AWS Architecture Blog (equal jitter: half is fixed, half is drawn).

    Args:
        first: Seconds before the second attempt.
        factor: Growth from one attempt to the next.
        longest: Seconds that a wait never exceeds.
        jitter: Share of a wait that is drawn, from 0 to 1.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0
    jitter: float = 0.5

    def delay(self, attempt: int, draw: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after the attempt of that number failed.

        Args:
            attempt: 1 for the first attempt.
            draw: Source of the jitter, in [0, 1).
        """
        full = self.longest
        if attempt < 64:  # beyond that the power alone would overflow a float for large factors
            full = min(self.longest, self.first * self.factor ** (attempt - 1))
        return full * (1 - self.jitter + self.jitter * draw())


# Database drivers share no base class; DB-API (PEP 249) and SQLAlchemy use these names for a server that is away.
_PASSING_NAMES = frozenset({"OperationalError", "InterfaceError", "TransportError", "TransientError"})
_PROGRAMMING = (TypeError, AttributeError, LookupError, NameError, AssertionError, NotImplementedError, SyntaxError)


class Retry(Struct, frozen=True):
    """How often and when an event is tried again after its handler failed.

    Left to itself, it goes by the class of the error:

    | error | attempts |
    |---|---|
    | `Reject` | 1: the handler says that no attempt will do |
    | `OSError` (so `ConnectionError`, `TimeoutError`), a driver's `OperationalError`, `InterfaceError` | 20 |
    | `TypeError`, `AttributeError`, `LookupError`, `NameError`, `AssertionError`, `NotImplementedError` | 3 |
    | any other | 5 |

    With the default waits 20 attempts take about seven minutes.

    Args:
        attempts: For every error but `Reject`, the first one included; None goes by the class of the error.
        first: Seconds before the second attempt.
        factor: Growth of the wait from one attempt to the next.
        max: Seconds that a wait never exceeds.
        jitter: Share of a wait that is drawn, from 0 to 1.

    Raises:
        ConfigurationInvalid: A number cannot work.
    """

    attempts: int | None = None
    first: float = 0.5
    factor: float = 2.0
    max: float = 30.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        for name, good in (
            ("attempts", self.attempts is None or self.attempts >= 1),
            ("first", self.first >= 0),
            ("factor", self.factor >= 1),
            ("max", self.max >= 0),
            ("jitter", 0 <= self.jitter <= 1),
        ):
            if not good:
                raise ConfigurationInvalid(
                    f"Retry.{name}", f"{getattr(self, name)} cannot work", "See the docstring of Retry for its range."
                )

    def wait(self, error: BaseException, attempt: int, draw: Callable[[], float] = random.random) -> float | None:
        """Return the seconds until the next attempt, or None: there is none.

        Args:
            error: What the attempt failed with.
            attempt: Its number; 1 for the first.
            draw: Source of the jitter, in [0, 1).
        """
        return None if attempt >= self.attempts_at(error) else self.pause(attempt, draw)

    def pause(self, attempt: int, draw: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after an attempt, whether or not it was the last."""
        return Backoff(self.first, self.factor, self.max, self.jitter).delay(attempt, draw)

    def attempts_at(self, error: BaseException) -> int:
        """Return how many attempts an event gets that fails with this error."""
        if isinstance(error, Reject):
            return 1
        if self.attempts is not None:
            return self.attempts
        names = {cls.__name__ for cls in type(error).__mro__}
        if isinstance(error, (OSError, TimeoutError)) or names & _PASSING_NAMES:
            return 20
        return 3 if isinstance(error, _PROGRAMMING) else 5

"""How long to wait before trying again: pure arithmetic, no clock and no sleep."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec import Struct

__all__ = ["Backoff"]


class Backoff(Struct, frozen=True):
    """Exponential waiting with jitter.

    Jitter keeps the members of a group from coming back all at once after an outage; see "Exponential Backoff
    And Jitter" in the AWS Architecture Blog (equal jitter: half is fixed, half is drawn).

    Args:
        first: Seconds before the second attempt.
        factor: Growth from one attempt to the next.
        longest: Seconds that a wait never exceeds.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0

    def delay(self, attempt: int, draw: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after the attempt of that number failed.

        Args:
            attempt: 1 for the first attempt.
            draw: Source of the jitter, in [0, 1).
        """
        full = self.longest
        if attempt < 64:  # beyond that the power alone would overflow a float for large factors
            full = min(self.longest, self.first * self.factor ** (attempt - 1))
        return full * (0.5 + 0.5 * draw())

"""SIGTERM and SIGINT: the first lets a consumer finish, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["heeding"]


@contextmanager
def heeding(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal, in the main thread only; afterwards everything is as it was.

    At the second one the process dies of it, as if nobody had ever heeded signals: a handler that hangs then holds
    nothing up. Nothing is lost, since offsets pass nothing unfinished.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def heed(number: int, frame: FrameType | None) -> None:
        if seen:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        seen.append(number)
        stop()

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

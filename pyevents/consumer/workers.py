"""Who calls the handlers: threads, or one event loop where a handler is a coroutine."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Protocol

from pyevents.consumer.dispatcher import Dispatcher
from pyevents.consumer.lane import Work
from pyevents.consumer.process import Process, Step

__all__ = ["Loop", "Threads", "Workers", "stack_of"]

NAME = "pyevents-handler"
"""What the names of threads begin with in which handlers run."""


class Workers(Protocol):
    """Take work from a dispatcher until they are stopped."""

    def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """Look for work; called with the lock held."""

    def stop(self) -> None:
        """Begin nothing more; a handler that hangs does not hold anybody up."""


class _Taking:
    """What takes work from a dispatcher, whoever does it then."""

    def __init__(
        self,
        count: int,
        process: Process,
        dispatcher: Dispatcher,
        lock: threading.Condition,
        clock: Callable[[], float],
        crashed: Callable[[Exception], None],
    ) -> None:
        self._process = process
        self._dispatcher = dispatcher
        self._lock = lock
        self._clock = clock
        self._crashed = crashed
        self._stopped = False
        self._prepare(count)

    def _prepare(self, count: int) -> None:
        """Make what the work is done by."""


class Threads(_Taking):
    """Runs functions, each piece of work in one of `count` threads.

    The threads are daemons, since a handler that hangs must not keep a process from ending.
    """

    def _prepare(self, count: int) -> None:
        self._threads = [
            threading.Thread(target=self._run, name=f"{NAME}-{number}", daemon=True) for number in range(count)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look for work; called with the lock held."""
        self._lock.notify(min(len(self._threads), max(1, self._dispatcher.ready)))

    def stop(self) -> None:
        """Begin nothing more."""
        with self._lock:
            self._stopped = True
            self._lock.notify_all()

    def _run(self) -> None:
        me = threading.get_ident()
        while (work := self._next()) is not None:
            work.worker = me
            try:
                _perform(self._process.steps(work))
            except Exception as error:  # an error of ours; a handler's never comes here
                self._crashed(error)

    def _next(self) -> Work | None:
        with self._lock:
            while not self._stopped:
                work = self._dispatcher.take(self._clock())
                if work is not None:
                    return work
                self._lock.wait()
            return None


class Loop(_Taking):
    """Runs coroutines in one event loop, and functions beside them in threads."""

    def _prepare(self, count: int) -> None:
        self._called = False
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=NAME)
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"{NAME}-loop", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look for work; called with the lock held."""
        if not self._called and not self._stopped:
            self._called = True
            self._loop.call_soon_threadsafe(self._pump)

    def stop(self) -> None:
        """Begin nothing more."""
        with self._lock:
            self._stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._loop.close()

    def _pump(self) -> None:
        self._called = False
        while not self._stopped:
            with self._lock:
                work = self._dispatcher.take(self._clock())
            if work is None:
                return
            task = self._loop.create_task(self._perform(work))
            work.worker = task
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._crashed(error)
        self._pump()

    async def _perform(self, work: Work) -> None:
        steps = self._process.steps(work)
        # Decoding may ask the registry, which must not hold up the loop; a schema that is known costs no question.
        decoder = self._process.decoder
        asks = any(not decoder.type_of(message.value) for message in work.messages)
        error: BaseException | None = None
        while (step := await self._advance(steps, error, asks)) is not None:
            if step[0].is_async:
                error = await _await(step)
            else:
                error = await self._loop.run_in_executor(self._pool, _call, step)

    async def _advance(
        self, steps: Generator[Step, None, None], error: BaseException | None, asks: bool
    ) -> Step | None:
        if asks:
            return await self._loop.run_in_executor(self._pool, _advance, steps, error)
        return _advance(steps, error)


def stack_of(worker: object) -> str:
    """Return where a worker is at this moment, as lines of code, without values."""
    frames: list[FrameType] = []
    if isinstance(worker, asyncio.Task):
        frames = worker.get_stack()
    elif isinstance(worker, int) and (found := sys._current_frames().get(worker)) is not None:
        return "".join(traceback.format_stack(found))
    return "".join(line for frame in frames for line in traceback.format_stack(frame, 1))


def _perform(steps: Generator[Step, None, None]) -> None:
    try:
        handler, argument = next(steps)
        while True:
            try:
                handler.call(argument)
            except BaseException as error:
                handler, argument = steps.throw(error)
            else:
                handler, argument = next(steps)
    except StopIteration:
        return


async def _await(step: Step) -> BaseException | None:
    handler, argument = step
    try:
        await handler.call(argument)  # type: ignore[misc]  # it is a coroutine
    except BaseException as error:
        return error
    return None


def _call(step: Step) -> BaseException | None:
    """Call a function and return what it raised: a future cannot bear every error (not `StopIteration`)."""
    handler, argument = step
    try:
        handler.call(argument)
    except BaseException as error:
        return error
    return None


def _advance(steps: Generator[Step, None, None], error: BaseException | None) -> Step | None:
    try:
        return next(steps) if error is None else steps.throw(error)
    except StopIteration:
        return None

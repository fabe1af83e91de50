"""Which function handles which event, and how it likes to be called."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from pyevents.codec import Event
from pyevents.envelope import EventSchema
from pyevents.errors import ConfigurationInvalid

__all__ = ["Call", "call_of"]

Call = Callable[[Event], object]


def call_of(handler: Callable[..., Any]) -> Call:
    """Return a function of one event that calls the handler with what its signature asks for.

    One argument is the typed object, or the `EventSchema` where it is annotated so; two are both, in this order.
    A coroutine function runs in an event loop of its own thread.

    Raises:
        ConfigurationInvalid: It takes no argument, or more than two.
    """
    call = _arguments(handler)
    if not inspect.iscoroutinefunction(handler):
        return call
    return lambda event: asyncio.run_coroutine_threadsafe(_coroutine(call, event), _loop()).result()


def _arguments(handler: Callable[..., Any]) -> Call:
    name = getattr(handler, "__qualname__", repr(handler))
    try:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [one for one in inspect.signature(handler).parameters.values() if one.kind in kinds]
    except (TypeError, ValueError):
        parameters = [inspect.Parameter("event", inspect.Parameter.POSITIONAL_ONLY)]
    required = [one for one in parameters if one.default is inspect.Parameter.empty]
    if not parameters or len(required) > 2:
        raise ConfigurationInvalid(
            f"handler {name}", f"it has {len(required)} arguments", "Take the event, or the event and its EventSchema."
        )
    if len(required) == 2:
        return lambda event: handler(event.typed, event.schema)
    if _is_envelope(handler, parameters[0]):
        return lambda event: handler(event.schema)
    return lambda event: handler(event.typed)


def _is_envelope(handler: Callable[..., Any], parameter: inspect.Parameter) -> bool:
    try:
        return get_type_hints(handler).get(parameter.name) is EventSchema
    except (NameError, TypeError):
        return parameter.annotation in (EventSchema, "EventSchema")


async def _coroutine(call: Call, event: Event) -> object:
    result = call(event)
    assert isinstance(result, Coroutine)
    return await result


_started: asyncio.AbstractEventLoop | None = None
_starting = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """Return the one event loop in which coroutine handlers run."""
    global _started
    with _starting:
        if _started is None:
            _started = asyncio.new_event_loop()
            threading.Thread(target=_started.run_forever, name="pyevents-handlers-async", daemon=True).start()
        return _started

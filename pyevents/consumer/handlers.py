"""Which function handles which event, and how it likes to be called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_type_hints

from pyevents.codec import Event
from pyevents.consumer.lane import Gather
from pyevents.envelope import EventSchema
from pyevents.errors import ConfigurationInvalid
from pyevents.retry import Retry

__all__ = ["Exhausted", "Handler", "NewMajor", "handler_of"]

Exhausted = Literal["dead_letter", "retry", "stop", "skip"]
"""What becomes of an event whose attempts are used up."""

NewMajor = Literal["dead_letter", "stop", "skip"]
"""What becomes of an event of a newer major than its handler's."""


class Handler(NamedTuple):
    """A function with what is known about it."""

    call: Callable[[Any], object]
    """Takes an `Event`, or a list of them where it gathers; returns a coroutine where it is one."""

    function: Callable[..., Any]
    is_async: bool
    gather: Gather | None
    retry: Retry
    on_error: Exhausted
    major: int | None = None
    """That it is given objects of; None is that of each event."""


def handler_of(
    function: Callable[..., Any], retry: Retry, on_error: Exhausted, gather: Gather | None = None
) -> Handler:
    """Return the handler that calls a function with what its signature asks for.

    One argument is the typed object, or the `EventSchema` where it is annotated so; two are both, in this order.
    Where it gathers, each argument is a list.

    Raises:
        ConfigurationInvalid: It takes no argument, or more than two; or it is no function, or *retry* no `Retry`.
    """
    if not callable(function):
        problem = f"{type(function).__name__} is no function"
        raise ConfigurationInvalid("handler", problem, "Decorate a function, or give the class's method.")
    if not isinstance(retry, Retry):
        raise ConfigurationInvalid("retry", f"{type(retry).__name__} is no Retry", "Give Retry(attempts=…).")
    call = _batch_call(function) if gather else _call(function)
    target = function if inspect.isfunction(function) or inspect.ismethod(function) else type(function).__call__
    return Handler(call, function, inspect.iscoroutinefunction(target), gather, retry, on_error)


def _call(function: Callable[..., Any]) -> Callable[[Event], object]:
    kind = _kind(function)
    if kind == "both":
        return lambda event: function(event.typed, event.schema)
    if kind == "envelope":
        return lambda event: function(event.schema)
    return lambda event: function(event.typed)


def _batch_call(function: Callable[..., Any]) -> Callable[[list[Event]], object]:
    kind = _kind(function)
    if kind == "both":
        return lambda events: function([one.typed for one in events], [one.schema for one in events])
    if kind == "envelope":
        return lambda events: function([one.schema for one in events])
    return lambda events: function([one.typed for one in events])


def _kind(function: Callable[..., Any]) -> Literal["typed", "envelope", "both"]:
    name = getattr(function, "__qualname__", repr(function))
    try:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [one for one in inspect.signature(function).parameters.values() if one.kind in kinds]
    except (TypeError, ValueError):
        parameters = [inspect.Parameter("event", inspect.Parameter.POSITIONAL_ONLY)]
    required = [one for one in parameters if one.default is inspect.Parameter.empty]
    if not parameters or len(required) > 2:
        raise ConfigurationInvalid(
            f"handler {name}", f"it has {len(required)} arguments", "Take the event, or the event and its EventSchema."
        )
    if len(required) == 2:
        return "both"
    return "envelope" if _is_envelope(function, parameters[0]) else "typed"


def _is_envelope(function: Callable[..., Any], parameter: inspect.Parameter) -> bool:
    wanted: tuple[Any, ...] = (EventSchema, list[EventSchema], "EventSchema", "list[EventSchema]")
    try:
        return get_type_hints(function).get(parameter.name) in wanted
    except (NameError, TypeError):
        return parameter.annotation in wanted

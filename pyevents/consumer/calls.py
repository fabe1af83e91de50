"""What surrounds the call of a handler: older majors are lifted to its own, and an inbox remembers what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pyevents.codec import Event
from pyevents.consumer.handlers import Handler
from pyevents.errors import ConfigurationInvalid, UnknownMajor
from pyevents.inbox import AsyncInbox, Inbox
from pyevents.upcast import Lift

__all__ = ["lifting", "remembering"]


def lifting(handler: Handler, major: int, lifts: Mapping[int, Lift]) -> Handler:
    """Return a handler that is given objects of one major: older ones are lifted, newer ones are an error.

    Args:
        handler: Of the class of `major`.
        major: The handler's.
        lifts: By older major.
    """

    def lifted(event: Event) -> Event:
        number = int(event.raw.version.partition(".")[0])
        if number == major:
            return event
        if number > major:
            problem = f"its handler is for major {major}; register one for the class of major {number}"
            raise UnknownMajor(event.raw.event_type, event.raw.version, problem, event.raw.event_id)
        return msgspec.structs.replace(event, typed=lifts[number](event.typed))

    call = handler.call
    if handler.gather:
        return handler._replace(call=lambda events: call([lifted(event) for event in events]))
    return handler._replace(call=lambda event: call(lifted(event)))


def remembering(handler: Handler, inbox: Inbox | AsyncInbox, group: str) -> Handler:
    """Return a handler that runs within an inbox, and not at all for an event that was handled before.

    Raises:
        ConfigurationInvalid: The inbox is not of the handler's kind, or the handler takes batches.
    """
    name = f"handler {handler.function.__qualname__}"
    if handler.gather:
        raise ConfigurationInvalid(name, "it takes batches, which an inbox cannot remember", "Register it with `on`.")
    if handler.is_async:
        if not isinstance(inbox, AsyncInbox):
            raise ConfigurationInvalid(name, "it is a coroutine and the inbox is not", "Take `AsyncSqlInbox`.")
        return handler._replace(call=_remembering_coroutine(handler.call, inbox, group))
    if not isinstance(inbox, Inbox):
        raise ConfigurationInvalid(name, "it is no coroutine and the inbox is for them", "Take `SqlInbox`.")
    return handler._replace(call=_remembering_function(handler.call, inbox, group))


def _remembering_function(call: Callable[[Any], object], inbox: Inbox, group: str) -> Callable[[Event], object]:
    def remembered(event: Event) -> None:
        with inbox.handling(group, event.raw.event_id) as fresh:
            if fresh:
                call(event)

    return remembered


def _remembering_coroutine(call: Callable[[Any], Any], inbox: AsyncInbox, group: str) -> Callable[[Event], object]:
    async def remembered(event: Event) -> None:
        async with inbox.handling_async(group, event.raw.event_id) as fresh:
            if fresh:
                await call(event)

    return remembered

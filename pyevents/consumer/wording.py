"""What is said of an event that failed: in the log, in its dead letter, and by a consumer that stops for it."""

from __future__ import annotations

from pyevents.codec import Event, Skipped
from pyevents.consumer.failure import place_of
from pyevents.consumer.handlers import Handler
from pyevents.errors import ConsumerStopped, PyEventsError, Undecodable
from pyevents.transport import Message

__all__ = ["name_of", "said_of", "stopped_at"]


def name_of(error: BaseException) -> str:
    """Return the error's class as a dead letter bears it; of bytes that are no event, with the rule that they break."""
    if isinstance(error, Undecodable):
        return f"{type(error).__name__}/{error.rule}"
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def said_of(
    message: Message, event: Event | Skipped | None, error: BaseException, handler: Handler | None
) -> tuple[str, str]:
    """Return what names an event and its error in the log.

    Our own errors say what happened without the payload; a handler's may quote it: only class and place are said.
    """
    what = f"event {event.raw.event_id} of type {event.raw.event_type}" if isinstance(event, Event) else "a message"
    if isinstance(error, PyEventsError):
        reason = str(error)
    else:
        place = place_of(error, handler.function) if handler else ""
        reason = name_of(error) + (f" at {place}" if place else "")
    return f"{what} at {message.topic}-{message.partition}@{message.offset}", reason


def stopped_at(message: Message, said: tuple[str, str], by_policy: bool) -> ConsumerStopped:
    """Return the error that ends a consumer.

    Args:
        message: The one that it stands at.
        said: Of its event and error.
        by_policy: `on_error` says so; otherwise too many became dead letters.
    """
    place = f"{message.topic}-{message.partition}@{message.offset}"
    if by_policy:
        return ConsumerStopped(place, said[1], "Mend the cause and start it again: it goes on with this event.")
    return ConsumerStopped(
        place,
        f"too many of the last events became dead letters, this one for {said[1]}",
        "Mend the cause and start it again, or raise `dead_letter_limit`; `pyevents deadletter ls` shows the others.",
    )

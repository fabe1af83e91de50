"""Which dead letters are meant: by type, error, time, key and offset. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pyevents.deadletter.letter import DeadLetter
from pyevents.errors import ConfigurationInvalid

__all__ = ["Choice", "moment"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Choice(Struct, frozen=True, kw_only=True):
    """What a person asks for; whatever is empty asks for nothing.

    Args:
        event_types: Any of these.
        error: A part of the error's class, in any case of letters.
        since: Failed then or later.
        until: Failed before.
        key_hash: As `ls` prints it.
        offsets: On the dead-letter topic.
        with_settled: Those too that were replayed or discarded.
    """

    event_types: tuple[str, ...] = ()
    error: str = ""
    since: datetime | None = None
    until: datetime | None = None
    key_hash: str = ""
    offsets: tuple[int, ...] = ()
    with_settled: bool = False

    def admits(self, letter: DeadLetter) -> bool:
        """Say whether a letter is one of those meant."""
        return (
            (self.with_settled or letter.settled is None)
            and (not self.event_types or letter.event_type in self.event_types)
            and self.error.lower() in letter.error.lower()
            and (self.since is None or letter.failed >= self.since)
            and (self.until is None or letter.failed < self.until)
            and (not self.key_hash or letter.key_hash == self.key_hash)
            and (not self.offsets or letter.message.offset in self.offsets)
        )

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it down."""
        return self == Choice(with_settled=self.with_settled)


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that a person wrote: `2026-11-24T07:00`, UTC where it has no offset, or `2h` for two hours ago.

    Raises:
        ConfigurationInvalid: It is neither.
    """
    ago = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationInvalid(
            "time", f"{text!r} is no moment", "Write one such as 2026-11-24T07:00, or 30m, 2h, 7d for so long ago."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

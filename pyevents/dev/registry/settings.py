"""A setting that subjects may have of their own and otherwise share; the compatibility level and the mode are such."""

from __future__ import annotations

from pyevents.dev.registry.refusal import Refusal, no_subject
from pyevents.dev.registry.store import Store

__all__ = ["Setting"]

_EVERYWHERE = ""
"""Where a global value is kept: no subject is called so."""


class Setting:
    """One setting, with a global value and exceptions by subject.

    Args:
        store: Keeps it.
        name: As the store and refusals know it.
        choices: The values that it may have.
        default: The global value until another is set.
        code: Of the refusal of a value that is none of the choices.
    """

    def __init__(self, store: Store, name: str, choices: tuple[str, ...], default: str, code: int) -> None:
        self._store = store
        self._name = name
        self._choices = choices
        self._default = default
        self._code = code

    def of(self, subject: str | None) -> str:
        """Return what holds for a subject, or globally for None."""
        own = self.own(subject) if subject is not None else None
        return own or self._store.setting(self._name, _EVERYWHERE) or self._default

    def own(self, subject: str) -> str | None:
        """Return what was set for a subject itself."""
        return self._store.setting(self._name, subject)

    def read(self, value: object) -> str:
        """Return the choice that a request means, in whatever case.

        Raises:
            Refusal: It means none.
        """
        if not isinstance(value, str) or value.upper() not in self._choices:
            raise Refusal(self._code, f"Invalid {self._name}. Valid values are {', '.join(self._choices)}")
        return value.upper()

    def reset(self, subject: str | None) -> str:
        """Take it away from a subject, or set the default globally, and return what it was.

        Raises:
            Refusal: The subject has none of its own.
        """
        before = self.of(None) if subject is None else self.own(subject)
        if before is None:
            raise no_subject(str(subject))
        self.set(subject, None)
        return before

    def set(self, subject: str | None, choice: str | None) -> None:
        """Set it for a subject, or globally for None; no choice is the global value again, or the default."""
        self._store.set(self._name, _EVERYWHERE if subject is None else subject, choice)

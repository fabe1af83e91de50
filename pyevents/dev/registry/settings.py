"""A setting that subjects may have of their own and otherwise share; the compatibility level and the mode are such."""

from __future__ import annotations

from collections.abc import Callable

from pyevents.dev.registry.refusal import Refusal

__all__ = ["Setting"]


class Setting:
    """One setting, with a global value and exceptions by subject.

    Args:
        choices: The values that it may have.
        default: The global value until another is set.
        refuse: Makes the refusal of a value that is none of the choices.
    """

    def __init__(self, choices: tuple[str, ...], default: str, refuse: Callable[[tuple[str, ...]], Refusal]) -> None:
        self._choices = choices
        self._default = self._everywhere = default
        self._refuse = refuse
        self._own: dict[str, str] = {}

    def of(self, subject: str | None) -> str:
        """Return what holds for a subject, or globally for None."""
        return self._own.get(subject, self._everywhere) if subject is not None else self._everywhere

    def own(self, subject: str) -> str | None:
        """Return what was set for a subject itself."""
        return self._own.get(subject)

    def read(self, value: object) -> str:
        """Return the choice that a request means, in whatever case.

        Raises:
            Refusal: It means none.
        """
        if not isinstance(value, str) or value.upper() not in self._choices:
            raise self._refuse(self._choices)
        return value.upper()

    def set(self, subject: str | None, choice: str) -> None:
        """Set it for a subject, or globally for None."""
        if subject is None:
            self._everywhere = choice
        else:
            self._own[subject] = choice

    def reset(self, subject: str | None) -> None:
        """Let a subject follow the global value again, or the global value the default."""
        if subject is None:
            self._everywhere = self._default
        else:
            self._own.pop(subject, None)

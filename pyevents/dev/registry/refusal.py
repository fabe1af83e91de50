"""What the registry says when it does not do what was asked: status, error code and message.

The codes are those of Confluent's REST interface; clients tell refusals apart by them. The words are Confluent's where
a tool might look for them.

    40401 40402 40403   no such subject, version, schema
    40404 40405         a subject was deleted before, or was not, and has to be to go for good
    40406 40407         a version likewise
    40408 40409         a subject has no level, no mode of its own
    409 40903           incompatible; the resource has another subject
    422 42212           the body, or an association in it, is not what is taken
    42201 - 42205       no schema, no version, no level, no mode; the mode does not permit it
"""

from __future__ import annotations

__all__ = ["Refusal", "no_schema", "no_subject"]


class Refusal(Exception):
    """An answer other than 200.

    Args:
        code: Confluent's error code; its first three digits are the HTTP status.
        message: For people.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(str(self.code)[:3])


def no_subject(subject: str) -> Refusal:
    """No version of this subject is there."""
    return Refusal(40401, f"Subject '{subject}' not found.")


def no_schema(which: int | str = "") -> Refusal:
    """No schema has this id, or the subject does not have this schema."""
    return Refusal(40403, f"Schema {which} not found" if which else "Schema not found")

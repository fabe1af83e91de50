"""What the registry says when it does not do what was asked: status, error code and message.

The codes are those of Confluent's REST interface; clients tell refusals apart by them.
"""

from __future__ import annotations

__all__ = ["Refusal"]


class Refusal(Exception):
    """An answer other than 200.

    Args:
        code: Confluent's error code; its first three digits are the HTTP status.
        message: For people; Confluent's words where a tool might look for them.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(str(self.code)[:3])

    @classmethod
    def no_subject(cls, subject: str) -> Refusal:
        """No version of this subject is there."""
        return cls(40401, f"Subject '{subject}' not found.")

    @classmethod
    def no_version(cls, number: int) -> Refusal:
        """The subject is there and has no such version."""
        return cls(40402, f"Version {number} not found.")

    @classmethod
    def no_schema(cls, which: int | str = "") -> Refusal:
        """No schema has this id, or the subject does not have this schema."""
        return cls(40403, f"Schema {which} not found" if which else "Schema not found")

    @classmethod
    def subject_is_deleted(cls, subject: str) -> Refusal:
        """It was deleted before, and can only be removed for good now."""
        return cls(40404, f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently")

    @classmethod
    def subject_is_not_deleted(cls, subject: str) -> Refusal:
        """It cannot be removed for good yet."""
        return cls(40405, f"Subject '{subject}' was not deleted first before being permanently deleted")

    @classmethod
    def version_is_deleted(cls, subject: str, number: int) -> Refusal:
        """It was deleted before, and can only be removed for good now."""
        return cls(
            40406, f"Subject '{subject}' Version {number} was soft deleted. Set permanent=true to delete permanently"
        )

    @classmethod
    def version_is_not_deleted(cls, subject: str, number: int) -> Refusal:
        """It cannot be removed for good yet."""
        return cls(
            40407, f"Subject '{subject}' Version {number} was not deleted first before being permanently deleted"
        )

    @classmethod
    def no_level_of_its_own(cls, subject: str) -> Refusal:
        """The subject follows the global compatibility level."""
        return cls(40408, f"Subject '{subject}' does not have subject-level compatibility configured")

    @classmethod
    def no_mode_of_its_own(cls, subject: str) -> Refusal:
        """The subject follows the global mode."""
        return cls(40409, f"Subject '{subject}' does not have subject-level mode configured")

    @classmethod
    def incompatible(cls, subject: str, reasons: list[str]) -> Refusal:
        """The new schema does not go with those before it."""
        return cls(
            409,
            f'Schema being registered is incompatible with an earlier schema for subject "{subject}", '
            f"details: [{'; '.join(reasons)}]",
        )

    @classmethod
    def invalid_schema(cls, problem: str) -> Refusal:
        """The text is no schema that this registry takes."""
        return cls(42201, f"Invalid schema: {problem}")

    @classmethod
    def invalid_version(cls, given: str) -> Refusal:
        """A version is a number from 1, or `latest`."""
        return cls(
            42202,
            f"The specified version '{given}' is not a valid version id. "
            f'Allowed values are between [1, 2^31-1] and the string "latest"',
        )

    @classmethod
    def invalid_level(cls, levels: tuple[str, ...]) -> Refusal:
        """There is no such compatibility level."""
        return cls(42203, f"Invalid compatibility level. Valid values are {', '.join(levels)}")

    @classmethod
    def invalid_mode(cls, modes: tuple[str, ...]) -> Refusal:
        """There is no such mode."""
        return cls(42204, f"Invalid mode. Valid values are {', '.join(modes)}")

    @classmethod
    def not_permitted(cls, problem: str) -> Refusal:
        """The mode forbids it."""
        return cls(42205, problem)

    @classmethod
    def unprocessable(cls, problem: str) -> Refusal:
        """The body is JSON, and not what this question takes."""
        return cls(422, problem)

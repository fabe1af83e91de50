"""Owns the answer for one pair of schema texts; knows nothing of how it was found."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["Json", "Kind", "SchemaRefused", "Verdict"]

Json: TypeAlias = Any
Kind: TypeAlias = Literal["safe", "breaking", "undecided", "error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say whether a reader can read everything that a writer may write.

    Attributes:
        kind: `safe` is proved; `breaking` carries a counterexample; `undecided` counts as a failure for
            whoever asks; `error` means that a text is no usable schema.
        counterexample: The smallest message found that the writer admits and the reader refuses (null may
            be one: it means something only when *kind* is `breaking`). Avro bytes are ISO 8859-1 text.
        pointer: JSON pointer into the counterexample to the value that is refused; "" is the whole message.
        rule: The keyword of the reader, or the Avro incompatibility, that refuses.
        reason: One sentence for a person. Holds no value of the message.
        ms: Wall time in milliseconds.
    """

    kind: Kind
    counterexample: Json = None
    pointer: str = ""
    rule: str = ""
    reason: str = ""
    ms: float = 0.0


class SchemaRefused(ValueError):
    """A text cannot be used as a schema; the message says which one, why, and what to do."""

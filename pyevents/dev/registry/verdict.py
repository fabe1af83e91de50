"""Whether a reader's schema follows a writer's, by Confluent's rules; it knows no levels and no subjects."""

from __future__ import annotations

from pyevents.errors import ToolchainMissing

__all__ = ["compatible"]


def compatible(reader: str, writer: str, kind: str) -> tuple[bool, str]:
    """Say whether a registry accepts `reader` as able to read what `writer` wrote.

    Args:
        reader: Text of a valid schema.
        writer: Text of a valid schema.
        kind: `"JSON"` or `"AVRO"`, of both.

    Returns:
        The verdict, and the reasons where it is no; `""` otherwise.

    Raises:
        ToolchainMissing: The extra `codegen` is not installed.
    """
    try:
        from pyevents_codegen import confluent

        answer = confluent.judge(reader, writer, "avro" if kind == "AVRO" else "json")
    except ModuleNotFoundError:
        raise ToolchainMissing("comparing schemas", "codegen") from None
    return answer.compatible, "; ".join(answer.reasons)

"""Whether a reader's schema can read what a writer's wrote; it knows no levels and no subjects.

Avro is judged by the checker of the `avro` package, JSON Schema by containment on the texts as they are.
"""

from __future__ import annotations

import json
from typing import Any

from pyevents.errors import ToolchainMissing

__all__ = ["compatible"]


def compatible(reader: str, writer: str, kind: str) -> tuple[bool, str]:
    """Say whether `reader` reads everything that `writer` can write.

    What cannot be decided counts as incompatible.

    Args:
        reader: Text of a valid schema.
        writer: Text of a valid schema.
        kind: `"JSON"` or `"AVRO"`, of both.

    Returns:
        The verdict, and the reason where it is no; `""` otherwise.

    Raises:
        ToolchainMissing: The extra `codegen` is not installed.
    """
    return (_avro if kind == "AVRO" else _json)(json.loads(reader), json.loads(writer))


def _json(reader: Any, writer: Any) -> tuple[bool, str]:
    import jsonschema_rs
    from jsonschema_rs.canonical import Containment

    def canonical(schema: Any) -> jsonschema_rs.CanonicalSchema:
        draft = None if isinstance(schema, dict) and "$schema" in schema else jsonschema_rs.Draft7
        return jsonschema_rs.canonicalize(schema, draft=draft, validate_formats=True, offline=True)

    try:
        answer = canonical(reader).covers(canonical(writer))
    except ValueError as error:
        return False, f"the two schemas cannot be compared: {str(error).split(chr(10), 1)[0]}"
    if answer is Containment.YES:
        return True, ""
    if answer is Containment.NO:
        return False, "the reader refuses something that the writer allows"
    return False, "it cannot be shown that the reader takes everything that the writer allows"


def _avro(reader: Any, writer: Any) -> tuple[bool, str]:
    try:
        import avro.errors
        import avro.schema
        from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
    except ModuleNotFoundError:
        raise ToolchainMissing("comparing Avro schemas", "codegen") from None
    try:
        result = ReaderWriterCompatibilityChecker().get_compatibility(  # type: ignore[no-untyped-call]
            reader=avro.schema.parse(json.dumps(reader)), writer=avro.schema.parse(json.dumps(writer))
        )
    except avro.errors.AvroException as error:
        return False, f"the two schemas cannot be compared: {error}"
    if result.compatibility is SchemaCompatibilityType.compatible:
        return True, ""
    return False, "; ".join(sorted(result.messages)) or "the reader cannot resolve the writer's schema"

"""The drafts of JSON Schema by number, as jsonschema-rs has them: 4, 6, 7, 19 (2019-09) and 20 (2020-12)."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

__all__ = ["DRAFTS", "VALIDATORS", "draft_of", "name_of"]

DRAFTS: dict[int, str] = {
    4: "http://json-schema.org/draft-04/schema",
    6: "http://json-schema.org/draft-06/schema",
    7: "http://json-schema.org/draft-07/schema",
    19: "https://json-schema.org/draft/2019-09/schema",
    20: "https://json-schema.org/draft/2020-12/schema",
}
"""Value of `$schema` by number, without an empty fragment."""

VALIDATORS: dict[int, type[jsonschema_rs.Validator]] = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    19: jsonschema_rs.Draft201909Validator,
    20: jsonschema_rs.Draft202012Validator,
}


def draft_of(schema: Any) -> int | None:
    """Return the number that `$schema` names, 7 where there is none; None where it names no draft."""
    named = schema.get("$schema", DRAFTS[7]) if isinstance(schema, dict) else DRAFTS[7]
    return next((number for number, uri in DRAFTS.items() if isinstance(named, str) and named.rstrip("#") == uri), None)


def name_of(draft: int) -> str:
    """Return what people call a draft: `draft-07`, `2020-12`."""
    return DRAFTS[draft].split("/")[-2]

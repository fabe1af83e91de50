"""The keywords of JSON Schema, by draft: what a validator knows, and what only people read."""

from __future__ import annotations

__all__ = ["KEYWORDS"]

_ALL = (
    "$comment $id $ref $schema additionalProperties allOf anyOf const contains contentEncoding contentMediaType "
    "default description else enum examples exclusiveMaximum exclusiveMinimum format if items maxItems maxLength "
    "maxProperties maximum minItems minLength minProperties minimum multipleOf not oneOf pattern patternProperties "
    "properties propertyNames readOnly required then title type uniqueItems writeOnly"
)
_SEVEN = "additionalItems definitions dependencies"
_LATER = (
    "$anchor $defs $vocabulary contentSchema dependentRequired dependentSchemas deprecated maxContains minContains "
    "unevaluatedItems unevaluatedProperties"
)

KEYWORDS: dict[int, frozenset[str]] = {
    7: frozenset(f"{_ALL} {_SEVEN}".split()),
    19: frozenset(f"{_ALL} {_LATER} additionalItems $recursiveAnchor $recursiveRef definitions".split()),
    20: frozenset(f"{_ALL} {_LATER} prefixItems $dynamicAnchor $dynamicRef definitions".split()),
}
"""Keywords by the number of the draft."""

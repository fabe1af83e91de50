"""JSON, read more strictly than Python's own parser does.

A duplicate key, `NaN`, a number that no double holds, half of a surrogate pair and deep nesting are refused, because
other languages' readers disagree about each of them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

__all__ = ["NotStrict", "parse"]


class NotStrict(ValueError):
    """A text is no JSON that every language reads alike.

    Attributes:
        rule: Short name of what it breaks, as findings have it.
        message: What is wrong, as a clause.
        remedy: What to do, as a sentence.
        place: Line and column, from 1, where they are known.
        twice: The key that stands twice, if that is it.
    """

    def __init__(
        self, rule: str, message: str, remedy: str, *, place: tuple[int, int] = (0, 0), twice: str | None = None
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy
        self.place = place
        self.twice = twice


def parse(text: str, deepest: int) -> Any:
    """Return the value of a JSON text.

    Args:
        text: It may hold half surrogates, for bytes that are no UTF-8.
        deepest: Levels of objects and arrays that it may have.

    Raises:
        NotStrict: It is refused.
    """
    if text.startswith("\ufeff"):
        remedy = "Save it as UTF-8 without one."
        raise NotStrict("file-encoding", "it starts with a byte order mark", remedy)
    too_deep = NotStrict("file-depth", f"it is nested deeper than {deepest} levels", "Make it flatter.")
    try:
        text.encode()
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)
        if r"\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:].rstrip(".")
        raise NotStrict("json-syntax", message, "Correct the JSON.", place=(error.lineno, error.colno)) from None
    except UnicodeEncodeError:
        remedy = "Write the character itself."
        raise NotStrict("json-text", "a text holds half of a surrogate pair, which is no UTF-8", remedy) from None
    except RecursionError:
        raise too_deep from None
    except NotStrict:
        raise
    except ValueError:
        remedy = "Write a smaller number."
        raise NotStrict("json-number", "a whole number has thousands of digits", remedy) from None
    if _deeper_than(value, deepest):
        raise too_deep
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        message = f"the key {twice[:80]!r} stands twice in one object"
        raise NotStrict("json-strict", message, "Keep one of them.", twice=twice)
    return made


def _no_constant(name: str) -> Any:
    raise NotStrict("json-strict", f"{name} is not JSON", "Write a number, or leave the value out.", place=(1, 1))


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        message = "a number is larger than a double can hold"
        raise NotStrict("json-strict", message, "Write a smaller number.", place=(1, 1))
    return value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        containers = [part for part in level if isinstance(part, dict | list)]
        level = [child for part in containers for child in (part.values() if isinstance(part, dict) else part)]
        if not level:
            return False
    return True

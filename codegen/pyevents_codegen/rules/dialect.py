"""What Java, Python, Rust and ECMA 262 read differently in a regular expression. Pure text to text.

`$` is not among it, though Python and Java let it match before a last line break too: nothing in its place is known to
all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["differences"]

_ANYWHERE: tuple[tuple[str, str], ...] = (
    (r"\\[dD]", "\\d is any script's digits in Python and Rust; write [0-9]"),
    (r"\\[wW]", "\\w is any script's letters in Python and Rust; write [A-Za-z0-9_]"),
    (r"\\[sS]", "\\s is another set of characters in Java; write the characters, such as [ \\t]"),
    (r"\\[pP]", "Python knows no \\p{…}; write the ranges"),
    (r"\\c.?", "only Java and ECMA know \\c…; write \\x and two digits"),
    (r"\\[1-9]", "Rust knows no backreference; write the alternatives"),
    (r"\\0", "\\0 is octal in Java and Python; write \\x00"),
    (r"\\v", "\\v is any vertical space in Java; write \\x0b"),
    (r"\\u\{", "\\u{…} is read by Rust and ECMA only; write \\u and four digits"),
    (r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[tnrf])", ""),
    (r"\\[A-Za-z]", "this escape is not known to all; write the character itself"),
    (r"\\[<>]", "Rust reads \\< and \\> as the ends of a word; write the character itself"),
    (r"\\.?", ""),
)
_OUTSIDE: tuple[tuple[str, str], ...] = (
    (r"\\[bB]", "\\b means any script's letters in Python and Rust; write what stands beside the word"),
    (r"\\[AzZG]", "not every engine knows this anchor; write ^ and $"),
    (r"\\k", "Rust knows no backreference; write the alternatives"),
    *_ANYWHERE,
    (r"\(\?<?[=!]", "Rust knows no lookaround; write what is meant as alternatives"),
    (r"\(\?:", ""),
    (r"\(\?P?[<=>]", "a named or atomic group is spelt differently or unknown; write (?:…)"),
    (r"\(\?", "ECMA knows no flags, conditions or comments in an expression; write both cases, such as [Aa]"),
    (r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\+", "possessive repeats are not known to Rust and ECMA; write a plain one"),
    (r"\{[0-9]+(?:,[0-9]*)?\}", ""),
    (r"[{}]", "a brace outside of a repeat is an error in some engines; write \\{ or \\}"),
    (r"\.", "the dot takes another set of line breaks in each engine; write [^\\r\\n]"),
    (r"\[\^?\]", "a class that begins with ] ends there in ECMA; write \\]"),
)
_INSIDE: tuple[tuple[str, str], ...] = (
    (r"\\b", "\\b in a class is a backspace to some and an error to others; write \\x08"),
    *_ANYWHERE,
    (r"\[", "[ in a class opens another one in Java and Rust; write \\["),
    (r"&&|--|~~", "Java or Rust calculates with sets here; write a backslash before each"),
)


def differences(pattern: str) -> Iterator[tuple[int, str]]:
    """Yield offset and reason of everything in a pattern that engines read differently."""
    at, inside = 0, False
    while at < len(pattern):
        length, why = _token(pattern, at, inside)
        if why:
            yield at, why
        if length == 1 and pattern[at] in "[]":
            inside = pattern[at] == "["
            if inside and pattern.startswith("^", at + 1):
                length = 2
        at += length


_TABLES = {
    False: [(re.compile(spelling), why) for spelling, why in _OUTSIDE],
    True: [(re.compile(spelling), why) for spelling, why in _INSIDE],
}


def _token(pattern: str, at: int, inside: bool) -> tuple[int, str]:
    for spelling, why in _TABLES[inside]:
        if found := spelling.match(pattern, at):
            return max(1, found.end() - at), why
    return 1, ""

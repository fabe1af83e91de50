"""JSON pointers (RFC 6901): keys to text and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["escape", "joined", "tokens"]


def escape(key: str) -> str:
    """Return a key as a token of a JSON pointer (section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def joined(path: Iterable[str | int]) -> str:
    """Return the pointer to a place that is given by keys and indexes."""
    return "".join(f"/{escape(str(step))}" for step in path)


def tokens(pointer: str) -> list[str]:
    """Return the keys of a pointer, which may stand behind `#`."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.removeprefix("#").split("/")[1:]]

"""How far long work is: counted on a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

__all__ = ["count", "counted"]

Item = TypeVar("Item")


def count(verb: str, done: int, total: int | None = None) -> None:
    """Write `verb 3 of 7` over what was written before, on standard error."""
    if sys.stderr.isatty():
        click.echo(f"\r{verb} {done}{f' of {total}' if total else ''}", nl=done == total, err=True)


def counted(items: Iterable[Item], verb: str, total: int | None = None) -> Iterator[Item]:
    """Pass items on, and count them."""
    number = 0
    for number, item in enumerate(items, 1):
        count(verb, number, total)
        yield item
    if number and total is None and sys.stderr.isatty():
        click.echo(err=True)

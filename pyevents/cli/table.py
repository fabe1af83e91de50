"""Rows as columns of text; names stay whole, so that they can be copied."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = ["print_table"]


def print_table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows, the first of which may be their heads."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(map(str.ljust, line, widths)).rstrip())

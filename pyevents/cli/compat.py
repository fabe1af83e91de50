"""`compat`: whether one schema text may replace another, for two files or for many pairs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import click

from pyevents.cli.progress import counted

__all__ = ["compat_command"]

_Answers = Iterable[dict[str, Any]]


@click.command("compat")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--pairs",
    type=click.File("r", encoding="utf-8", errors="surrogateescape"),
    help="JSON lines with id, kind, reader and writer; - is standard input.",
)
@click.option("--mode", type=click.Choice(["BACKWARD", "FORWARD", "FULL"]), default="BACKWARD", show_default=True)
@click.option(
    "--as",
    "judge",
    type=click.Choice(["proof", "confluent"]),
    default="proof",
    show_default=True,
    help="What is safe, or what a Confluent-compatible registry will answer.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of two files.")
def compat_command(files: tuple[Path, ...], pairs: IO[str] | None, mode: str, judge: str, form: str) -> None:
    """Say whether the schema NEW may replace OLD (two FILES), or judge every line of --pairs."""
    from pyevents_codegen import compat, confluent

    decided: Callable[[Iterable[str]], _Answers] = confluent.pairs if judge == "confluent" else compat.pairs
    if pairs is not None:
        _print_lines(counted(decided(pairs), "pairs decided:"))
        return
    if len(files) != 2:
        raise click.UsageError("give two files, OLD and NEW, or --pairs FILE")
    asked = {"BACKWARD": ["new"], "FORWARD": ["old"], "FULL": ["new", "old"]}[mode]
    answers = list(decided(_lines(*files, asked)))
    if form == "json":
        _print_lines(answers)
    else:
        for answer in answers:
            click.echo(_sentence(answer))
    if any(answer.get("verdict", "safe") != "safe" or not answer.get("compatible", True) for answer in answers):
        raise click.exceptions.Exit(1)


def _lines(old: Path, new: Path, readers: list[str]) -> list[str]:
    # Bytes that are no UTF-8 become half surrogates, which the checker refuses with a sentence.
    texts = {"old": old, "new": new}
    read = {name: path.read_text(encoding="utf-8", errors="surrogateescape") for name, path in texts.items()}
    kind = "avro" if ".avsc" in (old.suffix, new.suffix) else "json"
    pairs = {"new": ("new", "old"), "old": ("old", "new")}
    return [
        json.dumps({"id": reader, "kind": kind, "reader": read[pairs[reader][0]], "writer": read[pairs[reader][1]]})
        for reader in readers
    ]


def _sentence(answer: dict[str, Any]) -> str:
    reader, writer = ("NEW", "OLD") if answer["id"] == "new" else ("OLD", "NEW")
    verdict = answer.get("verdict", "safe" if answer.get("compatible") else "incompatible")
    if verdict == "safe":
        return f"safe: {reader} reads everything that {writer} sends"
    if verdict != "breaking":
        return f"{verdict}: whether {reader} reads all of {writer}: {answer.get('reason', json.dumps(answer))}"
    shown = json.dumps(answer["counterexample"], ensure_ascii=False)
    return f"breaking: {reader} cannot read this message of {writer} ({answer['reason']})\n    {shown}"


def _print_lines(answers: _Answers) -> None:
    for answer in answers:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

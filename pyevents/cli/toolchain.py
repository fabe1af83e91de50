"""`generate`, `compat`: the commands that need the extra `codegen`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import click

from pyevents.cli.check import findings_format_option, folder_options, report
from pyevents.errors import ToolchainMissing

__all__ = ["compat_command", "generate_command"]


@click.command("generate")
@folder_options
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if something is not up to date.")
@findings_format_option
def generate_command(schemas: Path, package: str, root: Path, topics_script: Path, check: bool, form: str) -> None:
    """Compose the schemas; write classes, catalog and the topic script."""
    try:
        from pyevents_codegen.finding import SchemaFolderInvalid
        from pyevents_codegen.generate import check as stale
        from pyevents_codegen.generate import generate
    except ImportError:
        raise ToolchainMissing("pyevents generate", "codegen") from None
    try:
        done = None if check else generate(schemas, package, root, topics_script)
        findings = list(done.warnings) if done else stale(schemas, package, root, topics_script)
    except SchemaFolderInvalid as error:
        report(error.findings, form)
        raise click.exceptions.Exit(1) from None
    report(findings, form)
    if done is None and findings:
        raise click.exceptions.Exit(1)
    if form != "text":
        return
    if done is None:
        click.echo("generated files are up to date")
        return
    for path in done.written:
        click.echo(f"written  {path}")
    for path in done.removed:
        click.echo(f"removed  {path}")
    click.echo(f"{len(done.written)} written, {len(done.removed)} removed, {len(done.unchanged)} unchanged")


@click.command("compat")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pairs", type=click.File("r"), help="JSON lines with id, kind, reader and writer; - is standard input.")
@click.option("--mode", type=click.Choice(["BACKWARD", "FORWARD", "FULL"]), default="BACKWARD", show_default=True)
@click.option(
    "--as",
    "judge",
    type=click.Choice(["proof", "confluent"]),
    default="proof",
    show_default=True,
    help="What is safe, or what a Confluent-compatible registry will answer.",
)
def compat_command(files: tuple[Path, ...], pairs: IO[str] | None, mode: str, judge: str) -> None:
    """Say whether the schema NEW may replace OLD (two FILES), or judge every line of --pairs."""
    try:
        from pyevents_codegen import compat, confluent
    except ImportError:
        raise ToolchainMissing("pyevents compat", "codegen") from None
    decided: Callable[[Iterable[str]], Iterable[dict[str, Any]]]
    decided = confluent.pairs if judge == "confluent" else compat.pairs
    if pairs is not None:
        _print_lines(decided(pairs))
        return
    if len(files) != 2:
        raise click.UsageError("give two files, OLD and NEW, or --pairs FILE")
    old, new = (path.read_text(encoding="utf-8", errors="replace") for path in files)
    kind = "avro" if files[1].suffix == ".avsc" else "json"
    asked = {"BACKWARD": [(new, old)], "FORWARD": [(old, new)], "FULL": [(new, old), (old, new)]}[mode]
    lines = [
        json.dumps({"id": f"{number}", "kind": kind, "reader": reader, "writer": writer})
        for number, (reader, writer) in enumerate(asked)
    ]
    answers = list(decided(lines))
    _print_lines(answers)
    if any(answer.get("verdict", "safe") != "safe" or not answer.get("compatible", True) for answer in answers):
        raise click.exceptions.Exit(1)


def _print_lines(answers: Iterable[Any]) -> None:
    for answer in answers:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()

"""`generate`, `compat`: the commands that need the extra `codegen`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import click

from pyevents.errors import ToolchainMissing

__all__ = ["compat_command", "generate_command"]


@click.command("generate")
@click.option(
    "--schemas", type=click.Path(exists=True, file_okay=False, path_type=Path), default="schemas", show_default=True
)
@click.option("--package", default="pyevents.events", show_default=True, help="Package to write.")
@click.option(
    "--root", type=click.Path(path_type=Path), default=".", help="Folder that the package's name starts from."
)
@click.option(
    "--topics-script", type=click.Path(path_type=Path), default="docker/kafka/create-topics.sh", show_default=True
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if something is not up to date.")
def generate_command(schemas: Path, package: str, root: Path, topics_script: Path, check: bool) -> None:
    """Compose the schemas; write classes, catalog and the topic script."""
    try:
        from pyevents_codegen.generate import check as stale
        from pyevents_codegen.generate import generate
    except ImportError:
        raise ToolchainMissing("pyevents generate", "codegen") from None
    if check:
        findings = stale(schemas, package, root, topics_script)
        _report(findings)
        click.echo("generated files are up to date")
        return
    done = generate(schemas, package, root, topics_script)
    for path in done.written:
        click.echo(f"written  {path}")
    for path in done.removed:
        click.echo(f"removed  {path}")
    click.echo(f"{len(done.written)} written, {len(done.removed)} removed, {len(done.unchanged)} unchanged")


@click.command("compat")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pairs", type=click.File("r"), help="JSON lines with id, kind, reader and writer; - is standard input.")
@click.option("--mode", type=click.Choice(["BACKWARD", "FORWARD", "FULL"]), default="BACKWARD", show_default=True)
def compat_command(files: tuple[Path, ...], pairs: IO[str] | None, mode: str) -> None:
    """Say whether the schema NEW may replace OLD (two FILES), or judge every line of --pairs."""
    try:
        from pyevents_codegen import compat
    except ImportError:
        raise ToolchainMissing("pyevents compat", "codegen") from None
    if pairs is not None:
        _print_lines(compat.pairs(pairs))
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
    answers = list(compat.pairs(lines))
    _print_lines(answers)
    if any(answer["verdict"] != "safe" for answer in answers):
        raise click.exceptions.Exit(1)


def _print_lines(answers: Iterable[Any]) -> None:
    for answer in answers:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _report(findings: Iterable[Any]) -> None:
    listed = list(findings)
    for finding in listed:
        click.echo(str(finding), err=True)
    if listed:
        raise click.exceptions.Exit(1)

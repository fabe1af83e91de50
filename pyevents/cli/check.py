"""`check`: everything that the toolchain has to say about a schema folder, in the format that the reader wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pyevents.errors import ToolchainMissing

__all__ = ["check_command", "findings_format_option", "folder_options", "report"]

findings_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="Of the findings.",
)


def folder_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where contracts and generated files are."""
    for option in (
        click.option(
            "--topics-script",
            type=click.Path(path_type=Path),
            default="docker/kafka/create-topics.sh",
            show_default=True,
        ),
        click.option(
            "--root", type=click.Path(path_type=Path), default=".", help="Folder that the package's name starts from."
        ),
        click.option("--package", default="pyevents.events", show_default=True, help="Generated package."),
        click.option("--schemas", type=click.Path(path_type=Path), default="schemas", show_default=True),
    ):
        command = option(command)
    return command


@click.command("check")
@folder_options
@click.option("--against", metavar="REF", help="Compare with a git revision, a folder or a wheel of earlier contracts.")
@findings_format_option
def check_command(schemas: Path, package: str, root: Path, topics_script: Path, against: str | None, form: str) -> None:
    """Check contracts, examples, compatibility and generated files; exit 1 if there is an error."""
    try:
        from pyevents_codegen.check import check
    except ImportError:
        raise ToolchainMissing("pyevents check", "codegen") from None
    checked = check(schemas, package, root, topics_script, against=against)
    report(checked.findings, form)
    if checked.failed:
        raise click.exceptions.Exit(1)
    if form == "text":
        click.echo(f"checked {checked.contracts} contracts, {checked.versions} versions: fine")


def report(findings: Iterable[Any], form: str) -> None:
    """Print findings: as text to standard error, in a format for programs to standard output."""
    from pyevents_codegen.report import FORMATS
    from pyevents_codegen.report.text import show

    listed = list(findings)
    if form == "text":
        show(listed, Console(stderr=True, highlight=False))
    elif text := FORMATS[form](listed):
        click.echo(text)

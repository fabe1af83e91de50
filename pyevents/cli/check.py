"""`check`: everything that the toolchain has to say about a schema folder, in the format that the reader wants."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pyevents.cli.options import folder_options
from pyevents.errors import did_you_mean

__all__ = ["check_command", "findings_format_option", "report", "rules_command"]

findings_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="Of the findings.",
)


@click.command("check")
@folder_options
@click.option("--against", metavar="REF", help="Compare with a git revision, a folder or a wheel of earlier contracts.")
@click.option("--explain", metavar="RULE", help="Say what a rule asks for and why, and check nothing.")
@findings_format_option
def check_command(
    schemas: Path, package: str, root: Path, topics_script: Path, against: str | None, explain: str | None, form: str
) -> None:
    """Check contracts, examples, compatibility and generated files; exit 1 if there is an error."""
    from pyevents_codegen.check import check

    if explain is not None:
        click.echo(_explained(explain), nl=False)
        return
    console = Console(stderr=True)
    with console.status("checking contracts") if console.is_terminal else nullcontext():
        checked = check(schemas, package, root, topics_script, against=against)
    report(checked.findings, form)
    if checked.failed:
        if form == "text":
            click.echo("`pyevents check --explain RULE` says why a rule is there.", err=True)
        raise click.exceptions.Exit(1)
    if form == "text":
        click.echo(f"checked {checked.contracts} contracts, {checked.versions} versions: fine")


def _explained(name: str) -> str:
    from pyevents_codegen.rules import RULES
    from pyevents_codegen.rules.rule import explained

    if name not in RULES:
        hint = did_you_mean(name, RULES, "`pyevents rules` lists them.")
        raise click.BadParameter(f"there is no rule {name!r}. {hint}", param_hint="--explain")
    return explained(RULES[name])


@click.command("rules")
@click.option("--preset", type=click.Choice(["MINIMAL", "STANDARD", "STRICT"]), help="Only the rules of this preset.")
def rules_command(preset: str | None) -> None:
    """List the rules that contracts are checked by."""
    from pyevents_codegen.rules import PRESETS, RULES

    held = (None, *PRESETS[: PRESETS.index(preset) + 1]) if preset else (None, *PRESETS)
    table = Table(box=None, pad_edge=False)
    for column in ("rule", "preset", "what it asks for"):
        table.add_column(column, no_wrap=column != "what it asks for")
    for rule in RULES.values():
        if rule.preset in held:
            table.add_row(rule.id, rule.preset or "always", Text(rule.purpose))
    Console().print(table)


def report(findings: Iterable[Any], form: str) -> None:
    """Print findings: as text to standard error, in a format for programs to standard output."""
    from pyevents_codegen.report import FORMATS
    from pyevents_codegen.report.text import show

    listed = list(findings)
    if form == "text":
        show(listed, Console(stderr=True, highlight=False))
    elif text := FORMATS[form](listed):
        click.echo(text)

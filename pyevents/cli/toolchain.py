"""`generate`: the classes, the catalog and the topic script from the contracts."""

from __future__ import annotations

from pathlib import Path

import click

from pyevents.cli.check import findings_format_option, report
from pyevents.cli.options import folder_options

__all__ = ["generate_command"]


@click.command("generate")
@folder_options
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if something is not up to date.")
@findings_format_option
def generate_command(schemas: Path, package: str, root: Path, topics_script: Path, check: bool, form: str) -> None:
    """Compose the schemas; write classes, catalog and the topic script."""
    from pyevents_codegen.finding import SchemaFolderInvalid
    from pyevents_codegen.generate import check as stale
    from pyevents_codegen.generate import generate

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

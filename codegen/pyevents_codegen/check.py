"""Everything there is to say about a schema folder, in one go: its files, rules, examples, history, generated files.

It owns the order and nothing else: each part says its own findings. The folder is read once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from pyevents_codegen import generate, history
from pyevents_codegen.confluent import prediction
from pyevents_codegen.examples import read_examples, validate_examples
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.lint import lint
from pyevents_codegen.load import load_folder

__all__ = ["Checked", "check"]


class Checked(Struct, frozen=True):
    """What a check found, sorted, and how much it looked at."""

    findings: tuple[Finding, ...]
    contracts: int
    versions: int

    @property
    def failed(self) -> bool:
        """Whether there is an error; warnings and notices are said and fail nothing."""
        return any(finding.severity == "error" for finding in self.findings)


def check(
    schemas: Path, package: str, package_root: Path, topics_script: Path | None, *, against: str | None = None
) -> Checked:
    """Check a schema folder; no file of it or made from it is written, and no network is touched.

    A folder that cannot be read as contracts is judged no further: every other finding would be about a part of it.

    Args:
        schemas: The folder; findings name files as they are named here.
        package: As for `generate`.
        package_root: As for `generate`.
        topics_script: As for `generate`.
        against: An earlier state: a git revision, a folder of contracts, or a wheel; None for the folder alone.
    """
    try:
        folder = load_folder(schemas)
    except SchemaFolderInvalid as error:
        return Checked(error.findings, 0, 0)
    with ThreadPoolExecutor(1) as aside:  # its proofs run in processes of their own
        judged = aside.submit(history.findings, folder, against)
        examples = read_examples(folder)
        findings = lint(folder, examples) + validate_examples(folder, examples)
        findings += generate.check(schemas, package, package_root, topics_script, folder)
        predicted = prediction.findings(folder)
        findings += judged.result()
    breaking = {finding.file for finding in findings if finding.rule == "compatibility"}
    findings += [refused for refused in predicted if refused.file not in breaking]
    versions = sum(len(contract.versions) for contract in folder.contracts)
    return Checked(tuple(sorted(findings)), len(folder.contracts), versions)

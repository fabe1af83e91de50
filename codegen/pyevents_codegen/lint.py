"""Judges contracts by the rules of the folder's preset. The rules are in `pyevents_codegen.rules`."""

from __future__ import annotations

from collections.abc import Iterator

from pyevents.errors import did_you_mean
from pyevents_codegen.examples import Examples
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import Folder
from pyevents_codegen.rules import RULES, of_preset
from pyevents_codegen.rules.case import Case, Facts, Seen
from pyevents_codegen.rules.rule import Rule

__all__ = ["breaches", "cases", "ignores", "lint"]


def lint(folder: Folder, examples: Examples) -> list[Finding]:
    """Return every breach of a rule that is not ignored, and every ignore that is wrong, sorted."""
    rules = of_preset(folder.settings.preset)
    findings: list[Finding] = []
    for case in cases(folder, examples):
        for rule in rules:
            findings += breaches(rule, case)
        findings += ignores(case)
    return sorted(findings)


def cases(folder: Folder, examples: Examples) -> Iterator[Case]:
    """Yield every contract, ready to be judged."""
    facts = Facts(folder)
    for contract in folder.contracts:
        versions = (Seen(version, examples[contract.event_type, version.number]) for version in contract.versions)
        yield Case(facts, contract, tuple(versions))


def breaches(rule: Rule, case: Case) -> Iterator[Finding]:
    """Yield what one rule finds in one contract, unless the contract is excused from it."""
    if rule.find is None or rule.id in case.contract.ignored:
        return
    for problem in rule.find(case):
        yield problem.source.finding(rule.id, problem.pointer, problem.message, problem.remedy or rule.remedy)


def ignores(case: Case) -> Iterator[Finding]:
    """Say which of a contract's ignores name no rule, or hide nothing."""
    source = case.contract.source
    for name in case.contract.ignored:
        rule, pointer = RULES.get(name), f"/ignore/{name}"
        if rule is None:
            remedy = did_you_mean(name, RULES, "`pyevents rules` lists them.")
            yield source.finding("ignore-unknown", pointer, f"there is no rule {name!r}", remedy)
        elif rule.find is None:
            message = f"the rule {name!r} cannot be ignored, because nothing works without it"
            yield source.finding("ignore-unknown", pointer, message, "Remove the line.")
        elif not any(True for _ in rule.find(case)):
            message = f"the rule {name!r} finds nothing here"
            yield source.finding("ignore-idle", pointer, message, "Remove the line.", severity="warning")

"""Judges contracts by the rules of the folder's preset. The rules are in `pyevents_codegen.rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyevents_codegen.examples import Examples
from pyevents_codegen.finding import Finding, did_you_mean
from pyevents_codegen.folder import ContractFolder, Folder
from pyevents_codegen.rules import RULES, of_preset
from pyevents_codegen.rules.case import Case, Facts, Seen
from pyevents_codegen.rules.rule import Rule

__all__ = ["breaches", "cases", "lint"]


def lint(folder: Folder, examples: Examples) -> list[Finding]:
    """Return every breach of a rule that is not ignored, and every ignore that is wrong, sorted."""
    findings: list[Finding] = []
    rules = of_preset(folder.settings.preset)
    for case in cases(folder, examples):
        ignored = case.contract.ignored
        idle = set(ignored)
        for rule in rules:
            found = list(breaches(rule, case, heed_ignores=False)) if rule.find else []
            if found:
                idle.discard(rule.id)
            findings += [] if rule.id in ignored else found
        findings += _ignores(case.contract, idle)
    return sorted(findings)


def cases(folder: Folder, examples: Examples) -> Iterator[Case]:
    """Yield every contract, ready to be judged."""
    facts = Facts(folder)
    for contract in folder.contracts:
        versions = (Seen(version, examples[contract.event_type, version.number]) for version in contract.versions)
        yield Case(facts, contract, tuple(versions))


def breaches(rule: Rule, case: Case, *, heed_ignores: bool = True) -> Iterator[Finding]:
    """Yield what one rule finds in one contract."""
    assert rule.find is not None
    if heed_ignores and rule.id in case.contract.ignored:
        return
    for problem in rule.find(case):
        yield problem.source.finding(rule.id, problem.pointer, problem.message, problem.remedy or rule.remedy)


def _ignores(contract: ContractFolder, idle: Iterable[str]) -> Iterator[Finding]:
    """Say which of the ignores that hid nothing are wrong."""
    for name in sorted(idle):
        pointer = f"/ignore/{name}"
        rule = RULES.get(name)
        if rule is None:
            remedy = did_you_mean(name, RULES, "`pyevents rules` lists them.")
            yield contract.source.finding("ignore-unknown", pointer, f"there is no rule {name!r}", remedy)
        elif rule.find is None:
            message = f"the rule {name!r} cannot be ignored, because nothing works without it"
            yield contract.source.finding("ignore-unknown", pointer, message, "Remove the line.")
        else:
            message = f"the rule {name!r} finds nothing here"
            yield contract.source.finding("ignore-idle", pointer, message, "Remove the line.", severity="warning")

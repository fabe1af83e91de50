"""Owns what a contract owes to its own past: versions that read each other, and releases that stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyevents_codegen.finding import Finding, of_file
from pyevents_codegen.folder import Folder
from pyevents_codegen.history.against import earlier
from pyevents_codegen.history.hints import hints
from pyevents_codegen.history.kept import kept
from pyevents_codegen.history.lock import read_lock
from pyevents_codegen.history.pairs import compatibility
from pyevents_codegen.history.past import Past
from pyevents_codegen.history.promises import promises
from pyevents_codegen.history.rollout import rollout
from pyevents_codegen.history.texts import ContractTexts

__all__ = ["findings", "record"]


def findings(folder: Folder, against: str | None = None) -> list[Finding]:
    """Judge the versions of every contract against each other and against what was released.

    Args:
        folder: The contracts as they are now.
        against: An earlier state: a git revision, a folder of contracts, or a wheel; None for the folder alone.

    Returns:
        What is wrong, sorted; a pair that cannot be decided is wrong too.

    Raises:
        EarlierStateMissing: What `against` names is not here.
    """
    texts = _texts(folder)
    pairs = [(contract, texts[contract.event_type]) for contract in folder.contracts]
    return sorted([*compatibility(pairs), *_record(folder, texts, against)])


def record(folder: Folder) -> list[Finding]:
    """Judge contracts against what was released and what they promise, pairs of versions aside; see `findings`."""
    return _record(folder, _texts(folder), None)


def _texts(folder: Folder) -> dict[str, ContractTexts]:
    return {contract.event_type: ContractTexts(folder, contract) for contract in folder.contracts}


def _record(folder: Folder, texts: dict[str, ContractTexts], against: str | None) -> list[Finding]:
    found: list[Finding] = []
    for contract in folder.contracts:
        found += [*promises(contract), *hints(contract)]
    present = Past("the present", {event_type: made.as_past() for event_type, made in texts.items()})
    lock = read_lock(Path(folder.path))
    if isinstance(lock, Finding):
        found.append(lock)
    else:
        found += kept(folder, present, lock)
        found += _news(folder, lock)
    if against is not None:
        past = earlier(Path(folder.path), against)
        said = {(finding.rule, finding.file, finding.pointer) for finding in found}
        new = [one for one in kept(folder, present, past) if (one.rule, one.file, one.pointer) not in said]
        found += new if past.contracts else [_nothing(folder, against)]
    return found


def _news(folder: Folder, lock: Past) -> Iterator[Finding]:
    """Say for every version that is not released yet, of a contract that is, in which order services take it up."""
    for contract in folder.contracts:
        released = lock.contracts[contract.event_type].versions if contract.event_type in lock.contracts else {}
        newest = contract.versions[-1]
        if released and newest.text not in released:
            message = f"{newest.text} is new; services deploy it {rollout(contract, list(released)[-1], newest.text)}"
            remedy = "`pyevents release` freezes it."
            yield newest.source.finding("rollout", "", message, remedy, severity="notice")


def _nothing(folder: Folder, against: str) -> Finding:
    message = f"{against} has released no contract, so there was nothing to compare with"
    return of_file(folder.path, "against-empty", message, "Nothing to do.", severity="notice")

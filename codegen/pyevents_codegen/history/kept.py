"""Whether the present contracts keep what was released: nothing deleted, renumbered, edited or moved. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pyevents_codegen.finding import Finding, Severity, of_file
from pyevents_codegen.folder import ContractFolder, Folder
from pyevents_codegen.history.past import Past, PastContract

__all__ = ["kept"]

_MOVES: dict[str, tuple[Severity, str, str]] = {
    "topic": (
        "error",
        "consumers of the old topic would see no more of it",
        "Keep the topic; for another one, make a new event type and retire this one",
    ),
    "key": (
        "error",
        "events of one entity would leave their partition and their order",
        "Keep the key; for another one, make a new event type and retire this one",
    ),
    "kind": ("error", "services treat commands and events differently", "Keep the kind, or make a new event type"),
    "owner": ("notice", "somebody else answers for it now", "Tell the consumers whom to ask"),
}


def kept(folder: Folder, present: Past, past: Past) -> Iterator[Finding]:
    """Compare what is with what was released.

    Args:
        folder: The contracts as they are, for the places of findings.
        present: The same, as a state that binds.
        past: What was released.
    """
    contracts = {contract.event_type: contract for contract in folder.contracts}
    for event_type, released in sorted(past.contracts.items()):
        if not released.versions:
            continue
        contract = contracts.get(event_type)
        if contract is None:
            yield _deleted(folder, present, past, event_type)
            continue
        yield from _moved(contract, released, past.name)
        yield from _versions(contract, present.contracts[event_type], released, past.name)


def _deleted(folder: Folder, present: Past, past: Past, event_type: str) -> Finding:
    shas = set(past.contracts[event_type].versions.values())
    heirs = sorted(name for name, now in present.contracts.items() if shas & set(now.versions.values()))
    message = f"the contract is gone, and {past.name} has it"
    if heirs:
        message = f"the contract is gone, and {heirs[0]} has its schema; an event type is never renamed"
    remedy = "Bring it back: its events are still in topics, and services may still send them."
    return of_file(f"{folder.path}/{event_type}", "contract-deleted", message, remedy)


def _moved(contract: ContractFolder, released: PastContract, name: str) -> Iterator[Finding]:
    for setting, (severity, why, remedy) in _MOVES.items():
        then, now = getattr(released, setting), getattr(contract, setting)
        if then != now:
            message = f"the {setting} was {then!r} in {name} and is {now!r}: {why}"
            yield contract.source.finding(f"{setting}-changed", f"/{setting}", message, f"{remedy}.", severity=severity)


def _versions(contract: ContractFolder, present: PastContract, released: PastContract, name: str) -> Iterator[Finding]:
    sources = {version.text: version.source for version in contract.versions}
    folder = contract.source.file.rpartition("/")[0]
    for number, sha in released.versions.items():
        now = present.versions.get(number)
        if now is None:
            heirs = [
                other for other, made in present.versions.items() if made == sha and other not in released.versions
            ]
            rule = "version-renumbered" if heirs else "version-deleted"
            message = f"version {number} is gone, and {name} has it"
            if heirs:
                message = f"version {number} of {name} is numbered {heirs[0]} here"
            remedy = f"Bring {number} back as it was; what comes after it is a new version."
            yield of_file(folder, rule, message, remedy)
        elif now != sha:
            message = (
                f"version {number} is released, and its message schema is not what {name} has: "
                "the payload schema, the envelope or this toolchain changed it"
            )
            remedy = "Take the change back; what is new is a new version, or a new version of the envelope."
            yield sources[number].finding("released-edited", "", message, remedy)

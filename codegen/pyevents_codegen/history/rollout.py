"""In which order services deploy a new version, by what its contract promises. Pure."""

from __future__ import annotations

from pyevents_codegen.folder import ContractFolder

__all__ = ["rollout"]


def rollout(contract: ContractFolder, older: str, newer: str) -> str:
    """Say in words who deploys first when a contract goes from one version to another.

    | change | who first | because |
    |---|---|---|
    | minor, FULL | anybody | each side reads the other |
    | minor, BACKWARD | consumers | only the newer reads the older |
    | minor, FORWARD | producers | only the older reads the newer |
    | minor, NONE | all at once | neither reads the other |
    | major | consumers, with an upcaster | the two are different classes and subjects |
    """
    producers, consumers = _names(contract.producers), _names(contract.consumers)
    mode = contract.compatibility.partition("_")[0]
    if older.partition(".")[0] != newer.partition(".")[0]:
        return f"consumers first ({consumers}), reading both majors; then producers ({producers}) begin to send {newer}"
    if mode == "FULL":
        return f"in any order: {producers} and {consumers} read each other's versions"
    if mode == "BACKWARD":
        return f"consumers first ({consumers}); then producers ({producers}) begin to send {newer}"
    if mode == "FORWARD":
        return (
            f"producers first ({producers}); consumers ({consumers}) once no {older} is left in the topic that "
            "they have still to read"
        )
    return f"all at once: stop {producers}, let {consumers} read what is left, then deploy all"


def _names(services: tuple[str, ...]) -> str:
    return ", ".join(services) or "nobody yet"

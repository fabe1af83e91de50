"""What a registry would refuse of a schema folder, version by version, told before anything is deployed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pyevents.registry.levels import pairs
from pyevents_codegen.compose import PAYLOAD
from pyevents_codegen.confluent.judge import judge
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history.texts import ContractTexts

__all__ = ["findings"]

_WAYS_OUT = (
    "Keep what is gone, marked as deprecated, until the next major; or, where the proof alone is to decide, set "
    'registry_compatibility = "NONE" in contract.toml with a registry_compatibility_reason.'
)


def findings(folder: Folder) -> list[Finding]:
    """Judge every version as the registry will when it is registered after the ones before it.

    The registry compares the texts as they are, closed; so it refuses changes that every reader of ours would read.
    """
    return [found for contract in folder.contracts for found in (*_reason(contract), *_refused(folder, contract))]


def _reason(contract: ContractFolder) -> Iterator[Finding]:
    settings, source = contract.source.value, contract.source
    off, reason = settings.get("registry_compatibility") == "NONE", "registry_compatibility_reason"
    if off and reason not in settings:
        message = "the registry is told to compare nothing, and no reason is given"
        yield source.finding(
            "registry-reason", "/registry_compatibility", message, f'Say why as {reason} = "…", or remove the line.'
        )
    if not off and reason in settings:
        message = "the registry compares, which needs no reason"
        yield source.finding("registry-reason", f"/{reason}", message, "Remove the line.")


def _refused(folder: Folder, contract: ContractFolder) -> Iterator[Finding]:
    level, texts = contract.registry_compatibility, ContractTexts(folder, contract).writers
    for versions in contract.majors.values():
        for place, newer in enumerate(versions):
            for reader, writer in pairs(level, newer, versions[:place]):
                answer = judge(texts[reader.text], texts[writer.text], newer.format)
                if not answer.compatible:
                    yield _finding(newer, writer if reader is newer else reader, level, answer.reasons)
                    break


def _finding(newer: PayloadVersion, older: PayloadVersion, level: str, reasons: tuple[str, ...]) -> Finding:
    first = reasons[0].rpartition(" #")[2]
    payload = PAYLOAD.removeprefix("#")
    pointer = first.removeprefix(payload) if newer.format == "json" and first.startswith(f"{payload}/") else ""
    message = f"the registry will refuse {newer.text} after {older.text} under {level}: {', '.join(reasons)}"
    return newer.source.finding("registry-refuses", pointer, message, _WAYS_OUT)

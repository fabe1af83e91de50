"""Two versions of a contract beside each other: what changed, who reads whom, who deploys first."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from pyevents.errors import UnknownVersion
from pyevents_codegen.compat import Question, Verdict, decide_all
from pyevents_codegen.compose import canonical
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history.demand import Demand
from pyevents_codegen.history.difference import Change, differences
from pyevents_codegen.history.pairs import first_broken
from pyevents_codegen.history.rollout import rollout
from pyevents_codegen.history.texts import ContractTexts
from pyevents_codegen.opening import opened

__all__ = ["Comparison", "compare"]


class Comparison(Struct, frozen=True):
    """What there is to say about two versions; `readings` are one for each direction."""

    changes: tuple[Change, ...]
    verdicts: tuple[tuple[Demand, Verdict], ...]
    rollout: str

    @property
    def readings(self) -> list[str]:
        """Who reads whom, in words, with the message where one breaks."""
        return [_reading(demand, verdict) for demand, verdict in self.verdicts]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "changes": [{"field": change.field, "kind": change.kind, "words": change.words} for change in self.changes],
            "readings": [
                {
                    "reader": demand.reader.text,
                    "writer": demand.writer.text,
                    "verdict": verdict.kind,
                    "pointer": verdict.pointer,
                    "rule": verdict.rule,
                    "counterexample": verdict.counterexample,
                }
                for demand, verdict in self.verdicts
            ],
            "rollout": self.rollout,
        }


def compare(folder: Folder, contract: ContractFolder, older: str, newer: str) -> Comparison:
    """Compare two versions of a contract, of one major or of two.

    Raises:
        UnknownVersion: The contract has no such version.
    """
    then, now = _version(contract, older), _version(contract, newer)
    demands = (Demand("BACKWARD", now, then), Demand("FORWARD", then, now))
    if then.number[0] == now.number[0]:
        asked = [ContractTexts(folder, contract).questions(demand) for demand in demands]
    else:  # their envelopes differ by design; what an upcaster has to bridge is the payload
        asked = [[Question(canonical(opened(d.reader.view)), canonical(d.writer.view), "json")] for d in demands]
    verdicts = [first_broken(decide_all(pairs)) for pairs in asked]
    return Comparison(
        tuple(differences(then.view, now.view)),
        tuple(zip(demands, verdicts, strict=True)),
        rollout(contract, older, newer),
    )


def _version(contract: ContractFolder, number: str) -> PayloadVersion:
    versions = {version.text: version for version in contract.versions}
    if number not in versions:
        raise UnknownVersion(contract.event_type, number, versions)
    return versions[number]


def _reading(demand: Demand, verdict: Verdict) -> str:
    if verdict.kind == "safe":
        return f"{demand.reader.text} reads everything that {demand.writer.text} sends (proved)"
    if verdict.kind != "breaking":
        return f"undecided whether {demand.reader.text} reads all of {demand.writer.text}: {verdict.reason}"
    shown = json.dumps(verdict.counterexample, ensure_ascii=False)
    return (
        f"{demand.reader.text} cannot read this message of {demand.writer.text}, "
        f"refused by {verdict.rule} at {verdict.pointer or '/'}:\n    {shown}"
    )

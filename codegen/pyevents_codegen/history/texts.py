"""The message schemas of a folder as texts: what writers send and what readers admit, each composed once."""

from __future__ import annotations

import hashlib
from functools import cached_property

from pyevents_codegen.compat import Question
from pyevents_codegen.compose import canonical, message_schema
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history.demand import Demand
from pyevents_codegen.history.past import Past, PastContract, past_contract
from pyevents_codegen.history.resolved import limits
from pyevents_codegen.opening import opened

__all__ = ["ContractTexts", "present"]


class ContractTexts:
    """The composed texts of one contract; each is made when first asked for."""

    def __init__(self, folder: Folder, contract: ContractFolder) -> None:
        self._folder = folder
        self._contract = contract
        self._readers: dict[str, str] = {}

    @cached_property
    def writers(self) -> dict[str, str]:
        """The message schema of every version as the registry holds it: closed."""
        return {version.text: canonical(self._composed(version)) for version in self._contract.versions}

    def reader(self, version: PayloadVersion) -> str:
        """Return the message schema of a version as its readers have it; in Avro that is the same."""
        if version.format == "avro":
            return self.writers[version.text]
        if version.text not in self._readers:
            self._readers[version.text] = canonical(opened(self._composed(version)))
        return self._readers[version.text]

    def questions(self, demand: Demand) -> list[Question]:
        """Return the pairs that a promise is about: the messages; in Avro the limits of the payload too."""
        pair = Question(self.reader(demand.reader), self.writers[demand.writer.text], demand.writer.format)
        if demand.writer.format == "avro" and demand.direction != "ITSELF":
            return [pair, limits(demand.reader, demand.writer)]
        return [pair]

    def as_past(self) -> PastContract:
        """Return what a release of this contract would freeze."""
        hashes = {number: hashlib.sha256(text.encode()).hexdigest() for number, text in self.writers.items()}
        return past_contract(self._contract, hashes)

    def _composed(self, version: PayloadVersion) -> dict[str, object]:
        return message_schema(self._contract.event_type, version, self._folder.envelopes[version.envelope])


def present(folder: Folder, name: str) -> Past:
    """Return a schema folder as a state that binds: all that it has."""
    return Past(name, {contract.event_type: ContractTexts(folder, contract).as_past() for contract in folder.contracts})

"""Which pairs of versions have to read each other, by the mode of a contract. Pure; judges no pair."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pyevents.registry.levels import pairs
from pyevents_codegen.folder import ContractFolder, PayloadVersion

__all__ = ["Demand", "Direction", "demands"]

Direction = Literal["BACKWARD", "FORWARD", "ITSELF"]


class Demand(Struct, frozen=True):
    """One promise: what `writer` sends, `reader` must be able to read."""

    direction: Direction
    reader: PayloadVersion
    writer: PayloadVersion

    @property
    def newer(self) -> PayloadVersion:
        """The version whose file a person would change if the promise is broken."""
        return max(self.reader, self.writer, key=lambda version: version.number)

    @property
    def broken(self) -> str:
        """What it means for services when the promise is broken, as a clause."""
        reader, writer = self.reader.text, self.writer.text
        if self.direction == "BACKWARD":
            return f"services that run {reader} could not read what {writer} sent"
        if self.direction == "FORWARD":
            return f"services that still run {reader} could not read what {writer} sends"
        return f"readers of {reader}, which ignore unknown fields, could not read all that {reader} itself sends"


def demands(contract: ContractFolder) -> list[Demand]:
    """Return every promise of a contract, those of the oldest version first.

    Of the minors of one major its mode says which read each other, in the words of `pyevents.registry.levels`. Whatever
    the mode, every version's reader must read what the same version sends.
    """
    made = []
    for versions in contract.majors.values():
        for place, newer in enumerate(versions):
            made.append(Demand("ITSELF", newer, newer))
            for reader, writer in pairs(contract.compatibility, newer, versions[:place]):
                made.append(Demand("BACKWARD" if reader is newer else "FORWARD", reader, writer))
    return made

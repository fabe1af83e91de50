"""An earlier state of a schema folder, as far as it binds the present one. It reads nothing and judges nothing."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pyevents.catalog import Catalog, Terms

__all__ = ["Past", "PastContract", "of_catalog", "past_contract"]


class PastContract(Struct, frozen=True, forbid_unknown_fields=True):
    """What was released of one contract; `versions` goes from number to the SHA-256 of the message schema, in hex."""

    kind: str
    topic: str
    key: str
    owner: str
    versions: dict[str, str]


class Past(Struct, frozen=True):
    """What was released, by event type; `name` is what a person calls the state: a revision, a file."""

    name: str
    contracts: dict[str, PastContract]

    def only(self, released: Past) -> Past:
        """Return what of this state `released` names: the rest was still a draft."""
        kept = {}
        for event_type, contract in self.contracts.items():
            frozen = released.contracts.get(event_type)
            if frozen is not None:
                versions = {number: sha for number, sha in contract.versions.items() if number in frozen.versions}
                kept[event_type] = msgspec.structs.replace(contract, versions=versions)
        return Past(self.name, kept)


def of_catalog(name: str, catalog: Catalog) -> Past:
    """Return every version of a catalog as a state that binds."""
    contracts = {}
    for contract in catalog.contracts:
        versions = {version.number: version.fingerprint for major in contract.majors for version in major.versions}
        contracts[contract.event_type] = past_contract(contract, versions)
    return Past(name, contracts)


def past_contract(contract: Terms, versions: dict[str, str]) -> PastContract:
    """Return what a release of some versions of a contract freezes."""
    return PastContract(contract.kind, contract.topic, contract.key, contract.owner, versions)

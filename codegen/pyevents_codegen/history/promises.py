"""What a contract says about its own history: its mode, and what becomes of events of an older major. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder

__all__ = ["promises"]


def promises(contract: ContractFolder) -> Iterator[Finding]:
    """Yield what is missing: the reason for a weaker mode, and the way from each major to the next."""
    settings, source = contract.source.value, contract.source
    weaker = contract.compatibility != "FULL_TRANSITIVE"
    if weaker and not settings.get("compatibility_reason"):
        message = f"{contract.compatibility} promises less than FULL_TRANSITIVE, and no reason is given"
        remedy = 'Say why as compatibility_reason = "…", or promise FULL_TRANSITIVE.'
        yield source.finding("compatibility-reason", "/compatibility", message, remedy)
    if not weaker and "compatibility_reason" in settings:
        message = "FULL_TRANSITIVE is the rule and needs no reason"
        yield source.finding("compatibility-reason", "/compatibility_reason", message, "Remove the line.")
    yield from _upcasts(contract)


def _upcasts(contract: ContractFolder) -> Iterator[Finding]:
    declared, source = contract.source.value.get("upcast", {}), contract.source
    steps = {str(older): newer for older, newer in pairwise(contract.majors)}
    for older, newer in steps.items():
        if older not in declared:
            message = f"nothing says how a service that knows major {newer} reads events of major {older}"
            remedy = (
                f'Add `"{older}" = "module:function"` under [upcast] in contract.toml: it makes a payload of {newer} '
                f'from one of {older}; or `"{older}" = "none: why nobody needs it"`.'
            )
            yield source.finding("upcast-missing", "", message, remedy)
    for older in declared:
        if older not in steps:
            message = f"there is no major after {older} to lift its events to"
            yield source.finding("upcast-missing", f"/upcast/{older}", message, "Remove the line.")

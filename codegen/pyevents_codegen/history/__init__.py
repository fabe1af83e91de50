"""Owns what a contract owes to its own past: versions that read each other, and releases that stay as they were."""

from __future__ import annotations

from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import Folder
from pyevents_codegen.history.pairs import compatibility

__all__ = ["findings"]


def findings(folder: Folder, against: str | None = None) -> list[Finding]:
    """Judge the versions of every contract against each other and against what was released.

    Args:
        folder: The contracts as they are now.
        against: An earlier state: a git revision, a folder of contracts, or a wheel; None for the folder alone.

    Returns:
        What is wrong, sorted; a pair that cannot be decided is wrong too.
    """
    return sorted(compatibility(folder))

"""The platform one step later: `patient.created` 2.0 splits the street from its number, with an upcaster."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar
from uuid import uuid4

from pyevents_codegen.generate import generate
from pyevents_codegen.memory import Memory, recall, remember

__all__ = ["NextPlatform"]

SCHEMAS = Path(__file__).parents[2] / "schemas"

UPCASTER = """
from pyevents.upcast import upcaster
from {package} import PatientCreated, PatientCreatedV2
import msgspec

@upcaster(PatientCreated, PatientCreatedV2)
def split_street(old: PatientCreated) -> PatientCreatedV2:
    fields = {{name: getattr(old, name) for name in old.__struct_fields__ if name != "strasse"}}
    if isinstance(old.strasse, str):
        street, _, number = old.strasse.rpartition(" ")
        if not street:
            raise ValueError("a street without a number")
        fields |= {{"strasse": street, "hausnummer": number}}
    return PatientCreatedV2(**fields)
"""


class NextPlatform:
    """Contracts of the platform with a second major, generated into a package of their own.

    Args:
        folder: An empty one, for schemas and package.
        upcast: Whether the contract declares its upcaster.
        own_topics: Whether the topics have names of their own, and so the subjects.
    """

    _rendered: ClassVar[dict[str, str]] = recall(SCHEMAS.parent / "pyevents" / "events").modules
    """Modules of the platform and of the one before: the same classes but one, and rendering is the dear part."""

    def __init__(self, folder: Path, *, upcast: bool = True, own_topics: bool = False) -> None:
        name = f"platform_{uuid4().hex[:8]}"
        self.schemas = folder / "schemas"
        shutil.copytree(SCHEMAS, self.schemas)
        self._add_major(f"{name}_upcasts", upcast=upcast)
        for file in self.schemas.rglob("*.toml") if own_topics else ():
            file.write_text(re.sub(r"-(events|commands|requests)\b", rf"-\1-{name[-8:]}", file.read_text()))
        (folder / f"{name}_upcasts.py").write_text(UPCASTER.format(package=name))
        (folder / name).mkdir()
        remember(folder / name, Memory(modules=NextPlatform._rendered))
        generate(self.schemas, name, folder, None)
        NextPlatform._rendered = recall(folder / name).modules
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        self.package: ModuleType = importlib.import_module(name)

    def _add_major(self, upcasts: str, *, upcast: bool) -> None:
        contract = self.schemas / "patient.created"
        payload = json.loads((contract / "1.0.json").read_text())
        payload["properties"]["strasse"]["description"] = "Street, without the number."
        payload["properties"]["hausnummer"] = {
            "description": "Number in the street.",
            "type": ["string", "null"],
            "maxLength": 20,
        }
        (contract / "2.0.json").write_text(json.dumps(payload, ensure_ascii=False, indent=2))
        shutil.copytree(contract / "examples" / "1.0", contract / "examples" / "2.0")
        if upcast:
            with (contract / "contract.toml").open("a") as file:
                file.write(f'\n[upcast]\n"1" = "{upcasts}:split_street"\n')

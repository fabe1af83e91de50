"""What the last run of `generate` saw and made, so that the next one need not make it again.

It lies in the `__pycache__` of the generated package: it may be lost or deleted at any time, it is never committed,
and it is believed only where digests of every input and of every output agree.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pyevents_codegen.finding import Finding

__all__ = ["Memory", "digest", "inputs_of", "recall", "remember", "toolchain"]

_TOOLS = ("black", "datamodel-code-generator", "fastavro", "isort", "jinja2", "jsonschema-rs", "msgspec")


class Memory(Struct, frozen=True):
    """What a run saw, made and said.

    `inputs` is a digest of all of them together, `outputs` goes from path to digest, `modules` from a digest of the
    classes in a module to its text.
    """

    inputs: str = ""
    outputs: dict[str, str] = {}
    modules: dict[str, str] = {}
    warnings: tuple[Finding, ...] = ()

    def holds(self, inputs: str) -> bool:
        """Say whether the inputs, and every generated file, are those of the remembered run."""
        return self.inputs == inputs and all(_digest_of(Path(path)) == made for path, made in self.outputs.items())


def digest(*parts: str | bytes) -> str:
    """Return the SHA-256 of texts and bytes, in hex; where one ends and the next begins counts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return whole.hexdigest()


def inputs_of(schemas: Path, *arguments: str) -> str:
    """Return a digest of everything that decides what is generated: contracts, arguments and this toolchain."""
    files = [part for name, path in _contract_files(schemas) for part in (name, path.read_bytes())]
    return digest(toolchain(), str(schemas), *arguments, *files)


def recall(target: Path) -> Memory:
    """Return what is remembered for a generated package; nothing where there is no memory of this form."""
    try:
        return msgspec.json.decode(_file(target).read_bytes(), type=Memory)
    except (OSError, msgspec.DecodeError):
        return Memory()


def remember(target: Path, memory: Memory) -> None:
    """Keep a memory; a tree that cannot be written to has none, and is generated anew each time."""
    path = _file(target)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_bytes(msgspec.json.encode(memory))
        new.replace(path)


@functools.cache
def toolchain() -> str:
    """Return a digest of this package and of the libraries whose output is in what it makes."""
    versions = [f"{tool} {importlib.metadata.version(tool)}" for tool in _TOOLS]
    own = Path(__file__).parent
    sources = sorted(path for path in own.rglob("*") if path.suffix in (".py", ".json", ".jinja2"))
    return digest(*versions, *(path.read_bytes() for path in sources))


def _file(target: Path) -> Path:
    return target / "__pycache__" / "pyevents-generate.json"


def _digest_of(path: Path) -> str | None:
    try:
        return digest(path.read_bytes())
    except OSError:
        return None


def _contract_files(schemas: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of a schema folder by its name in it."""
    for parent, folders, names in os.walk(schemas):
        folders.sort()
        inside = os.path.relpath(parent, schemas)
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():
                yield f"{inside}/{name}", path

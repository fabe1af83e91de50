"""Generated files: what there should be of them, what there is, and how the one becomes the other.

What should be is a pure function of `schemas/`. Files that are right are not touched, so that nothing is rebuilt for
nothing; a digest of the inputs, kept in the package's `__pycache__`, tells in a moment that nothing changed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pyevents_codegen.assemble import assemble, text
from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import Folder
from pyevents_codegen.load import load_folder
from pyevents_codegen.naming import class_name, module_name
from pyevents_codegen.shape import Shape, reduce

__all__ = ["Generated", "check", "generate", "plan"]

_TOOLS = ("black", "datamodel-code-generator", "fastavro", "isort", "jinja2", "jsonschema-rs", "msgspec")
_REMEDY = "Run `pyevents generate`, and change schemas/ rather than this file."


class Generated(Struct, frozen=True):
    """What `generate` did, file by file; each tuple is sorted."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    unchanged: tuple[Path, ...]


class _Memory(Struct, frozen=True):
    """What is remembered of a run: digests of all inputs together and of every output."""

    inputs: str
    outputs: dict[str, str]


def plan(folder: Folder, package: str, package_root: Path, topics_script: Path | None) -> dict[Path, bytes]:
    """Return every file that a schema folder gives, and its bytes: the same on every machine.

    Args:
        folder: As `load_folder` returns it.
        package: Dotted name of the package to generate, `"pyevents.events"`.
        package_root: Folder that is on the path of imports; the package lies below it.
        topics_script: Where the script that creates the topics is wanted; None for nowhere.
    """
    from pyevents_codegen import render  # imports datamodel-code-generator: half a second, only where it is needed
    from pyevents_codegen.topicscript import topic_script

    target = _target(package, package_root)
    modules: dict[str, dict[str, Shape]] = {}
    for contract in folder.contracts:
        for number, versions in contract.majors.items():
            newest = versions[-1]
            name = class_name(contract.event_type, number)
            made = reduce(name, newest.view, defaults=newest.format == "avro")
            modules.setdefault(module_name(contract.event_type), {}).update(made)
    files = {
        target / f"{name}.py": render.module(f"The events of {name.rstrip('_')}.", classes).encode()
        for name, classes in modules.items()
    }
    files[target / "__init__.py"] = render.package({name: list(classes) for name, classes in modules.items()}).encode()
    files[target / "catalog.json"] = text(assemble(folder))
    if topics_script is not None:
        files[topics_script] = topic_script(folder.topics).encode()
    return dict(sorted(files.items()))


def generate(schemas: Path, package: str, package_root: Path, topics_script: Path | None) -> Generated:
    """Bring the generated files up to date with a schema folder.

    A file that is right is not touched, and one that no contract gives any more is removed. Arguments as for `plan`.

    Raises:
        SchemaFolderInvalid: The folder cannot be used; nothing was written.
        OSError: A file cannot be written.
    """
    target = _target(package, package_root)
    inputs = _inputs(schemas, package, topics_script)
    if (known := _unchanged(target, inputs)) is not None:
        return Generated((), (), tuple(known))
    files = plan(load_folder(schemas), package, package_root, topics_script)
    written = [path for path, content in files.items() if _content(path) != content]
    removed = sorted(_generated(target) - files.keys())
    for path in written:
        _replace(path, files[path])
    for path in removed:
        path.unlink()
    if topics_script is not None:
        topics_script.chmod(topics_script.stat().st_mode | 0o111)
    _remember(target, inputs, files)
    return Generated(tuple(written), tuple(removed), tuple(sorted(files.keys() - set(written))))


def check(schemas: Path, package: str, package_root: Path, topics_script: Path | None) -> list[Finding]:
    """Say which generated files are not what the schema folder gives; write nothing. Arguments as for `plan`.

    Raises:
        SchemaFolderInvalid: The folder cannot be used.
    """
    target = _target(package, package_root)
    if _unchanged(target, _inputs(schemas, package, topics_script)) is not None:
        return []
    files = plan(load_folder(schemas), package, package_root, topics_script)
    findings = [_stale(path, content) for path, content in files.items() if _content(path) != content]
    for path in sorted(_generated(target) - files.keys()):
        findings.append(Finding(path.as_posix(), 0, 0, "", "generated-stale", "no contract gives this file", _REMEDY))
    return findings


def _stale(path: Path, wanted: bytes) -> Finding:
    found = _content(path)
    if found is None:
        return Finding(path.as_posix(), 0, 0, "", "generated-stale", "this file is missing", _REMEDY)
    lines, expected = found.splitlines(), wanted.splitlines()
    pairs = enumerate(zip(lines, expected, strict=False), 1)
    line = next((number for number, (one, other) in pairs if one != other), min(len(lines), len(expected)) + 1)
    message = "from this line on it is not what schemas/ gives"
    return Finding(path.as_posix(), line, 1, "", "generated-stale", message, _REMEDY)


def _target(package: str, package_root: Path) -> Path:
    return package_root.joinpath(*package.split("."))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _generated(target: Path) -> set[Path]:
    """Return the modules in a package that an earlier run made; what a person put beside them is left alone."""
    head = b"# Generated by `pyevents generate`"
    return {path for path in target.glob("*.py") if (_content(path) or b"").startswith(head)}


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _unchanged(target: Path, inputs: str) -> list[Path] | None:
    """Return the generated files where inputs and outputs are those of the last run; None where not."""
    try:
        memory = msgspec.json.decode(_memory_file(target).read_bytes(), type=_Memory)
    except (OSError, msgspec.DecodeError):
        return None
    outputs = {Path(name): digest for name, digest in memory.outputs.items()}
    if memory.inputs != inputs or not _generated(target) <= outputs.keys():
        return None
    right = all(_digest(_content(path) or b"") == digest for path, digest in outputs.items())
    return sorted(outputs) if right else None


def _remember(target: Path, inputs: str, files: dict[Path, bytes]) -> None:
    memory = _Memory(inputs, {str(path): _digest(content) for path, content in files.items()})
    with contextlib.suppress(OSError):  # a read-only tree has no memory, and is generated anew each time
        _replace(_memory_file(target), msgspec.json.encode(memory))


def _memory_file(target: Path) -> Path:
    return target / "__pycache__" / "pyevents-generate.json"


def _inputs(schemas: Path, package: str, topics_script: Path | None) -> str:
    """Return a digest of everything that decides what is generated: contracts, arguments, this toolchain."""
    digest = hashlib.sha256(f"{_toolchain()}\0{schemas}\0{package}\0{topics_script}".encode())
    for name, path in _contract_files(schemas):
        digest.update(f"\0{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _contract_files(schemas: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of a schema folder by its name in it, examples aside: nothing generated depends on them."""
    for parent, folders, names in os.walk(schemas):
        folders[:] = sorted(folder for folder in folders if folder != "examples")
        inside = os.path.relpath(parent, schemas)
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():
                yield f"{inside}/{name}", path


@functools.cache
def _toolchain() -> str:
    versions = [f"{tool} {importlib.metadata.version(tool)}" for tool in _TOOLS]
    own = Path(__file__).parent
    sources = sorted(path for path in own.rglob("*") if path.suffix in (".py", ".json", ".jinja2"))
    return _digest("\n".join([*versions, *(path.read_text(encoding="utf-8") for path in sources)]).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

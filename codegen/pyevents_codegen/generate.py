"""Generated files: what there should be of them, what there is, and how the one becomes the other.

What should be is a pure function of `schemas/`. Files that are right are not touched, so that nothing is rebuilt for
nothing; a digest of the inputs, kept in the package's `__pycache__`, tells in a moment that nothing changed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from pyevents_codegen.assemble import assemble, text
from pyevents_codegen.examples import packaged
from pyevents_codegen.finding import Finding, of_file
from pyevents_codegen.folder import Folder
from pyevents_codegen.load import load_folder
from pyevents_codegen.memory import Memory, digest, inputs_of, recall, remember, toolchain
from pyevents_codegen.naming import class_name, module_name
from pyevents_codegen.shape import Shape, reduce

__all__ = ["Generated", "Plan", "check", "generate", "plan"]

_REMEDY = "Run `pyevents generate`, and change schemas/ rather than this file."


class Generated(Struct, frozen=True):
    """What `generate` did, file by file; each tuple is sorted. `warnings` are about contracts, not about files."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    warnings: tuple[Finding, ...] = ()


class Plan(Struct, frozen=True):
    """What there should be: every file with its bytes, and the text of every module by the digest of its classes.

    `warnings` name what a class cannot hold as exactly as its schema says it.
    """

    files: dict[Path, bytes]
    modules: dict[str, str]
    warnings: tuple[Finding, ...]


def plan(
    folder: Folder, package: str, package_root: Path, topics_script: Path | None, rendered: Mapping[str, str] = {}
) -> Plan:
    """Return every file that a schema folder gives: the same bytes on every machine.

    Args:
        folder: As `load_folder` returns it.
        package: Dotted name of the package to generate, `"pyevents.events"`.
        package_root: Folder that is on the path of imports; the package lies below it.
        topics_script: Where the script that creates the topics is wanted; None for nowhere.
        rendered: Modules of an earlier plan of the same toolchain; rendering is the dear part.
    """
    from pyevents_codegen import render  # imports datamodel-code-generator: half a second, only where it is needed
    from pyevents_codegen.topicscript import topic_script

    target = _target(package, package_root)
    classes, warnings = _classes(folder)
    files, modules = {}, {}
    for name, shapes in classes.items():
        doc = f"The events of {name.rstrip('_')}."
        key = digest(toolchain(), doc, msgspec.json.encode(shapes))
        modules[key] = rendered.get(key) or render.module(doc, shapes)
        files[target / f"{name}.py"] = modules[key].encode()
    files[target / "__init__.py"] = render.package({name: list(shapes) for name, shapes in classes.items()}).encode()
    files[target / "catalog.json"] = text(assemble(folder))
    files[target / "examples.json"] = packaged(folder)
    if topics_script is not None:
        files[topics_script] = topic_script(folder).encode()
    return Plan(dict(sorted(files.items())), modules, tuple(warnings))


def generate(schemas: Path, package: str, package_root: Path, topics_script: Path | None) -> Generated:
    """Bring the generated files up to date with a schema folder.

    A file that is right is not touched, and one that no contract gives any more is removed. Arguments as for `plan`.

    Raises:
        SchemaFolderInvalid: The folder cannot be used; nothing was written.
        OSError: A file cannot be written.
    """
    target = _target(package, package_root)
    memory, inputs = recall(target), inputs_of(schemas, package, str(package_root), str(topics_script))
    if _settled(memory, inputs, target):
        return Generated((), (), tuple(sorted(map(Path, memory.outputs))), memory.warnings)
    made = plan(load_folder(schemas), package, package_root, topics_script, memory.modules)
    written = [path for path, content in made.files.items() if _content(path) != content]
    removed = sorted(_generated(target) - made.files.keys())
    for path in written:
        _replace(path, made.files[path])
    for path in removed:
        path.unlink()
    if topics_script is not None:
        topics_script.chmod(topics_script.stat().st_mode | 0o111)
    _remember(target, inputs, made)
    unchanged = sorted(made.files.keys() - set(written))
    return Generated(tuple(written), tuple(removed), tuple(unchanged), made.warnings)


def check(
    schemas: Path, package: str, package_root: Path, topics_script: Path | None, folder: Folder | None = None
) -> list[Finding]:
    """Say which generated files are not what the schema folder gives, and touch none. Arguments as for `plan`.

    Where all are, that is remembered, as after a run of `generate`.

    `folder` is what `load_folder` returned for `schemas`, where that was done already.

    Raises:
        SchemaFolderInvalid: The folder cannot be used.
    """
    target = _target(package, package_root)
    memory, inputs = recall(target), inputs_of(schemas, package, str(package_root), str(topics_script))
    if _settled(memory, inputs, target):
        return []
    made = plan(folder or load_folder(schemas), package, package_root, topics_script, memory.modules)
    findings = [_stale(path, content) for path, content in made.files.items() if _content(path) != content]
    for path in sorted(_generated(target) - made.files.keys()):
        findings.append(of_file(path.as_posix(), "generated-stale", "no contract gives this file", _REMEDY))
    if not findings:
        _remember(target, inputs, made)
    return findings


def _classes(folder: Folder) -> tuple[dict[str, dict[str, Shape]], list[Finding]]:
    """Return the classes of every module, each of the newest minor of its major, and what they blur."""
    modules: dict[str, dict[str, Shape]] = {}
    warnings: list[Finding] = []
    for contract in folder.contracts:
        for number, versions in contract.majors.items():
            newest = versions[-1]
            made = reduce(class_name(contract.event_type, number), newest.view, defaults=newest.format == "avro")
            modules.setdefault(module_name(contract.event_type), {}).update(made.classes)
            for pointer in made.blurred:
                message = "no decoder can tell the members of this union apart, so the class holds plain data here"
                remedy = "Make them one object with optional fields, or give each a field of its own."
                source = newest.source
                warnings.append(source.finding("union-blurred", pointer, message, remedy, severity="warning"))
    return modules, warnings


def _remember(target: Path, inputs: str, made: Plan) -> None:
    outputs = {str(path): digest(content) for path, content in made.files.items()}
    remember(target, Memory(inputs, outputs, made.modules, made.warnings))


def _settled(memory: Memory, inputs: str, target: Path) -> bool:
    return memory.holds(inputs) and {str(path) for path in _generated(target)} <= memory.outputs.keys()


def _stale(path: Path, wanted: bytes) -> Finding:
    found = _content(path)
    if found is None:
        return of_file(path.as_posix(), "generated-stale", "this file is missing", _REMEDY)
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

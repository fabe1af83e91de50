"""The layers of the design hold: a module imports lower layers, or its own package."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyevents
import pyevents_codegen

ROOT = Path(pyevents.__file__).parent

LAYERS = [
    {"errors"},
    {"catalog", "config", "envelope", "events", "retry", "transport", "watermark"},
    {"outcome", "registry"},
    {"codec", "spool"},
    {"inbox", "kafka", "memory", "upcast"},
    {"consumer", "outbox", "producer"},
    {"deadletter", "dev", "probe", "telemetry", "topics"},
    {"testing"},
    {"cli", "pytest_plugin"},
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}

REPOSITORY = ROOT.parent
MODULES = sorted(ROOT.rglob("*.py"))
WRITTEN = [path for path in MODULES if path.parent != ROOT / "events"]
TOOLCHAIN = sorted((REPOSITORY / "codegen").rglob("*.py"))


def noun(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path, *, lazy: bool = False) -> Iterator[str]:
    """Yield what a module imports when it is imported itself; with *lazy* also inside functions, never for types."""
    package = [*("pyevents", *path.relative_to(ROOT).parts)][:-1]
    yield from _imports(ast.parse(path.read_text()), package, lazy)


def _imports(tree: ast.AST, package: list[str], lazy: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ([f"{origin}.{alias.name}" for alias in node.names] if origin == "pyevents" else [origin])
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        elif lazy or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _imports(node, package, lazy)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_lower_layers_or_its_own_package(path: Path) -> None:
    own = noun(path)
    if own == "__init__":
        return
    assert own in LAYER, f"{path} has no place in the layers; add its noun to the table in this test and the design"
    for name in imports(path, lazy=True):
        other = name.split(".")[1] if name.startswith("pyevents.") else ""
        if other in LAYER:
            assert other == own or LAYER[other] < LAYER[own], f"{path}: {own} may not import {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_toolchain_is_imported_inside_functions_of_the_commands_only(path: Path) -> None:
    lazily = noun(path) in ("cli", "dev", "pytest_plugin")
    found = [name for name in imports(path, lazy=not lazily) if name.startswith("pyevents_codegen")]
    assert not found, f"{path} imports {found}; a service is installed without it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_kafka_imports_the_clients_of_confluent_kafka(path: Path) -> None:
    if noun(path) == "kafka":
        return
    found = [name for name in imports(path, lazy=True) if name.startswith("confluent_kafka")]
    if noun(path) == "registry":
        found = [name for name in found if not name.startswith("confluent_kafka.schema_registry")]
    assert not found, f"{path} imports {found}; transports are the business of pyevents.kafka"


def test_public_names_exist() -> None:
    for module in [
        *pkgutil.walk_packages([str(ROOT)], "pyevents."),
        *pkgutil.walk_packages(pyevents_codegen.__path__, "pyevents_codegen."),
    ]:
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", ()):
            assert hasattr(loaded, name), f"{module.name}.__all__ names {name}, which it does not have"


def short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def _registers(decorator: ast.expr) -> bool:
    """Say whether it adds a command to its group, where everybody finds it."""
    text = ast.unparse(decorator)
    return (".command(" in text or ".group(" in text) and not text.startswith("click.")


@pytest.mark.parametrize("path", [*WRITTEN, *TOOLCHAIN], ids=short)
def test_what_a_module_defines_for_others_is_in_its_all_and_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text())
    public = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not any(_registers(decorator) for decorator in node.decorator_list)
    }
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert listed or not public, f"{path} defines {public} and has no __all__"
    named = set(listed[0]) if listed else set()
    assert not public - named, f"{path}: begin {public - named} with an underscore, or name them in __all__"
    assert not {name for name in named if name.startswith("_") and not name.startswith("__")}


@pytest.mark.parametrize("path", [*WRITTEN, *TOOLCHAIN], ids=short)
def test_module_stays_below_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, f"{path}: split it by noun"

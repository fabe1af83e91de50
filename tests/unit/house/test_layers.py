"""The layers of the design hold: a module imports lower layers, or its own package."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyevents

ROOT = Path(pyevents.__file__).parent

LAYERS = [
    {"errors"},
    {"catalog", "config", "envelope", "events", "retry", "transport", "watermark"},
    {"outcome", "registry"},
    {"codec", "spool"},
    {"kafka", "memory"},
    {"consumer", "inbox", "outbox", "producer", "upcast"},
    {"dev"},
    {"cli", "pytest_plugin"},
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}

MODULES = sorted(ROOT.rglob("*.py"))


def noun(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield modules imported when the module is imported: not those inside functions or for the type checker."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from imports(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_lower_layers_or_its_own_package(path: Path) -> None:
    own = noun(path)
    if own == "__init__":
        return
    assert own in LAYER, f"{path} has no place in the layers; add its noun to the table in this test and the design"
    for name in imports(ast.parse(path.read_text())):
        if name.startswith("pyevents."):
            other = name.split(".")[1]
            assert other == own or LAYER[other] < LAYER[own], f"{path}: {own} may not import {other}"
        assert not name.startswith("pyevents_codegen"), f"{path}: the toolchain is imported inside functions only"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_kafka_imports_the_clients_of_confluent_kafka(path: Path) -> None:
    if noun(path) in ("kafka", "registry"):
        return
    found = [name for name in imports(ast.parse(path.read_text())) if name.startswith("confluent_kafka")]
    assert not found, f"{path} imports {found}; transports are the business of pyevents.kafka"


def test_public_names_exist() -> None:
    for module in pkgutil.walk_packages([str(ROOT)], "pyevents."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", ()):
            assert hasattr(loaded, name), f"{module.name}.__all__ names {name}, which it does not have"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_with_public_names_says_so(path: Path) -> None:
    tree = ast.parse(path.read_text())
    public = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]
    named = any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in tree.body)
    assert named or not public or "events" in path.parts[-2:], f"{path} defines {public} and has no __all__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_stays_below_400_lines(path: Path) -> None:
    if noun(path) != "events":
        assert len(path.read_text().splitlines()) <= 400, f"{path}: split it by noun"

"""The layers of the design hold: a module imports lower layers, or its own package."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyevents
import pyevents_codegen

ROOT = Path(pyevents.__file__).parent

LAYERS = [
    {"errors"},
    {"catalog", "config", "envelope", "events", "label", "retry", "transport", "watermark"},
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

read = cache(Path.read_text)


def noun(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@cache
def imports(path: Path, *, lazy: bool = False) -> list[str]:
    """Return what a module imports when it is imported itself; with *lazy* also inside functions, never for types."""
    package = [*("pyevents", *path.relative_to(ROOT).parts)][:-1]
    return list(_imports(ast.parse(read(path)), package, lazy))


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


def test_module_imports_only_lower_layers_or_its_own_package() -> None:
    homeless = [short(path) for path in MODULES if noun(path) not in LAYER and noun(path) != "__init__"]
    assert not homeless, "these have no place in the layers; add their nouns to the table in this test and the design"
    wrong = [
        f"{short(path)} may not import {name}"
        for path in MODULES
        if (own := noun(path)) != "__init__"
        for name in imports(path, lazy=True)
        if (other := name.split(".")[1] if name.startswith("pyevents.") else "") in LAYER
        and other != own
        and LAYER[other] >= LAYER[own]
    ]
    assert not wrong, "\n".join(wrong)


def test_toolchain_is_imported_inside_functions_of_the_commands_only() -> None:
    wrong = [
        f"{short(path)} imports {name}"
        for path in MODULES
        for name in imports(path, lazy=noun(path) not in ("cli", "dev", "pytest_plugin"))
        if name.startswith("pyevents_codegen")
    ]
    assert not wrong, "a service is installed without it: " + "\n".join(wrong)


def test_only_kafka_imports_the_clients_of_confluent_kafka() -> None:
    wrong = [
        f"{short(path)} imports {name}"
        for path in MODULES
        if noun(path) != "kafka"
        for name in imports(path, lazy=True)
        if name.startswith("confluent_kafka")
        and not (noun(path) == "registry" and name.startswith("confluent_kafka.schema_registry"))
    ]
    assert not wrong, "transports are the business of pyevents.kafka: " + "\n".join(wrong)


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


def _registers(decorator: ast.expr) -> bool:
    """Say whether it adds a command to its group, where everybody finds it."""
    text = ast.unparse(decorator)
    return (".command(" in text or ".group(" in text) and not text.startswith("click.")


def _unlisted(path: Path) -> Iterator[str]:
    """Yield what is wrong with the `__all__` of a module."""
    tree = ast.parse(read(path))
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
    if public and not listed:
        yield f"{short(path)} defines {public} and has no __all__"
    named = set(listed[0]) if listed else set()
    if listed and public - named:
        yield f"{short(path)}: begin {public - named} with an underscore, or name them in __all__"
    if private := {name for name in named if name.startswith("_") and not name.startswith("__")}:
        yield f"{short(path)}: {private} in __all__ are private by their names"


def test_what_a_module_defines_for_others_is_in_its_all_and_nothing_else() -> None:
    wrong = [problem for path in [*WRITTEN, *TOOLCHAIN] for problem in _unlisted(path)]
    assert not wrong, "\n".join(wrong)


def test_module_stays_below_400_lines() -> None:
    lines = {short(path): len(read(path).splitlines()) for path in [*WRITTEN, *TOOLCHAIN]}
    assert not {path: count for path, count in lines.items() if count > 400}, "split them by noun"

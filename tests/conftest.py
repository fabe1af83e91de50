"""What every test gets: folders of its own, and a place among the processes that run the tests side by side."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from pyevents.config import cache_folder
from tests.suite.search import examples

# How quick the machine is at this moment is nothing that a test is about.
settings.register_profile(
    "busy machine", deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")

# What is imported while tests are collected stays to the end. Looking through it for garbage again and again took a
# sixth of all processor time (measured).
gc.disable()

_TESTS = Path(__file__).parent
_numbers = itertools.count()
_SHARED = {
    "real_kafka": "shared broker",
    "real_registry": "shared broker",
    "engine": "database",
    "postgres": "database",
}


@pytest.fixture(scope="session", autouse=True)
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep cache and spool of the tests away from the user's; only the Java packages, 400 MB, are shared."""
    folder = tmp_path_factory.mktemp("session")
    real = cache_folder() / "real"
    real.mkdir(parents=True, exist_ok=True)
    (folder / "cache").mkdir()
    (folder / "cache" / "real").symlink_to(real, target_is_directory=True)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYEVENTS_CACHE_DIR", str(folder / "cache"))
        environment.setenv("PYEVENTS_SPOOL_DIR", str(folder / "spool"))
        yield folder


@pytest.fixture(autouse=True)
def spool_folder(session_folder: Path) -> Iterator[Path]:
    """Where producers of this test spool by default: no test adopts what another one left."""
    # Not by `mktemp`, which looks through the folders of all tests before for the next number.
    folder = session_folder / f"spool{next(_numbers)}"
    folder.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYEVENTS_SPOOL_DIR", str(folder))
        yield folder


@pytest.fixture
def mark() -> str:
    """A name that only this test's events bear, since topics are shared."""
    return uuid4().hex


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, under `--dist loadgroup`, what would otherwise start servers in several processes.

    The tests on a shared server are one group; every other file that starts servers is a group of its own.
    """
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        shared = _SHARED.keys() & set(getattr(item, "fixturenames", ()))
        if shared:
            item.add_marker(pytest.mark.xdist_group(_SHARED[min(shared)]))
        elif not item.path.is_relative_to(_TESTS / "unit") or item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


def pytest_collection_finish() -> None:
    """Leave what is there now out of every later look for garbage."""
    gc.freeze()
    gc.enable()

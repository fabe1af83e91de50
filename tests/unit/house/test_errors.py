"""The tree that is drawn in `pyevents.errors` is the one that there is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pyevents
from pyevents import errors
from pyevents.errors import PyEventsError


def drawn() -> Iterator[tuple[str, str]]:
    """Yield (base, error) from the lines of the drawing."""
    above = ["PyEventsError"]
    assert errors.__doc__
    for branch, names in re.findall(r"^    ([│ ]*[├└]── )([A-Z]\w+(?:, [A-Z]\w+)*)", errors.__doc__, re.M):
        depth = len(branch) // 4
        for name in names.split(", "):
            above[depth:] = [name]
            yield above[depth - 1], name


def raised() -> Iterator[tuple[str, str]]:
    for module in pkgutil.walk_packages(pyevents.__path__, "pyevents."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    open_: list[type[PyEventsError]] = [PyEventsError]
    while open_:
        base = open_.pop()
        for error in base.__subclasses__():
            if error.__module__.startswith("pyevents."):
                yield base.__name__, error.__name__
                open_.append(error)


def test_every_error_is_in_the_tree_at_its_place() -> None:
    assert set(drawn()) == set(raised())

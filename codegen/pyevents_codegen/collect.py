"""A schema folder as tests of pytest: an item for every rule, example and pair of versions, named after its file.

The plugin (`pyevents.pytest_plugin`) decides which folders are collected; what an item finds is what `check` finds.
Names depend on nothing but the files, so that workers of pytest-xdist agree on them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pyevents_codegen.compat import PATIENCE_S, decide
from pyevents_codegen.examples import Example, Examples, judging, read_examples, strays
from pyevents_codegen.finding import Finding, SchemaFolderInvalid
from pyevents_codegen.folder import ContractFolder, Folder, PayloadVersion
from pyevents_codegen.history import record
from pyevents_codegen.history.demand import Demand, demands
from pyevents_codegen.history.pairs import broken
from pyevents_codegen.history.texts import ContractTexts
from pyevents_codegen.lint import breaches, cases, ignores
from pyevents_codegen.load import load_folder
from pyevents_codegen.report.text import show
from pyevents_codegen.rules import of_preset
from pyevents_codegen.rules.case import Case
from pyevents_codegen.rules.rule import Rule

__all__ = ["Collection", "SchemaFile"]

_Judge = Callable[[], Iterable[Finding]]


class Collection:
    """One schema folder, read when its first test is collected."""

    def __init__(self, path: Path, shown: Path) -> None:
        self.path = path
        self.shown = shown
        self.findings: tuple[Finding, ...] = ()
        self._judges: dict[str, Callable[[Example], list[Finding]]] = {}

    @cached_property
    def folder(self) -> Folder | None:
        """The contracts; None where they cannot be read, and `findings` says why."""
        try:
            return load_folder(self.shown)
        except SchemaFolderInvalid as error:
            self.findings = error.findings
            return None

    @cached_property
    def examples(self) -> Examples:
        """All examples."""
        return read_examples(self.folder) if self.folder else {}

    @cached_property
    def cases(self) -> list[Case]:
        """All contracts, ready to be judged."""
        return list(cases(self.folder, self.examples)) if self.folder else []

    def tests_of(self, file: Path) -> Iterator[tuple[str, _Judge]]:
        """Yield name and judge of every test that belongs to a file."""
        place = file.relative_to(self.path).parts
        main = "pyevents.toml" if (self.path / "pyevents.toml").exists() else "topics.toml"
        if place == (main,):
            yield from self._of_folder()
        elif self.folder:
            for contract in self.folder.contracts:
                for version in contract.versions if contract.event_type == place[0] else ():
                    yield from self._of_version(self.folder, contract, version, (self.shown / Path(*place)).as_posix())

    def _of_folder(self) -> Iterator[tuple[str, _Judge]]:
        folder = self.folder
        yield "readable", lambda: self.findings
        if folder:
            for rule in of_preset(folder.settings.preset):
                yield f"rule[{rule.id}]", partial(self._breaches, rule)
            yield "rule[ignore]", lambda: chain.from_iterable(map(ignores, self.cases))
            yield "rule[example-stray]", lambda: strays(folder, self.examples)
            yield "history", lambda: record(folder)

    def _breaches(self, rule: Rule) -> Iterable[Finding]:
        return chain.from_iterable(breaches(rule, case) for case in self.cases)

    def _of_version(
        self, folder: Folder, contract: ContractFolder, version: PayloadVersion, shown: str
    ) -> Iterator[tuple[str, _Judge]]:
        if version.source.file == shown:
            for demand in demands(contract):
                if demand.newer is version:
                    yield f"compat[{_arrow(demand)}]", partial(_kept, folder, contract, demand)
        for example in self.examples[contract.event_type, version.number]:
            if isinstance(example, Example) and example.source.file == shown:
                name = f"refused[{' '.join(example.reason)}]" if example.reason else "accepted"
                yield name, partial(self._judged, version, example)

    def _judged(self, version: PayloadVersion, example: Example) -> Iterable[Finding]:
        judge = self._judges.get(version.source.file) or self._judges.setdefault(version.source.file, judging(version))
        return judge(example)


class SchemaFile(pytest.File):
    """One file of a schema folder, and the tests that belong to it."""

    collection: Collection

    def collect(self) -> Iterable[pytest.Item]:
        """Return the tests of this file."""
        return [_Test.from_parent(self, name=name, judge=judge) for name, judge in self.collection.tests_of(self.path)]


class _Broken(Exception):
    """A test found something."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


class _Test(pytest.Item):
    """One test; it fails with the findings as `check` shows them."""

    def __init__(self, *, judge: _Judge, **rest: Any) -> None:
        super().__init__(**rest)
        self._judge = judge

    def runtest(self) -> None:
        found = sorted(finding for finding in self._judge() if finding.severity == "error")
        if found:
            raise _Broken(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, _Broken):
            return super().repr_failure(excinfo, style)
        stream = io.StringIO()
        show(excinfo.value.findings, Console(file=stream))
        return stream.getvalue()

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def _arrow(demand: Demand) -> str:
    if demand.direction == "ITSELF":
        return f"{demand.reader.text} ITSELF"
    older, newer = sorted((demand.reader, demand.writer), key=lambda version: version.number)
    return f"{older.text}→{newer.text} {demand.direction}"


def _kept(folder: Folder, contract: ContractFolder, demand: Demand) -> list[Finding]:
    pairs = ContractTexts(folder, contract).questions(demand)
    found = broken(demand, [decide(*pair, budget_s=PATIENCE_S) for pair in pairs])
    return [found] if found else []

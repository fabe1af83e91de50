"""The plugin for pytest: contracts as tests, contracts for a service's own tests, a broker and a registry in memory.

It collects a schema folder only where it is asked to: by `--pyevents-schemas`, by the ini option `pyevents_schemas`, or
by naming the folder, or something in it, on the command line. Whoever has the package installed pays for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from pyevents.testing import EventBroker

__all__ = [
    "ContractUnderTest",
    "Delivered",
    "pyevents_contract",
    "pyevents_embedded",
    "pyevents_memory",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
]

_FOLDERS = pytest.StashKey[dict[Path, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option, on the command line and in the ini file."""
    text = "Folder of contracts to collect as tests: a test for each rule, example and pair of versions."
    parser.getgroup("pyevents").addoption("--pyevents-schemas", metavar="DIR", help=text)
    parser.addini("pyevents_schemas", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Find out which schema folders are asked for, and collect those that lie beside the tests too."""
    config.stash[_FOLDERS] = {}
    asked = config.getoption("pyevents_schemas") or config.getini("pyevents_schemas")
    typed = config.args_source is pytest.Config.ArgsSource.ARGS
    if asked:
        folder = (config.invocation_params.dir if config.getoption("pyevents_schemas") else config.rootpath) / asked
        if not folder.is_dir():
            raise pytest.UsageError(f"pyevents: there is no folder {asked}; name the folder of contracts")
        config.stash[_FOLDERS][folder.resolve()] = None
        inside = any(_path(config, one) in (folder.resolve(), *folder.resolve().parents) for one in config.args)
        if not inside and (config.getoption("pyevents_schemas") or not typed):
            config.args.append(str(folder))
    for one in config.args if typed else ():
        path = _path(config, one)
        for folder in (path, *path.parents):
            if (folder / "pyevents.toml").is_file():
                config.stash[_FOLDERS][folder] = None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file of a schema folder that is asked for."""
    folders = parent.config.stash[_FOLDERS]
    folder = next((one for one in file_path.parents if one in folders), None) if folders else None
    if folder is None or file_path.suffix not in (".json", ".avsc", ".toml"):
        return None
    try:
        from pyevents_codegen.collect import Collection, SchemaFile
    except ImportError:
        remedy = "Install it: pip install 'pyevents-kafka[codegen]'"
        raise pytest.UsageError(f"pyevents: collecting contracts needs the toolchain. {remedy}") from None
    if folders[folder] is None:
        root = parent.config.rootpath
        folders[folder] = Collection(folder, folder.relative_to(root) if folder.is_relative_to(root) else folder)
    file: SchemaFile = SchemaFile.from_parent(parent, path=file_path)
    file.collection = folders[folder]
    return file


def _path(config: pytest.Config, argument: str) -> Path:
    return (config.invocation_params.dir / argument.partition("::")[0]).resolve()


class Delivered(NamedTuple):
    """An event as a handler gets it; `name` is the example's."""

    name: str
    event: Any
    schema: Any


class ContractUnderTest:
    """One contract for a service's own tests: iterating yields its valid examples, as a consumer would get them.

    Every payload goes through the codec: it is validated, encoded, framed, decoded by the reader's schema and typed.
    """

    def __init__(self, cls: type) -> None:
        from pyevents.catalog import load
        from pyevents.codec import Decoder, Encoder
        from pyevents.memory import MemoryRegistry

        self._catalog = load(cls.__module__.rpartition(".")[0])
        self._contract, self._major = self._catalog.of_class(cls)
        self._registry = MemoryRegistry()
        self._encoder = Encoder(self._catalog, "pyevents-contract")
        self._decoder = Decoder(self._catalog, self._registry)

    def __iter__(self) -> Iterator[Delivered]:
        from pyevents.catalog import load_examples
        from pyevents.errors import CatalogInvalid

        package, event_type = self._catalog.package, self._contract.event_type
        examples = load_examples(package).get(event_type, {})
        if not any(examples.get(version.number) for version in self._major.versions):
            raise CatalogInvalid(package, f"it has no example of {event_type}, and a test of nothing would pass")
        for version in self._major.versions:
            for name, payload in examples.get(version.number, {}).items():
                yield self.deliver(payload, version=version.number, name=f"{version.number}/{name}")

    def deliver(self, payload: Mapping[str, Any], *, version: str | None = None, name: str = "") -> Delivered:
        """Return a payload of your own as a consumer would get it.

        Raises:
            EventInvalid: The contract refuses it.
        """
        from pyevents.codec.framing import frame
        from pyevents.registry import Schema

        contract = self._contract
        number = version or self._major.newest.number
        encoded = self._encoder.encode_payload(contract.topic, contract.event_type, payload, None, number)
        found = contract.find(number)[1]
        schema_id = self._registry.register(self._major.subject, Schema(found.format, found.schema))
        event: Any = self._decoder.decode(frame(schema_id, encoded.body))
        return Delivered(name, event.typed, event.schema)


@pytest.fixture
def pyevents_contract() -> Callable[[type], ContractUnderTest]:
    """Return a function from a generated class to its contract: `for example in pyevents_contract(PatientCreated)`."""
    return ContractUnderTest


@pytest.fixture
def pyevents_memory() -> Iterator[EventBroker]:
    """A broker and a registry in memory, for one test."""
    from pyevents.testing import memory_broker

    broker = memory_broker()
    yield broker
    broker.close()


@pytest.fixture
def pyevents_embedded() -> Iterator[EventBroker]:
    """A broker and a registry in a helper process, for one test: slower by a second, with real clients."""
    from pyevents.catalog import load
    from pyevents.dev.embedded import Embedded
    from pyevents.testing import embedded_broker

    with Embedded(load().catalog.every_topic) as pair:
        broker = embedded_broker(pair)
        yield broker
        broker.close()

"""The table of questions and answers on the embedded registry, and fifty clients at once."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pyevents.dev.embedded import Embedded
from pyevents.dev.registry.http import RegistryServer
from pyevents.dev.registry.registry import Registry
from pyevents.registry.client import HttpRegistry, Schema
from tests.suite.rest import RestSuite, table

_DOCS = Path(__file__).parents[2] / "docs" / "registry.md"


class TestEmbeddedRegistry(RestSuite):
    @pytest.fixture
    def registry_address(self, embedded: Embedded) -> str:
        return embedded.registry_url


class TestRegistryInAFile(RestSuite):
    @pytest.fixture
    def registry_address(self, tmp_path: Path) -> Iterator[str]:
        with RegistryServer(Registry(tmp_path / "registry.sqlite")) as server:
            yield server.url


def test_documentation_lists_where_apicurio_differs() -> None:
    assert table() in _DOCS.read_text(encoding="utf-8")


def test_fifty_clients_at_once_get_one_id_for_each_content(embedded: Embedded) -> None:
    """Half of what each registers is everybody's, half is its own; all begin at the same moment."""
    barrier = Barrier(50)

    def client(number: int) -> list[tuple[str, int]]:
        registry = HttpRegistry(embedded.registry_url, timeout=60)
        texts = [f"shared-{place}" for place in range(5)] + [f"own-{number}-{place}" for place in range(5)]
        barrier.wait(60)
        return [
            (text, registry.register(f"fifty-{text}", Schema("json", json.dumps({"title": text})))) for text in texts
        ]

    with ThreadPoolExecutor(50) as pool:
        found = [pair for pairs in pool.map(client, range(50)) for pair in pairs]
    ids = dict(found)
    assert set(found) == set(ids.items()), "one content has two ids"
    assert len(set(ids.values())) == len(ids) == 5 + 50 * 5, "two contents have one id"
    registry = HttpRegistry(embedded.registry_url)
    for place in range(5):
        assert registry.ask("versions", lambda asked, n=place: asked.get_versions(f"fifty-shared-{n}")) == [1]


def test_registry_file_outlives_a_helper_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    text = Schema("json", '{"title": "kept"}')
    with Embedded(registry_file=file) as pair:
        first = HttpRegistry(pair.registry_url).register("kept", text)
        os.kill(pair.pid, signal.SIGKILL)
    with Embedded(registry_file=file) as pair:
        assert HttpRegistry(pair.registry_url).look_up("kept", text) == first

"""Schema ids: cached on disk, confirmed once per process, never waited for by the caller."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyevents.errors import IdUnconfirmed, RegistryUnreachable, SchemaUnknown
from pyevents.memory import MemoryRegistry
from pyevents.registry import Ids, Registry, Schema
from pyevents.registry.ids import Wanted
from pyevents.registry.schemas import Remembered, Schemas
from pyevents.retry import Backoff
from tests.suite.place import wait_until

WANTED = Wanted("patient-events-patient.created", "f" * 64, Schema("json", '{"title": "patient.created"}'))
OTHER = Wanted("patient-events-patient.deleted", "e" * 64, Schema("json", '{"title": "patient.deleted"}'))


class Switchable(MemoryRegistry):
    """A registry that can be away; its URL is one whose ids are kept on disk."""

    url = "http://registry.example:8081"

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.questions = 0

    def look_up(self, subject: str, schema: Schema) -> int:
        self._question()
        return super().look_up(subject, schema)

    def schema_of(self, schema_id: int) -> Schema:
        self._question()
        return super().schema_of(schema_id)

    def _question(self) -> None:
        self.questions += 1
        if self.away:
            raise RegistryUnreachable(self.url, "it is away")


@pytest.fixture
def registry() -> Switchable:
    return Switchable()


@pytest.fixture
def ids(tmp_path: Path) -> Iterator[Callable[[Registry], Ids]]:
    made: list[Ids] = []

    def make(registry: Registry) -> Ids:
        quick = Backoff(first=0.01, longest=0.05)
        made.append(Ids(registry, auto_register=False, on_change=lambda: None, folder=tmp_path, backoff=quick))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_id_is_asked_for_once(registry: Switchable, ids: Callable[[Registry], Ids]) -> None:
    expected, asked = registry.register(WANTED.subject, WANTED.schema), ids(registry)
    wait_until(lambda: asked.id_of(WANTED) == expected, "the id comes")
    assert [asked.id_of(WANTED) for _ in range(100)] == [expected] * 100
    assert registry.questions == 1


def test_restart_needs_no_registry(registry: Switchable, ids: Callable[[Registry], Ids]) -> None:
    expected, first = registry.register(WANTED.subject, WANTED.schema), ids(registry)
    wait_until(lambda: first.id_of(WANTED) == expected, "the id comes")
    registry.away = True
    assert ids(registry).id_of(WANTED) == expected


def test_registry_that_comes_back_is_asked_again(registry: Switchable, ids: Callable[[Registry], Ids]) -> None:
    expected, asked = registry.register(WANTED.subject, WANTED.schema), ids(registry)
    registry.away = True
    assert asked.id_of(WANTED) is None
    wait_until(lambda: isinstance(asked.failure(WANTED.subject, WANTED.fingerprint), RegistryUnreachable), "it fails")
    registry.away = False
    wait_until(lambda: asked.id_of(WANTED) == expected, "the id comes after all")
    assert asked.failure(WANTED.subject, WANTED.fingerprint) is None


def test_recreated_registry_drops_the_cached_id(
    registry: Switchable, ids: Callable[[Registry], Ids], caplog: pytest.LogCaptureFixture
) -> None:
    first = ids(registry)
    registry.register(WANTED.subject, WANTED.schema)
    wait_until(lambda: first.id_of(WANTED) == 1, "the id comes")
    empty = Switchable()
    empty.register("another", Schema("json", "true"))
    with caplog.at_level(logging.ERROR, "pyevents.registry"):
        second = ids(empty)
        second.id_of(WANTED)
        wait_until(lambda: second.id_of(WANTED) is None, "the old number is dropped")
        assert isinstance(second.failure(WANTED.subject, WANTED.fingerprint), SchemaUnknown)
        empty.register(WANTED.subject, WANTED.schema)
        wait_until(lambda: second.id_of(WANTED) == 2, "the new number comes")
    assert "is not there any more" in caplog.text


class Restored(Switchable):
    """A registry that was recreated, and knows the number of a schema before it shows the schema under it."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = Schema("json", '{"title": "another"}')

    def schema_of(self, schema_id: int) -> Schema:
        return self.shown


def test_another_number_holds_the_topic_until_it_reads_back_as_the_schema(
    registry: Switchable, ids: Callable[[Registry], Ids], caplog: pytest.LogCaptureFixture
) -> None:
    first = ids(registry)
    for wanted in (WANTED, OTHER):
        registry.register(wanted.subject, wanted.schema)
        wait_until(lambda wanted=wanted: first.id_of(wanted), "the id comes")
    restored = Restored()
    restored.register("another", restored.shown)
    restored.register(WANTED.subject, WANTED.schema)
    restored.away = True
    with caplog.at_level(logging.ERROR, "pyevents.registry"):
        second = ids(restored)
        assert second.id_of(WANTED), "the cached ids are good until the registry answers"
        assert second.id_of(OTHER)
        restored.away = False
        wait_until(lambda: isinstance(second.failure(WANTED.subject, WANTED.fingerprint), IdUnconfirmed), "it is held")
        assert second.id_of(WANTED) is None
        assert second.id_of(OTHER) is None, "no unconfirmed id of that registry is used any more"
        restored.shown = WANTED.schema
        wait_until(lambda: second.id_of(WANTED) == 2, "the number is confirmed")
    assert "was the registry recreated?" in caplog.text
    assert second.failure(WANTED.subject, WANTED.fingerprint) is None


def test_consumer_confirms_a_remembered_schema_once(
    registry: Switchable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number = registry.register(WANTED.subject, WANTED.schema)
    Schemas(registry, tmp_path).schema_of(number)
    registry.away, recreated = True, Switchable()
    recreated.register("another", Schema("json", "true"))
    schemas = Schemas(registry, tmp_path)
    assert isinstance(schemas.schema_of(number), Remembered)
    registry.away = False
    before = registry.questions
    assert [isinstance(schemas.schema_of(number), Remembered) for _ in range(3)] == [False] * 3
    assert registry.questions == before + 1
    with caplog.at_level(logging.ERROR, "pyevents.registry"):
        assert Schemas(recreated, tmp_path).schema_of(number) == Schema("json", "true")
    assert "was it recreated?" in caplog.text


def test_consumer_reads_known_ids_without_the_registry(registry: Switchable, tmp_path: Path) -> None:
    number = registry.register(WANTED.subject, WANTED.schema)
    assert Schemas(registry, tmp_path).schema_of(number) == WANTED.schema
    registry.away = True
    assert Schemas(registry, tmp_path).schema_of(number) == WANTED.schema
    with pytest.raises(RegistryUnreachable):
        Schemas(registry, tmp_path).schema_of(number + 1)


def test_damaged_cache_counts_as_empty(registry: Switchable, tmp_path: Path) -> None:
    number = registry.register(WANTED.subject, WANTED.schema)
    Schemas(registry, tmp_path).schema_of(number)
    for path in tmp_path.rglob("*.json"):
        path.write_bytes(b"\xff{")
    assert Schemas(registry, tmp_path).schema_of(number) == WANTED.schema

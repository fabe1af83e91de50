"""Bringing a registry to what the contracts say: one suite, run against the embedded registry and against Apicurio."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from confluent_kafka.schema_registry import Schema as ClientSchema
from confluent_kafka.schema_registry import SchemaRegistryClient

from pyevents import catalog
from pyevents.cli.main import main
from tests.suite.majors import NextPlatform

__all__ = ["RegistrySuite", "Shop"]


class Shop(NamedTuple):
    """Contracts of one test, whose subjects no other test has, and the registry that they go to."""

    url: str
    package: str
    subjects: list[str]

    @property
    def client(self) -> SchemaRegistryClient:
        return SchemaRegistryClient({"url": self.url, "ssl.ca.location": False})

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["registry", *arguments, "--registry", self.url, "--catalog", self.package], catch_exceptions=False
        )

    def plan(self, *arguments: str, command: str = "plan") -> dict[str, Any]:
        """Return the plan as JSON, without what other tests left in the registry."""
        found: dict[str, Any] = json.loads(self.run(command, "--format", "json", *arguments).stdout)
        found["actions"] = [action for action in found["actions"] if action["kind"] != "unknown"]
        return found

    def kinds(self, command: str = "plan") -> set[str]:
        return {action["kind"] for action in self.plan(command=command)["actions"]}


class RegistrySuite:
    """What holds on every registry; a subclass has the fixture `registry_address`."""

    @pytest.fixture
    def shop(self, registry_address: str, tmp_path: Path) -> Iterator[Shop]:
        made = NextPlatform(tmp_path, own_topics=True)
        loaded = catalog.load(made.package.__name__).catalog
        subjects = [major.subject for contract in loaded.contracts for major in contract.majors]
        yield Shop(registry_address, made.package.__name__, subjects)

    def test_what_is_planned_is_applied_once_and_then_nothing_is_left(self, shop: Shop) -> None:
        planned = shop.plan()["actions"]
        assert {action["subject"] for action in planned if action["kind"] == "create"} == set(shop.subjects)
        assert shop.run("plan", "--exit-code").exit_code == 3
        done = shop.run("apply", "--yes", "--format", "json")
        assert done.exit_code == 0, done.output
        made = json.loads(done.stdout)["done"]
        assert [(one["kind"], one["subject"], one["version"]) for one in made] == [
            (one["kind"], one["subject"], one["version"]) for one in planned
        ]
        assert shop.kinds() == {"unchanged"}
        assert shop.run("plan", "--exit-code").exit_code == 0
        assert "0 of 0 changes" in shop.run("apply", "--yes").output
        assert shop.run("drift").exit_code == 0

    def test_nothing_is_changed_without_a_yes(self, shop: Shop) -> None:
        assert shop.run("apply").exit_code == 2
        assert not set(shop.subjects) & set(shop.client.get_subjects())

    def test_what_somebody_changed_is_drift_and_apply_mends_what_is_ours(self, shop: Shop) -> None:
        shop.run("apply", "--yes")
        shop.client.set_compatibility(shop.subjects[0], "NONE")
        shop.client.register_schema(shop.subjects[0], ClientSchema(FOREIGN, "JSON"))
        assert shop.kinds("drift") == {"settings", "differs"}
        assert shop.run("drift").exit_code == 1
        assert shop.run("apply", "--yes").exit_code == 1, "the stranger stays, and is said"
        assert shop.kinds("drift") == {"differs"}
        assert shop.client.get_compatibility(shop.subjects[0]) == "BACKWARD_TRANSITIVE"

    def test_a_deleted_subject_is_brought_back(self, shop: Shop) -> None:
        shop.run("apply", "--yes")
        before = shop.client.get_latest_version(shop.subjects[0]).schema_id
        shop.client.delete_subject(shop.subjects[0])
        assert "create" in shop.kinds()
        assert shop.run("apply", "--yes").exit_code == 0
        assert shop.kinds() == {"unchanged"}
        assert shop.client.get_latest_version(shop.subjects[0]).schema_id >= before

    def test_two_that_apply_at_once_make_one_version_of_each(self, shop: Shop) -> None:
        results: list[Result] = []
        # CliRunner swaps the process's streams, so the steps are run as the command runs them.
        threads = [threading.Thread(target=lambda: results.append(_applied(shop))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert results == [[], []]
        versions = {subject: shop.client.get_versions(subject) for subject in shop.subjects}
        assert {subject: len(numbers) for subject, numbers in versions.items()} == dict.fromkeys(shop.subjects, 1)

    def test_a_run_that_was_broken_off_is_finished_by_the_next(self, shop: Shop) -> None:
        _applied(shop, only=5)
        assert {"unchanged", "create"} <= shop.kinds()
        assert shop.run("apply", "--yes").exit_code == 0
        assert shop.kinds() == {"unchanged"}

    def test_what_the_registry_refuses_is_said_and_the_rest_is_done(self, shop: Shop) -> None:
        """Somebody registered another text first, under a level that lets ours not follow."""
        shop.client.register_schema(shop.subjects[0], ClientSchema(FOREIGN, "JSON"))
        done = shop.run("apply", "--yes")
        assert done.exit_code == 1
        assert shop.subjects[0] in done.output
        assert shop.client.get_versions(shop.subjects[0]) == [1]
        assert set(shop.subjects) <= set(shop.client.get_subjects())


FOREIGN = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "string", "title": "not ours"}'


def _applied(shop: Shop, only: int | None = None) -> Any:
    """Apply without a terminal; return what was refused."""
    from pyevents.registry.apply import apply
    from pyevents.registry.client import HttpRegistry
    from pyevents.registry.plan import pending, plan
    from pyevents.registry.state import read_state

    registry = HttpRegistry(shop.url)
    steps = pending(plan(catalog.load(shop.package).catalog, read_state(registry, shop.subjects)))
    return [done.refusal for done in apply(registry, steps[:only]) if done.refusal]

"""`doctor`: can everything be reached, is everything registered, is everything generated?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from pyevents.catalog import Loaded, load
from pyevents.cli.options import catalog_option, format_option, registry_option, servers_option
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid, PyEventsError, RegistryError
from pyevents.registry import HttpRegistry
from pyevents.registry.plan import plan
from pyevents.registry.state import read_state
from pyevents.spool.errors import FolderUnusable
from pyevents.spool.folder import check_folder

__all__ = ["doctor_command"]


class _Check(NamedTuple):
    """One answer of the doctor."""

    name: str
    good: bool
    words: str


@click.command("doctor")
@servers_option
@registry_option
@catalog_option
@format_option
def doctor_command(bootstrap_servers: str | None, url: str | None, catalog: str, form: str) -> None:
    """Check broker, topics, registry, contracts, spool folder and generated files; name a remedy for each failure."""
    loaded = load(catalog)
    checks = [*_broker(bootstrap_servers, loaded), *_registry(url, loaded), *_spool(), *_generated(catalog)]
    if form == "json":
        click.echo(json.dumps([check._asdict() for check in checks], indent=2))
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check.good else 'FAIL'}  {check.name}: {check.words}")
    if not all(check.good for check in checks):
        raise click.exceptions.Exit(1)


def _broker(servers: str | None, loaded: Loaded) -> Iterator[_Check]:
    from pyevents.kafka import KafkaTransport

    try:
        transport = KafkaTransport(servers)
        found = transport.topics()
    except (BrokerUnreachable, ConfigurationInvalid) as error:
        yield _Check("broker", False, str(error))
        return
    yield _Check("broker", True, transport.name)
    missing = [topic.name for topic in loaded.catalog.every_topic if topic.name not in found]
    remedy = "Create them with docker/kafka/create-topics.sh."
    yield _Check("topics", not missing, f"missing: {', '.join(missing)}. {remedy}" if missing else "all are there")


def _registry(url: str | None, loaded: Loaded) -> Iterator[_Check]:
    try:
        registry = HttpRegistry(url)
        state = read_state(registry, [major.subject for one in loaded.catalog.contracts for major in one.majors])
    except (RegistryError, ConfigurationInvalid) as error:
        yield _Check("registry", False, str(error))
        return
    yield _Check("registry", True, registry.url)
    actions = [action for action in plan(loaded.catalog, state) if action.kind in ("create", "add", "differs")]
    missing = ", ".join(f"{action.subject} {action.version}".strip() for action in actions)
    words = f"not registered: {missing}. Run `pyevents registry apply`." if missing else "all registered"
    yield _Check("contracts", not missing, words)


def _spool() -> Iterator[_Check]:
    given = os.environ.get("PYEVENTS_SPOOL_DIR")
    if not given:  # the default one is made when it is needed
        return
    try:
        check_folder(Path(given).expanduser())
    except FolderUnusable as error:
        yield _Check("spool", False, str(error))
    else:
        yield _Check("spool", True, given)


def _generated(package: str) -> Iterator[_Check]:
    schemas = Path("schemas")
    if not (schemas / "topics.toml").is_file():  # many a service has a folder of that name for something else
        return
    try:
        from pyevents_codegen.generate import check
    except ImportError:
        yield _Check("generated files", False, "cannot tell. Install: pip install 'pyevents-kafka[codegen]'")
        return
    try:
        findings = check(schemas, package, Path(), Path("docker/kafka/create-topics.sh"))
    except PyEventsError as error:  # of a contract that somebody is editing
        yield _Check("generated files", False, f"cannot tell. {error}")
        return
    words = "up to date" if not findings else f"{len(findings)} are not up to date. Run `pyevents generate`."
    yield _Check("generated files", not findings, words)

"""`demo`: the whole way of an event on this machine, told while it happens."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from pyevents.catalog import Contract, Loaded, load, load_examples
from pyevents.errors import EventInvalid

if TYPE_CHECKING:
    from pyevents.dev.embedded import Embedded

__all__ = ["demo_command"]

_PATIENCE = 15.0


@click.command("demo")
def demo_command() -> None:
    """Start a broker and a registry, publish every event type, and show what pyevents does."""
    from pyevents.dev.embedded import Embedded

    console = Console(width=80, highlight=False, soft_wrap=False)
    loaded = load()
    console.print("[bold]1. A broker and a registry[/bold], in one helper process, without Docker and Java")
    with Embedded(loaded.catalog.every_topic) as pair:
        console.print(f"   Kafka at {pair.bootstrap_servers}, registry at {pair.registry_url}\n")
        _Demo(console, loaded, pair).run()
    console.print("[bold]What to try next[/bold]")
    activate = Path(sys.argv[0]).parent / "activate"
    if shutil.which("pyevents") is None and activate.exists():  # as after `make demo`
        console.print(f"   . {activate!s:<32}so that the shell finds pyevents")
    console.print("   pyevents ls                       the contracts")
    console.print("   pyevents show patient.created     one of them")
    console.print("   pyevents dev                      the same broker and registry, to keep")
    console.print("   edit schemas/, then pyevents generate")


class _Demo:
    """The steps, on a pair that runs."""

    def __init__(self, console: Console, loaded: Loaded, pair: Embedded) -> None:
        self._console = console
        self._loaded = loaded
        self._examples = load_examples()
        self._pair = pair
        self._seen: list[str] = []
        self._quiet = False

    def run(self) -> None:
        from pyevents.consumer import KafkaConsumer
        from pyevents.producer import RobustKafkaProducer

        servers, url = self._pair.bootstrap_servers, self._pair.registry_url
        consumer = KafkaConsumer(group_id="matching-service.demo", bootstrap_servers=servers, schema_registry_url=url)
        for event_type in self._loaded.contracts:
            consumer.on(event_type)(self._handle)
        runner = threading.Thread(target=consumer.run, daemon=True)
        with (
            tempfile.TemporaryDirectory() as spool,
            RobustKafkaProducer(
                servers, "patient-service", schema_registry_url=url, auto_register=True, spool_dir=spool
            ) as producer,
        ):
            self._publish_all(producer)
            runner.start()
            self._wait(len(self._loaded.contracts))
            self._refuse(producer)
            self._outage(producer)
        consumer.close()

    def _publish_all(self, producer: Any) -> None:
        contracts = list(self._loaded.contracts.values())
        self._console.print(f"[bold]2. Every event type, validated and published[/bold]: {len(contracts)} of them")
        for contract in contracts:
            producer.send_event(contract.topic, contract.event_type, self._example(contract))
        left = producer.flush(_PATIENCE)
        self._console.print(f"   confirmed by the broker: {len(contracts) - left}\n")
        self._console.print("[bold]3. Typed handlers receive them[/bold] (the group joins, three seconds)")

    def _example(self, contract: Contract) -> dict[str, Any]:
        return next(iter(self._examples[contract.event_type][contract.find(None)[1].number].values()))

    def _handle(self, event: Any) -> None:
        self._seen.append(type(event).__name__)
        if not self._quiet:
            fields = ", ".join(type(event).__struct_fields__[:3])
            self._console.print(f"   {type(event).__name__}({fields}, …)")

    def _refuse(self, producer: Any) -> None:
        self._console.print("\n[bold]4. An invalid event does not leave the caller[/bold]")
        contract = self._loaded.contract("patient.created")
        try:
            producer.send_event(contract.topic, contract.event_type, self._example(contract) | {"vorname": "A" * 101})
        except EventInvalid as error:
            self._console.print(f"   [red]EventInvalid[/red]: {error}\n")

    def _outage(self, producer: Any) -> None:
        self._console.print("[bold]5. The broker goes away; publishing goes on[/bold]")
        self._quiet = True
        before = len(self._seen)
        self._pair.stop_broker()
        contract = self._loaded.contract("patient.updated")
        began = time.perf_counter()
        for number in range(100):
            producer.send_event(contract.topic, contract.event_type, {"patient_id": number + 1, "ort": "Leipzig"})
        took = (time.perf_counter() - began) * 1000
        self._console.print(f"   100 events accepted in {took:.1f} ms; waiting: {producer.status().pending}")
        self._pair.start_broker()
        left = producer.flush(_PATIENCE)
        self._wait(before + 100)
        self._console.print(f"   the broker is back; waiting: {left}, handled: {len(self._seen) - before} of 100\n")

    def _wait(self, count: int) -> None:
        pause, deadline = threading.Event(), time.monotonic() + _PATIENCE
        while len(self._seen) < count and time.monotonic() < deadline:
            pause.wait(0.02)
        if len(self._seen) < count:
            raise click.ClickException(f"only {len(self._seen)} of {count} events were handled in {_PATIENCE:g} s")

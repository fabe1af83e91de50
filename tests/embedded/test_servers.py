"""Real servers that publish, ended by SIGTERM; their code is that of docs/servers.md."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery

from pyevents.catalog import load
from pyevents.dev.real.process import free_port
from pyevents.registry import HttpRegistry, Schema
from pyevents.spool.listing import streams
from tests.suite.document import blocks
from tests.suite.place import wait_until
from tests.torture.verdict import read_topics

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"
FASTAPI, FLASK, GUNICORN, CELERY, FORKING = (block.code for block in blocks(PAGE))
WITHOUT_HANDLER = FLASK.partition("def end(")[0]
WORKER = ["-m", "celery", "-A", "shop", "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"]

SERVERS = {
    "uvicorn": ({"shop.py": FASTAPI}, ["-m", "uvicorn", "shop:app", "--host", "127.0.0.1", "--port"]),
    "uvicorn without lifespan": ({"shop.py": FASTAPI}, ["-m", "uvicorn", "shop:app", "--lifespan", "off", "--port"]),
    "flask": ({"shop.py": FLASK}, ["-m", "flask", "--app", "shop", "run", "--port"]),
    "flask without handler": ({"shop.py": WITHOUT_HANDLER}, ["-m", "flask", "--app", "shop", "run", "--port"]),
    "gunicorn": (
        {"shop.py": WITHOUT_HANDLER, "gunicorn.conf.py": GUNICORN},
        ["-m", "gunicorn", "--workers", "2", "shop:app", "--bind"],
    ),
    "gunicorn with preload": (
        {"shop.py": WITHOUT_HANDLER, "gunicorn.conf.py": GUNICORN},
        ["-m", "gunicorn", "--preload", "--workers", "2", "shop:app", "--bind"],
    ),
    "celery": ({"shop.py": CELERY}, WORKER),
    "celery without handler": ({"shop.py": CELERY.partition("@worker_shutdown")[0]}, WORKER),
}
WITH_HOOK = ["uvicorn", "flask", "gunicorn", "gunicorn with preload", "celery"]


class Shop:
    """One server process at a time, in a folder with the code of the page."""

    def __init__(self, kind: str, embedded: Any, folder: Path, spool: Path) -> None:
        files, self._command = SERVERS[kind]
        service = f"patient-service-{uuid4().hex[:8]}"
        for name, code in files.items():
            (folder / name).write_text(code.replace('"patient-service"', f'"{service}"'))
        self._folder, self.spool = folder, spool
        self._environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers,
            "SCHEMA_REGISTRY_URL": embedded.registry_url,
            "PYEVENTS_SPOOL_DIR": str(spool),
            "PYEVENTS_CACHE_DIR": str(folder / "cache"),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "server.log"

    def start(self) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._run(f"127.0.0.1:{port}" if self._command[-1] == "--bind" else str(port))
        wait_until(self._answers, f"the server answers: {self._log.read_text()}")

    def publish(self, count: int) -> list[str]:
        """Ask the server to publish, and return the ids of the events that it accepted."""
        ids = []
        for number in range(1, count + 1):
            asked = urllib.request.Request(f"{self._url}/patients/{number}", method="POST")
            with urllib.request.urlopen(asked, timeout=20) as answer:
                ids.append(json.loads(answer.read())["event_id"])
        return ids

    def end(self) -> None:
        """SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(30) in (0, -signal.SIGTERM), self._log.read_text()

    def waiting(self) -> int:
        return sum(one.events for one in streams(self.spool))

    def _run(self, *further: str) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command, *further],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self._log.read_text()
        try:
            urllib.request.urlopen(self._url, timeout=5)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class CeleryShop(Shop):
    """A Celery worker whose tasks publish; its queue and its results are files."""

    def __init__(self, kind: str, embedded: Any, folder: Path, spool: Path) -> None:
        super().__init__(kind, embedded, folder, spool)
        queue = folder / "queue"
        queue.mkdir()
        route = {name: str(queue) for name in ("data_folder_in", "data_folder_out", "control_folder")}
        settings = {
            "broker_url": "filesystem://",
            "broker_transport_options": route,
            "result_backend": queue.as_uri(),
        }
        (folder / "celeryconfig.py").write_text("\n".join(f"{name} = {value!r}" for name, value in settings.items()))
        shop = folder / "shop.py"
        shop.write_text(shop.read_text().replace('broker="redis://redis:6379/0"', 'config_source="celeryconfig"'))
        self._client = Celery("client")
        self._client.conf.update(settings)

    def start(self) -> None:
        self._run()  # tasks wait in the queue until it is up

    def publish(self, count: int) -> list[str]:
        tasks = [self._client.send_task("shop.update", [number]) for number in range(1, count + 1)]
        return [task.get(timeout=60) for task in tasks]


@pytest.fixture
def registered(embedded: Any) -> None:
    major, version = load().contract("patient.updated").find(None)
    HttpRegistry(embedded.registry_url).register(major.subject, Schema(version.format, version.schema))


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, embedded: Any, registered: None, tmp_path: Path, spool_folder: Path
) -> Iterator[Shop]:
    kind = CeleryShop if "celery" in request.param else Shop
    made = kind(request.param, embedded, tmp_path, spool_folder)
    yield made
    made.end()


def arrived(embedded: Any) -> set[str]:
    return {seen.event_id for seen in read_topics(embedded.bootstrap_servers, ["patient-events"])}


@pytest.mark.parametrize("shop", [kind for kind in SERVERS if kind != "celery"], indirect=True)
def test_what_a_server_accepted_before_sigterm_is_sent_by_its_next_process(
    embedded: Any, shop: Shop, broker_away: Callable[[], None]
) -> None:
    shop.start()
    ids = shop.publish(20)
    shop.end()
    assert shop.waiting() == 20
    broker_away()
    shop.start()
    wait_until(lambda: shop.waiting() == 0, "the next process has sent what was left")
    assert set(ids) <= arrived(embedded)


@pytest.mark.parametrize("shop", WITH_HOOK, indirect=True)
def test_shutdown_hook_sends_what_waits_before_the_process_ends(embedded: Any, shop: Shop) -> None:
    shop.start()
    ids = shop.publish(50)
    shop.end()
    assert shop.waiting() == 0
    assert set(ids) <= arrived(embedded)


@pytest.mark.parametrize("shop", ["celery"], indirect=True)
def test_every_child_of_a_celery_worker_publishes_to_streams_of_its_own(
    embedded: Any, shop: Shop, broker_away: Callable[[], None]
) -> None:
    shop.start()
    ids: list[str] = []
    wait_until(lambda: ids.extend(shop.publish(4)) or len(list(streams(shop.spool))) == 2, "both children got tasks")
    assert {one.owned for one in streams(shop.spool)} == {True}
    broker_away()
    wait_until(lambda: shop.waiting() == 0, "the children send what they accepted")
    assert set(ids) <= arrived(embedded)

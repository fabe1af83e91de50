"""The helper process: how it starts, what it is told, and that it is gone when nobody is there any more."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from confluent_kafka import Producer

import pyevents
from pyevents.dev.embedded import Embedded, EmbeddedFailed
from pyevents.errors import Closed
from tests.suite.place import wait_until

PARENT = """
import sys, time
from pyevents.dev.embedded import Embedded
pair = Embedded()
print(pair.pid, flush=True)
time.sleep(300)
"""

FORKING_PARENT = """
import os, sys, time
from pyevents.dev.embedded import Embedded
pair = Embedded()
child = os.fork()
if child:
    print(pair.pid, child, flush=True)
time.sleep(300)
"""

FORGETFUL_PARENT = """
from pyevents.dev.embedded import Embedded
print(Embedded().pid, flush=True)
"""


@pytest.fixture
def helper() -> Iterator[subprocess.Popen[bytes]]:
    """The helper as a person starts it, both addresses read."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pyevents.dev"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    )
    with process:
        yield process
        process.kill()


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def answer(helper: subprocess.Popen[bytes]) -> dict[str, str]:
    assert helper.stdout
    found: dict[str, str] = json.loads(helper.stdout.readline())
    return found


def tell(helper: subprocess.Popen[bytes], line: str) -> dict[str, str]:
    assert helper.stdin
    helper.stdin.write(line.encode() + b"\n")
    helper.stdin.flush()
    return answer(helper)


def accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_helper_names_both_addresses_and_listens_there(helper: subprocess.Popen[bytes]) -> None:
    hello = answer(helper)
    assert accepts(hello["bootstrap_servers"])
    assert urllib.request.urlopen(hello["registry_url"] + "/subjects", timeout=10).read() == b"[]"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_helper_without_a_word(helper: subprocess.Popen[bytes], number: int) -> None:
    answer(helper)
    helper.send_signal(number)
    said, complaint = helper.communicate(timeout=10)
    assert (helper.returncode, said, complaint) == (0, b"", b"")


def test_end_of_input_ends_the_helper_without_a_word(helper: subprocess.Popen[bytes]) -> None:
    answer(helper)
    said, complaint = helper.communicate(timeout=10)
    assert (helper.returncode, said, complaint) == (0, b"", b"")


def test_reader_that_goes_away_ends_the_helper_without_a_word(helper: subprocess.Popen[bytes]) -> None:
    answer(helper)
    assert helper.stdin and helper.stdout and helper.stderr
    helper.stdout.close()
    helper.stdin.write(b'{"do": "stop_registry"}\n')
    helper.stdin.close()
    assert helper.stderr.read() == b""
    assert helper.wait(10) == 0


def test_what_is_no_command_is_answered_and_changes_nothing(helper: subprocess.Popen[bytes]) -> None:
    answer(helper)
    for line in ("", "{", "[]", '"stop_broker"', "{}", '{"do": "bake"}', '{"do": ["stop_broker"]}'):
        assert "no command" in tell(helper, line)["problem"], line
    for topics in ("null", "[]", '{"a": "3"}', '{"a": true}', '{"a": 0}'):
        assert "problem" in tell(helper, f'{{"do": "create_topics", "topics": {topics}}}'), topics
    assert tell(helper, '{"do": "create_topics", "topics": {"a": 3}}') == {}


def test_clients_that_come_and_go_leave_no_line_on_the_terminal(helper: subprocess.Popen[bytes]) -> None:
    hello = answer(helper)
    producer = Producer({"bootstrap.servers": hello["bootstrap_servers"], "log_level": 0})
    producer.produce("patient-events", b"{}")
    assert producer.flush(20) == 0
    half = socket.create_connection(("127.0.0.1", urlsplit(hello["registry_url"]).port or 0))
    half.sendall(b"POST /subjects/a HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    half.close()
    for command in ("stop_broker", "stop_registry", "start_broker", "start_registry"):
        assert tell(helper, json.dumps({"do": command})) == {}
    said, complaint = helper.communicate(timeout=10)
    assert (said, complaint) == (b"", b"")


@pytest.mark.parametrize("parent", [PARENT, FORKING_PARENT, FORGETFUL_PARENT], ids=["alone", "forked", "forgetful"])
def test_nothing_is_left_of_a_parent_that_was_killed(parent: str) -> None:
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, env=_environment()) as process:
        assert process.stdout
        helper, *children = map(int, process.stdout.readline().split())
        try:
            if parent is not FORGETFUL_PARENT:
                assert not is_gone(helper)
                process.kill()
            wait_until(lambda: is_gone(helper), "the helper of a killed parent is gone", 10)
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)


def test_helper_starts_in_a_folder_full_of_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "select.py", "http.py", "confluent_kafka.py"):
        (tmp_path / name).write_text("raise SystemExit('a stranger was imported')\n")
    monkeypatch.chdir(tmp_path)
    with Embedded() as pair:
        assert accepts(pair.bootstrap_servers)


def test_helper_outlives_an_interrupt_of_its_parents_group() -> None:
    with Embedded() as pair:
        assert os.getpgid(pair.pid) != os.getpgid(0)


def test_registry_that_is_stopped_refuses_and_comes_back_at_its_address_with_what_it_held(embedded: Embedded) -> None:
    url = embedded.registry_url + "/config/stopped-registry"
    request = urllib.request.Request(url, b'{"compatibility": "FULL"}', method="PUT")
    assert urllib.request.urlopen(request, timeout=10).status == 200
    for _ in range(3):
        embedded.stop_registry()
        try:
            assert not accepts(urlsplit(url).netloc)
            assert not accepts(urlsplit(url).netloc)
        finally:
            embedded.start_registry()
        assert json.load(urllib.request.urlopen(url, timeout=10)) == {"compatibilityLevel": "FULL"}


def test_stopping_what_is_stopped_and_starting_what_runs_changes_nothing() -> None:
    with Embedded() as pair:
        for command in (pair.stop_registry, pair.stop_broker):
            command()
            command()
        assert not accepts(pair.bootstrap_servers)
        for command in (pair.start_registry, pair.start_broker):
            command()
            command()
        assert accepts(pair.bootstrap_servers)
        assert accepts(urlsplit(pair.registry_url).netloc)


def test_closed_pair_is_gone_and_says_so() -> None:
    pair = Embedded()
    address = pair.bootstrap_servers
    pair.close()
    pair.close()
    assert is_gone(pair.pid)
    assert not accepts(address)
    with pytest.raises(Closed, match="embedded pair"):
        pair.create_topic("a")


def test_helper_that_was_killed_is_named_as_the_reason() -> None:
    with Embedded() as pair:
        os.kill(pair.pid, signal.SIGKILL)
        wait_until(lambda: is_gone(pair.pid), "the helper is gone", 10)
        with pytest.raises(EmbeddedFailed, match="could not stop broker: its process ended with status -9"):
            pair.stop_broker()


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PYTHONPATH": str(Path(pyevents.__file__).parents[1])}

"""The inside of the helper process: broker and registry, and the commands that reach it on standard input.

It writes one line of JSON when both are up, then one for each command, and ends when nobody is there any more:

    -> {"bootstrap_servers": "127.0.0.1:40001", "registry_url": "http://127.0.0.1:40002"}
    <- {"do": "create_topics", "topics": {"patient-events": 3}}
    -> {}
    <- {"do": "stop_broker"}
    -> {}
    <- {"do": "bake"}
    -> {"problem": "…"}

It ends on the end of standard input, on SIGTERM and SIGINT, and when its parent is another than at the start: a
process that the parent forked holds the other end of the pipe open after the parent was killed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from pyevents.dev.registry.http import RegistryServer
from pyevents.dev.registry.registry import Registry
from pyevents.errors import PyEventsError
from pyevents.kafka.mock import MockCluster

__all__ = ["main"]

_STDIN = 0
_SECONDS_BETWEEN_LOOKS_AT_THE_PARENT = 1.0


def main(arguments: Sequence[str] = ()) -> None:
    """Run both until standard input ends or a signal comes; return nothing, leave nothing.

    Args:
        arguments: The file that the registry keeps, if there is one.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        held = Registry(Path(arguments[0]) if arguments else None)
        with MockCluster() as broker, RegistryServer(held) as registry:
            _say({"bootstrap_servers": broker.bootstrap_servers, "registry_url": registry.url})
            _obey(_commands(broker, registry))
    except PyEventsError as error:
        _say({"problem": str(error)})
    except BrokenPipeError:
        # Nobody reads the answers; the interpreter would complain about standard output when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _commands(broker: MockCluster, registry: RegistryServer) -> dict[str, Callable[[dict[str, Any]], None]]:
    return {
        "create_topics": lambda asked: _create_topics(broker, asked.get("topics")),
        "stop_broker": lambda asked: broker.broker_down(),
        "start_broker": lambda asked: broker.broker_up(),
        "stop_registry": lambda asked: registry.down(),
        "start_registry": lambda asked: registry.up(),
    }


def _create_topics(broker: MockCluster, topics: object) -> None:
    if not isinstance(topics, dict) or not all(type(number) is int for number in topics.values()):
        raise PyEventsError("`topics` is no object of names and numbers of partitions.")
    for name, partitions in topics.items():
        broker.create_topic(name, partitions)


def _obey(commands: dict[str, Callable[[dict[str, Any]], None]]) -> None:
    for line in _lines(os.getppid()):
        try:
            asked = json.loads(line)
            command = commands[asked["do"]]
        except (ValueError, KeyError, TypeError):
            _say({"problem": f"that is no command; there are {', '.join(commands)}."})
            continue
        try:
            command(asked)
        except PyEventsError as error:
            _say({"problem": str(error)})
        else:
            _say({})


def _lines(parent: int) -> Iterator[bytes]:
    """Return line after line of standard input, until it ends or the parent is another."""
    rest = b""
    while os.getppid() == parent:
        if not select.select([_STDIN], [], [], _SECONDS_BETWEEN_LOOKS_AT_THE_PARENT)[0]:
            continue
        chunk = os.read(_STDIN, 65536)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _say(value: dict[str, str]) -> None:
    print(json.dumps(value), flush=True)


def _leave(number: int, frame: FrameType | None) -> None:
    """End from wherever the main thread is; a second signal changes nothing."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(0)

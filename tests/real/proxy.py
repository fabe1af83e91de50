"""A loopback proxy before a broker that falsifies what no broker can be made to say at will.

The broker advertises the proxy, so that clients stay on it. Framing and the head of a Produce response are all of
Kafka's protocol that it knows (https://kafka.apache.org/protocol): size, correlation id, then topic, partition, error.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import Self

from pyevents.dev.real.kafka import RealKafka

__all__ = ["CORRUPT", "LOOK_OFTEN", "NOT_ENOUGH_REPLICAS", "Proxy"]

CORRUPT, NOT_ENOUGH_REPLICAS = 2, 19

LOOK_OFTEN = {"statistics.interval.ms": 1_100}
"""By these it is found what the client repeats without a word; three times as often as usual."""

_PRODUCE = 0
_FLEXIBLE = 9
"""From this version of Produce on, numbers of elements are varints and headers have tags."""


class Proxy:
    """Runs in a thread of its own; a context manager.

    Args:
        port: To listen on.
        kafka: Where to pass everything on.
    """

    def __init__(self, port: int, kafka: RealKafka) -> None:
        self.servers = f"127.0.0.1:{port}"
        self.kafka = kafka
        self._port = port
        self._codes: deque[int] = deque()
        self._topic = b""
        self._refused: dict[bytes, int] = {}
        self.falsified = 0
        self.accepted = 0
        """Connections so far."""
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def falsify(self, topic: str, *codes: int) -> None:
        """Let the next Produce responses for a topic bear these error codes, whatever the broker said."""
        self._topic = topic.encode()
        self._codes.extend(codes)

    def refuse(self, mark: bytes, code: int) -> None:
        """Let no Produce request that holds *mark* pass: its checksum is spoilt, and the answer bears that error code."""
        self._refused[mark] = code

    def relent(self) -> None:
        """Let every request pass from now on."""
        self._refused.clear()

    def lead_to(self, kafka: RealKafka) -> None:
        """End every connection at once, and pass those that follow on to another broker."""
        done = threading.Event()

        def switch() -> None:
            self.kafka = kafka
            for writer in self._connections:
                writer.transport.abort()
            self._connections.clear()
            done.set()

        self._loop.call_soon_threadsafe(switch)
        assert done.wait(10)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", self._port))
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        connections = asyncio.all_tasks(self._loop)
        for connection in connections:
            connection.cancel()
        self._loop.run_until_complete(asyncio.gather(*connections, return_exceptions=True))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        kafka = self.kafka
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", kafka.port)
        except OSError:
            writer.close()
            return
        if kafka is not self.kafka:  # since then it leads elsewhere
            writer.close()
            to_writer.close()
            return
        asked: dict[int, tuple[int, int | None]] = {}
        self._connections |= {writer, to_writer}
        await asyncio.gather(
            _pass_on(reader, to_writer, lambda frame: self._request(frame, asked)),
            _pass_on(to_reader, writer, lambda frame: self._response(frame, asked)),
        )
        self._connections -= {writer, to_writer}

    def _request(self, frame: bytearray, asked: dict[int, tuple[int, int | None]]) -> None:
        api, version, correlation = struct.unpack_from(">hhi", frame)
        if api != _PRODUCE:
            return
        code = None
        for mark, wanted in self._refused.items():
            at = frame.find(mark)
            if at >= 0:
                frame[at] ^= 1
                code = wanted
        asked[correlation] = version, code

    def _response(self, frame: bytearray, asked: dict[int, tuple[int, int | None]]) -> None:
        version, code = asked.pop(struct.unpack_from(">i", frame)[0], (None, None))
        if version is None:
            return
        topic, at = _error_of(frame, version)
        if code is None and self._codes and topic == self._topic:
            code = self._codes.popleft()
        if code is not None:
            struct.pack_into(">h", frame, at, code)
            self.falsified += 1


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytearray], None]
) -> None:
    try:
        while True:
            size = await reader.readexactly(4)
            frame = bytearray(await reader.readexactly(int.from_bytes(size)))
            change(frame)
            writer.write(size + frame)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _error_of(frame: bytearray, version: int) -> tuple[bytes, int]:
    """Return the first topic of a Produce response and where its first partition's error code is."""
    if version < _FLEXIBLE:
        (length,) = struct.unpack_from(">h", frame, 8)
        return bytes(frame[10 : 10 + length]), 10 + length + 4 + 4
    # correlation 4, tags 1, number of topics 1, then a compact string: its length plus one
    length = frame[6] - 1
    return bytes(frame[7 : 7 + length]), 7 + length + 1 + 4

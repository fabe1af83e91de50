"""The registry as an HTTP server on loopback: connections, bytes and the port; it decides no answer.

The port is kept from construction to `close`: while the server is down nobody listens there, so connections are
refused, and nobody else can take it.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.routes import answer
from pyevents.errors import PyEventsError

__all__ = ["RegistryServer"]

_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_LARGEST_BODY = 16 * 1024 * 1024
_STORE_ERROR = 50001


class RegistryServer:
    """Serves a registry; up from construction, until `down` or `close`.

    Args:
        registry: Answers; what it holds outlives `down`.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._socket = _bound_socket(0)
        self._port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None
        self.up()

    @property
    def url(self) -> str:
        """Where it listens when it is up."""
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Accept connections, if it does not yet."""
        if self._server is None:
            self._server = _Server(self._socket, self._registry)
            threading.Thread(
                target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="registry", daemon=True
            ).start()

    def down(self) -> None:
        """Close every connection, and let new ones be refused, on the same port until `up`."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            self._socket = _bound_socket(self._port)

    def close(self) -> None:
        """Stop and give up the port; may be called twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._socket.close()

    def __enter__(self) -> RegistryServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, on a socket that is bound already."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bound: socket.socket, registry: Registry) -> None:
        super().__init__(bound.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self.registry = registry
        self._connections: set[socket.socket] = set()
        self.server_activate()

    def stop(self) -> None:
        """Stop listening, and cut the connections that there are."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client was faster
                continue

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, and serve it in its thread."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent where a client went away; everything else is a mistake of ours, and shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection: question after question, until one side closes it."""

    protocol_version = "HTTP/1.1"
    server_version = "pyevents-registry"
    sys_version = ""
    disable_nagle_algorithm = True  # otherwise an answer may wait for the client's ACK of the one before
    wbufsize = -1  # head and body leave in one packet
    server: _Server

    def do_GET(self) -> None:
        """Answer one question; every method comes here."""
        payload = self._payload()
        if payload is None:
            return
        try:
            found = answer(self.server.registry, self.command, self.path, payload)
        except Refusal as refusal:
            self._reply(refusal.status, {"error_code": refusal.code, "message": refusal.message})
        except PyEventsError as error:
            self._reply(500, {"error_code": _STORE_ERROR, "message": str(error)})
        else:
            self._reply(200 if found is not None else 204, found)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal."""

    def _payload(self) -> bytes | None:
        """Return the body, or None where its end cannot be told or does not come; the connection is done then."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._hang_up(411, "The length of the body is missing")
            return None
        if int(length) > _LARGEST_BODY:
            self._hang_up(413, "The body is too large")
            return None
        payload = self.rfile.read(int(length))
        if len(payload) < int(length):
            self.close_connection = True
            return None
        return payload

    def _hang_up(self, status: int, problem: str) -> None:
        self.close_connection = True
        self._reply(status, {"error_code": status, "message": problem})

    def _reply(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if value is not None:  # an answer without a body has no length either (RFC 9110, 8.6)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _bound_socket(port: int) -> socket.socket:
    """Return a socket that holds a port of loopback without listening; 0 is a free one."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound

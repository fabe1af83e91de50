"""A registry behind a door of its own: a real HTTP server on loopback that may ask who one is, or be something else."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.routes import answer

__all__ = ["Answer", "Asked", "Certificates", "FrontDoor"]


class Asked(NamedTuple):
    """One question as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What the door says instead of the registry."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


Guard = Callable[[Asked], Answer | None]


class FrontDoor:
    """A server; whatever the guard answers with None goes to an embedded registry behind it.

    Args:
        guard: Sees every question first.
        context: For TLS.
    """

    def __init__(self, guard: Guard, context: ssl.SSLContext | None = None) -> None:
        self.registry = Registry()
        self.asked: list[Asked] = []
        self.connections: set[tuple[str, int]] = set()
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers), body)
                door.asked.append(asked)
                door.connections.add(self.client_address)
                said = guard(asked) or door._answer(asked)
                self.send_response(said.status)
                for name, value in (
                    ("Content-Type", said.kind),
                    ("Content-Length", str(len(said.body))),
                    *said.headers,
                ):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that refuses our certificate hangs up

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._scheme = "https" if context else "http"
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.address}"

    def __enter__(self) -> FrontDoor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Answer:
        try:
            return Answer(200, json.dumps(answer(self.registry, asked.method, asked.path, asked.body)).encode())
        except Refusal as refusal:
            said = {"error_code": refusal.code, "message": refusal.message}
            return Answer(refusal.status, json.dumps(said).encode())


class Certificates:
    """A CA of its own with a server's and a client's certificate, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of the test")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs keys and lists
        made = self._build(name, name, key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        made = made.add_extension(usage, True).add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        )
        self.ca = self._write("ca", made.sign(key, hashes.SHA256()))
        self.server, self.server_key = self._issue("server", key, name)
        self.client, self.client_key = self._issue("client", key, name, password=b"key-s3cret")

    def context(self, *, client_needed: bool = False) -> ssl.SSLContext:
        """Return the server's TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(self.server, self.server_key)
        if client_needed:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _issue(
        self, role: str, ca_key: ec.EllipticCurvePrivateKey, issuer: x509.Name, password: bytes | None = None
    ) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, role)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = self._build(subject, issuer, key.public_key()).add_extension(names, False)
        # Python 3.13 takes no certificate that does not say whose key has signed it (VERIFY_X509_STRICT).
        made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password)
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        path = self._folder / f"{role}.key"
        path.write_bytes(text)
        return self._write(role, made.sign(ca_key, hashes.SHA256())), str(path)

    def _build(self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    def _write(self, role: str, certificate: x509.Certificate) -> str:
        path = self._folder / f"{role}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

"""An Apache Kafka that asks who is there: SASL_SSL with SCRAM-SHA-512, mutual TLS, and Kafka's own authorizer."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import confluent_kafka.admin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import free_port

__all__ = ["Certificates", "SecureKafka"]


class Certificates:
    """An authority and the certificates that it signs, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        self.authority = folder / "authority.pem"
        self._certificate = self._sign("Test authority", self._key, authority=True)
        self.authority.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def make(self, name: str) -> Path:
        """Return a file with a new private key and its certificate, for a server or a client of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{name}.pem"
        signed = self._sign(name, key, authority=False).public_bytes(serialization.Encoding.PEM)
        path.write_bytes(secret + signed)
        return path

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class SecureKafka(RealKafka):
    """A broker with three listeners: one in the clear whose user may do everything, and two that ask.

    Args:
        certificates: Sign the broker's own.
    """

    def __init__(self, certificates: Certificates) -> None:
        super().__init__()
        self._certificates = certificates
        self.sasl_port, self.tls_port = free_port(), free_port()
        controller = self.properties["listeners"].rpartition(",")[2]
        clear = f"PLAINTEXT://127.0.0.1:{self.port}"
        asking = f"SASL://127.0.0.1:{self.sasl_port},TLS://127.0.0.1:{self.tls_port}"
        self.properties |= {
            "listeners": f"{clear},{asking},{controller}",
            "advertised.listeners": f"{clear},{asking}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,TLS:SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.tls.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.make("broker")),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.authority),
            # A certificate's user is its common name, as SASL's is.
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:operator",
        }

    def add_users(self, names: Iterable[str], password: str = "secret") -> None:
        """Let users in by SCRAM-SHA-512; one that exists gets the new password."""
        admin: Any = confluent_kafka.admin
        scram = admin.ScramCredentialInfo(admin.ScramMechanism.SCRAM_SHA_512, 4096)
        changes = [admin.UserScramCredentialUpsertion(name, scram, password.encode()) for name in names]
        client = admin.AdminClient({"bootstrap.servers": self.bootstrap_servers})
        for answer in client.alter_user_scram_credentials(changes).values():
            answer.result(15)

    def by_password(self, user: str, password: str = "secret") -> dict[str, str]:
        """Return librdkafka's properties of a user that comes with a password."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "ssl.ca.location": str(self._certificates.authority),
        }

    def by_certificate(self, user: str) -> dict[str, str]:
        """Return librdkafka's properties of a user that comes with a certificate."""
        own = str(self._certificates.make(user))
        authority = str(self._certificates.authority)
        files = {"ssl.ca.location": authority, "ssl.certificate.location": own, "ssl.key.location": own}
        return {"security.protocol": "SSL"} | files

    @property
    def sasl_servers(self) -> str:
        """Where users come with a password."""
        return f"127.0.0.1:{self.sasl_port}"

    @property
    def tls_servers(self) -> str:
        """Where users come with a certificate."""
        return f"127.0.0.1:{self.tls_port}"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

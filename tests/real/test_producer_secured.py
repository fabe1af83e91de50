"""A broker with users, rights and certificates: what is refused waits loudly, and recovers without a restart."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyevents.catalog import load
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import free_port
from pyevents.kafka import KafkaTransport
from tests.real.load import PATIENTS, THERAPISTS, Load
from tests.suite.place import wait_until

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class Secured:
    """One broker with four doors: open for the operator, SCRAM, TLS, and TLS on both sides for services."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scram, self.tls, self.mutual = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self.trusted, self.stranger = Authority(folder / "trusted"), Authority(folder / "stranger")
        self.kafka = RealKafka()
        plain = self.kafka.properties["listeners"]
        self.kafka.properties |= {
            "listeners": f"{plain},SASL_PLAINTEXT://{self.scram},SSL://{self.tls},MUTUAL://{self.mutual}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,MUTUAL:SSL",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": SCRAM,
            "listener.name.ssl.ssl.keystore.type": "PEM",
            "listener.name.ssl.ssl.keystore.location": str(self.stranger.keystore),
            "listener.name.mutual.ssl.keystore.type": "PEM",
            "listener.name.mutual.ssl.keystore.location": str(self.trusted.keystore),
            "listener.name.mutual.ssl.truststore.type": "PEM",
            "listener.name.mutual.ssl.truststore.location": str(self.trusted.certificate),
            "listener.name.mutual.ssl.client.auth": "required",
        }

    @cached_property
    def operator(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.kafka.bootstrap_servers})

    def set_password(self, user: str, password: str) -> None:
        change = UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), password.encode()
        )
        for done in self.operator.alter_user_scram_credentials([change]).values():
            done.result(20)

    def allow(self, user: str, topic: str) -> None:
        for done in self.operator.create_acls(
            [self._right(AclBinding, user, topic, what) for what in _RIGHTS]
        ).values():
            done.result(20)

    def revoke(self, user: str, topic: str) -> None:
        filters = [self._right(AclBindingFilter, user, topic, what) for what in _RIGHTS]
        for done in self.operator.delete_acls(filters).values():
            done.result(20)

    def show_certificate(self, authority: Authority) -> None:
        entry = ConfigEntry(
            "listener.name.ssl.ssl.keystore.location",
            str(authority.keystore),
            incremental_operation=AlterConfigOpType.SET,
        )
        resource = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[entry])
        for done in self.operator.incremental_alter_configs([resource]).values():
            done.result(20)

    def _right(self, kind: Any, user: str, topic: str, what: AclOperation) -> Any:
        return kind(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*", what, AclPermissionType.ALLOW
        )


_RIGHTS = (AclOperation.WRITE, AclOperation.DESCRIBE)


class Authority:
    """A certificate authority, and the certificate and key of a broker on the loopback interface."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.certificate, self.keystore = folder / "ca.pem", folder / "broker.pem"
        authority_key, broker_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        authority = _certificate("authority", authority_key, "authority", authority_key, ca=True)
        broker = _certificate("broker", broker_key, "authority", authority_key, ca=False)
        self.certificate.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        key = broker_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.keystore.write_bytes(key + broker.public_bytes(serialization.Encoding.PEM))


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    made = Secured(tmp_path_factory.mktemp("certificates"))
    with made.kafka:
        topics = [topic for topic in load().catalog.topics if topic.name in (PATIENTS, THERAPISTS)]
        KafkaTransport(made.kafka.bootstrap_servers).create_topics(topics)
        yield made


@pytest.fixture
def as_user(secured: Secured) -> Callable[..., Load]:
    def make(user: str, password: str | Path) -> Load:
        properties = {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": user,
            "sasl.password" if isinstance(password, str) else "sasl.password.file": str(password),
        }
        return Load(secured.scram, f"service-{uuid4().hex[:8]}", properties=properties)

    return make


def test_topic_without_the_right_to_write_waits_while_the_other_goes_on(
    secured: Secured, as_user: Callable[..., Load], caplog: pytest.LogCaptureFixture
) -> None:
    secured.set_password("anna", "right")
    secured.allow("anna", PATIENTS)
    secured.allow("anna", THERAPISTS)
    with as_user("anna", "right") as load:
        load.wait_sent()
        secured.revoke("anna", THERAPISTS)
        load.wait_waiting(THERAPISTS, "ACL")
        load.wait_sent()
        assert PATIENTS not in load.producer.status().waiting
        secured.allow("anna", THERAPISTS)
        verdict = load.verdict(secured.kafka.bootstrap_servers)
        assert load.producer.status().waiting == {}
    assert verdict.good, verdict
    assert verdict.delivered == verdict.accepted
    assert {record.topic for record in caplog.records if "waits:" in record.msg} == {THERAPISTS}


def test_wrong_password_waits_and_says_so_until_it_is_right(
    secured: Secured, as_user: Callable[..., Load], caplog: pytest.LogCaptureFixture
) -> None:
    secured.set_password("bert", "old-secret")
    secured.allow("bert", PATIENTS)
    secured.allow("bert", THERAPISTS)
    with as_user("bert", "new-secret") as load:
        load.wait_waiting(PATIENTS, "AUTHENTICATION")
        secured.set_password("bert", "new-secret")
        verdict = load.verdict(secured.kafka.bootstrap_servers)
    assert verdict.good, verdict
    assert "secret" not in caplog.text


def test_password_in_a_file_is_read_anew_once_it_was_changed(
    secured: Secured,
    as_user: Callable[..., Load],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("pyevents.producer.keeper._REFUSED_FOR", 2.0)
    for topic in (PATIENTS, THERAPISTS):
        secured.allow("carl", topic)
    secured.set_password("carl", "new-secret")
    password = tmp_path / "password"
    password.write_text("old-secret\n")
    with as_user("carl", password) as load:
        load.wait_waiting(PATIENTS, "AUTHENTICATION")
        password.write_text("new-secret\n")
        verdict = load.verdict(secured.kafka.bootstrap_servers)
    assert verdict.good, verdict
    assert "secret" not in caplog.text


def test_certificate_of_a_stranger_waits_until_the_broker_shows_the_right_one(secured: Secured) -> None:
    for topic in (PATIENTS, THERAPISTS):
        secured.allow("ANONYMOUS", topic)
    properties = {"security.protocol": "SSL", "ssl.ca.location": str(secured.trusted.certificate)}
    with Load(secured.tls, f"service-{uuid4().hex[:8]}", properties=properties) as load:
        load.wait_waiting(PATIENTS, "_SSL")
        secured.show_certificate(secured.trusted)
        verdict = load.verdict(secured.kafka.bootstrap_servers)
        load_again = load.producer.status()
    assert verdict.good, verdict
    assert load_again.waiting == {}


def test_own_certificate_that_the_broker_refuses_is_read_anew_once_it_was_replaced(
    secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyevents.producer.keeper._REFUSED_FOR", 2.0)
    for topic in (PATIENTS, THERAPISTS):
        secured.allow("CN=broker", topic)  # so the certificate calls its owner
    own = Path(shutil.copy(secured.stranger.keystore, tmp_path / "own.pem"))
    properties = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(secured.trusted.certificate),
        "ssl.certificate.location": str(own),
        "ssl.key.location": str(own),
    }
    with Load(secured.mutual, f"service-{uuid4().hex[:8]}", properties=properties) as load:
        load.wait_waiting(PATIENTS, "_SSL")
        own.write_text("half of it, as whoever replaces it is not done yet")
        wait_until(lambda: "ssl" in (load.producer.status().last_error or ""), "the half certificate is tried", 60)
        shutil.copy(secured.trusted.keystore, own)
        verdict = load.verdict(secured.kafka.bootstrap_servers)
        status = load.producer.status()
    assert verdict.good, verdict
    assert status.waiting == {}

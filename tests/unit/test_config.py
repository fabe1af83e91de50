"""Settings: what is taken, what is refused, what stays secret."""

from __future__ import annotations

import pytest

from pyevents.config import bootstrap_servers, client_properties, hide_password, registry_url
from pyevents.errors import ConfigurationInvalid


def test_argument_goes_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "from-environment:9092")
    assert bootstrap_servers() == "from-environment:9092"
    assert bootstrap_servers("a:1, b:2") == "a:1,b:2"


@pytest.mark.parametrize("wrong", ["", "kafka", "kafka:", "kafka:port", ":9092", "kafka:0", "kafka:99999", "a:1,,b:2"])
def test_servers_that_are_no_host_and_port_are_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="KAFKA_BOOTSTRAP_SERVERS"):
        bootstrap_servers(wrong)


@pytest.mark.parametrize("wrong", ["", "localhost:8081", "ftp://x", "http://", "http://[::1"])
def test_registry_url_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="SCHEMA_REGISTRY_URL"):
        registry_url(wrong)


def test_password_in_a_url_is_hidden() -> None:
    assert hide_password("https://anna:geheim@registry:8081/x") == "https://***@registry:8081/x"


def test_environment_variables_become_properties() -> None:
    _, found = client_properties({}, {"KAFKA_SASL_USERNAME": "anna", "KAFKA_BOOTSTRAP_SERVERS": "x:1", "PATH": "y"})
    assert found == {"sasl.username": "anna"}


@pytest.mark.parametrize(
    "name",
    [
        "enable.idempotence",
        "message.timeout.ms",
        "delivery.timeout.ms",
        "topic.message.timeout.ms",
        "retries",
        "message.send.max.retries",
        "transactional.id",
        "enable.auto.commit",
        "group.id",
    ],
)
def test_property_that_would_lose_or_swap_events_is_refused_by_each_of_its_names(name: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=name):
        client_properties({name: "1"})
    assert client_properties({}, {f"KAFKA_{name.upper().replace('.', '_')}": "1"}) == ({}, {})

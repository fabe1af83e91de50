"""Settings: arguments first, then the environment, then the default. It reads no file and opens no connection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pyevents.errors import ConfigurationInvalid

__all__ = [
    "DEFAULT_BOOTSTRAP",
    "DEFAULT_REGISTRY",
    "Properties",
    "bootstrap_servers",
    "cache_folder",
    "client_properties",
    "hide_password",
    "registry_url",
]

DEFAULT_BOOTSTRAP = "kafka:9092"
DEFAULT_REGISTRY = "http://schema-registry:8081/apis/ccompat/v7"

Properties = Mapping[str, str | int | float | bool]
"""Properties of librdkafka by their own names, for example `{"linger.ms": 20}`."""

_FIXED = {
    "acks": "an accepted event must not be lost with one broker",
    "auto.offset.reset": "it is an argument of KafkaConsumer",
    "bootstrap.servers": "it is an argument of its own",
    "delivery.timeout.ms": "an accepted event does not expire",
    "enable.auto.commit": "offsets move only when the handler is done",
    "enable.auto.offset.store": "offsets move only when the handler is done",
    "enable.gapless.guarantee": "without it a later event can overtake one that failed",
    "enable.idempotence": "without it a retry can swap or double events",
    "group.id": "it is an argument of KafkaConsumer",
    "message.send.max.retries": "a later event can overtake one that the client gave up on",
    "message.timeout.ms": "an accepted event does not expire",
    "retries": "a later event can overtake one that the client gave up on",
    "transactional.id": "nothing here commits a transaction, so no event would go",
}


def bootstrap_servers(given: str | None = None) -> str:
    """Return the brokers to start from: the argument, `KAFKA_BOOTSTRAP_SERVERS`, or `kafka:9092`.

    Raises:
        ConfigurationInvalid: It is empty, or a part of it is no `host:port`.
    """
    servers = given if given is not None else os.environ.get("KAFKA_BOOTSTRAP_SERVERS", DEFAULT_BOOTSTRAP)
    if not isinstance(servers, str):
        servers = ",".join(servers)
    parts = [part.strip() for part in servers.split(",")]
    for part in parts:
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigurationInvalid(
                "bootstrap_servers",
                f"{part!r} is not host:port",
                "Give a list such as kafka-1:9092,kafka-2:9092, or set KAFKA_BOOTSTRAP_SERVERS.",
            )
    return ",".join(parts)


def registry_url(given: str | None = None) -> str:
    """Return the schema registry's URL: the argument, `SCHEMA_REGISTRY_URL`, or the compose file's.

    Raises:
        ConfigurationInvalid: It is no http or https URL.
    """
    url = given if given is not None else os.environ.get("SCHEMA_REGISTRY_URL", DEFAULT_REGISTRY)
    for part in url.split(","):
        try:
            pieces = urlsplit(part.strip())
            usable = pieces.scheme in ("http", "https") and bool(pieces.hostname) and pieces.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigurationInvalid(
                "schema_registry_url",
                f"{hide_password(part)!r} is not an http or https URL",
                "Give one such as http://localhost:8081, or set SCHEMA_REGISTRY_URL.",
            )
    return url


def hide_password(url: str) -> str:
    """Return the URL without its user and password, for errors and logs."""
    try:
        pieces = urlsplit(url.strip())
        if "@" not in pieces.netloc:
            return url.strip()
        return urlunsplit(pieces._replace(netloc="***@" + pieces.netloc.rpartition("@")[2]))
    except ValueError:
        return "the URL given"


def client_properties(
    given: Properties | None = None, environment: Mapping[str, str] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the properties for librdkafka from the argument and from the environment.

    `KAFKA_SASL_USERNAME` becomes `sasl.username`. The two are kept apart, because a container often has
    `KAFKA_…` variables that mean something else (`KAFKA_PORT` of a Kubernetes service): those of the
    environment that librdkafka does not know are dropped with a warning, those of the argument are an error.

    Returns:
        The properties of the argument, and those of the environment that the argument does not set.

    Raises:
        ConfigurationInvalid: A property is set that this package has to decide itself.
    """
    arguments = {name: _text(value) for name, value in (given or {}).items()}
    for name in arguments:
        if reason := _fixed(name):
            raise ConfigurationInvalid(name, f"it cannot be set: {reason}", "Leave it out.")
    found = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith("KAFKA_")
    }
    return arguments, {name: value for name, value in found.items() if name not in arguments and not _fixed(name)}


def cache_folder() -> Path:
    """Return the folder for what can be fetched again: `PYEVENTS_CACHE_DIR`, or the user's cache folder."""
    given = os.environ.get("PYEVENTS_CACHE_DIR")
    if given:
        return Path(given)
    import platformdirs  # 30 ms (measured), for a path that is asked for once

    return platformdirs.user_cache_path("pyevents")


def _fixed(name: str) -> str | None:
    """Return why a property is not the caller's to set, or None; librdkafka takes each with this prefix, too."""
    return _FIXED.get(name.removeprefix("topic."))


def _text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

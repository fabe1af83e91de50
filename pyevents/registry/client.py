"""Questions to a Confluent-compatible registry over HTTP; it remembers nothing and retries nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from pyevents.config import hide_password, registry_url
from pyevents.errors import ConfigurationInvalid, RegistryUnreachable, SchemaRefused, SchemaUnknown

__all__ = ["HttpRegistry", "Registry", "Schema"]

Answer = TypeVar("Answer")

_TYPES = {"json": "JSON", "avro": "AVRO"}

# Answers that a later try may change: time-outs, throttling, and servers or proxies in trouble (RFC 9110, 15.5-15.6).
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

# A child that is forked while another thread imports waits for ever for that module, so a fork waits for the import.
_importing = threading.Lock()
os.register_at_fork(
    before=lambda: _importing.acquire(), after_in_parent=_importing.release, after_in_child=_importing.release
)


class Schema(NamedTuple):
    """A schema's text with its format, `json` or `avro`."""

    format: str
    text: str


class Registry(Protocol):
    """What the producer and the consumer ask of a registry."""

    @property
    def url(self) -> str:
        """Where it is, without user and password."""

    def look_up(self, subject: str, schema: Schema) -> int:
        """Return the id under which the subject has this schema; raises `SchemaUnknown` if it has it not."""

    def register(self, subject: str, schema: Schema) -> int:
        """Register the schema, or find it there, and return its id; raises `SchemaRefused`."""

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id; raises `SchemaUnknown`."""


class HttpRegistry:
    """A registry that speaks Confluent's REST interface.

    The client library is imported at the first question, since that costs 160 ms (measured).

    Args:
        url: Of the registry; several, separated by commas, are tried in turn.
        timeout: Seconds for one question.

    Raises:
        ConfigurationInvalid: The URL is none.
    """

    def __init__(self, url: str | None = None, *, timeout: float = 5.0) -> None:
        self._given = registry_url(url)
        self.url = ",".join(hide_password(part) for part in self._given.split(","))
        self._timeout = timeout
        self._made: Any = None
        self._process = 0

    def look_up(self, subject: str, schema: Schema) -> int:
        """Return the id under which the subject has this schema."""
        found = self._ask(
            f"that schema under {subject}",
            lambda client: client.lookup_schema(subject, _outgoing(schema), deleted=False),
        )
        return int(found.schema_id)

    def register(self, subject: str, schema: Schema) -> int:
        """Register the schema, or find it there, and return its id."""
        return int(self._ask(subject, lambda client: client.register_schema(subject, _outgoing(schema))))

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id."""
        found = self._ask(f"a schema with the id {schema_id}", lambda client: client.get_schema(schema_id))
        return Schema("avro" if found.schema_type == "AVRO" else str(found.schema_type).lower(), found.schema_str)

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set what the registry demands of a subject's next version, for example `BACKWARD_TRANSITIVE`."""
        self._ask(subject, lambda client: client.set_compatibility(subject, level))

    def subjects(self) -> list[str]:
        """Return the names of all subjects."""
        return list(self._ask("subjects", lambda client: client.get_subjects()))

    def _ask(self, what: str, question: Callable[[Any], Answer]) -> Answer:
        with _importing:
            from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return question(self._client())
        except SchemaRegistryError as error:
            raise self._refusal(what, error) from None
        except (OSError, ValueError, TypeError) as error:
            raise RegistryUnreachable(self.url, _reason(error)) from None
        except Exception as error:  # its HTTP library has its own tree of transport errors
            if "TransportError" not in {cls.__name__ for cls in type(error).__mro__}:
                raise
            raise RegistryUnreachable(self.url, _reason(error)) from None

    def _refusal(self, what: str, error: Any) -> Exception:
        status = error.http_status_code
        if status in _PASSING:
            return RegistryUnreachable(self.url, f"it answers {status}")
        if status in (401, 403):
            return RegistryUnreachable(self.url, f"it answers {status}: user, password or token is not accepted")
        if error.error_code == _SchemaRegistryCode.NOT_A_REGISTRY:
            return RegistryUnreachable(
                self.url, f"something answers {status}, but it is no schema registry; is the URL right?"
            )
        if status == 404:
            return SchemaUnknown(what, self.url)
        return SchemaRefused(what, self.url, f"{error.error_message} (status {status})")

    def _client(self) -> Any:
        if self._made is None or self._process != os.getpid():  # connections are not for two processes
            from confluent_kafka.schema_registry import SchemaRegistryClient

            conf: dict[str, Any] = {"url": self._given, "timeout": self._timeout, "max.retries": 0}
            conf |= _credentials()
            try:
                self._made, self._process = SchemaRegistryClient(conf), os.getpid()
            except (ValueError, TypeError, OSError) as error:
                raise ConfigurationInvalid(
                    "schema_registry_url", _reason(error), "See the registry settings."
                ) from None
        return self._made


class _SchemaRegistryCode:
    """Error codes of the client library."""

    NOT_A_REGISTRY = -1
    """The answer's body was not a registry's JSON."""


def _outgoing(schema: Schema) -> Any:
    from confluent_kafka.schema_registry import Schema as ClientSchema

    return ClientSchema(schema.text, _TYPES[schema.format])


def _credentials() -> dict[str, str]:
    user = os.environ.get("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO")
    ca = os.environ.get("SCHEMA_REGISTRY_SSL_CA_LOCATION")
    found = {"basic.auth.user.info": user, "ssl.ca.location": ca}
    return {name: value for name, value in found.items() if value}


def _reason(error: BaseException) -> str:
    """Return the kind of an error: its text may quote the URL with a password."""
    return type(error).__name__

"""Questions to a Confluent-compatible registry over HTTP; it remembers nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from pyevents.config import hide_password, registry_url
from pyevents.errors import ConfigurationInvalid
from pyevents.registry.problem import of_answer, of_transport
from pyevents.registry.settings import client_settings

__all__ = ["HttpRegistry", "Registry", "Schema"]

Answer = TypeVar("Answer")

_TYPES = {"json": "JSON", "avro": "AVRO"}

# A child forked while another thread imports would wait for that module for ever, so a fork waits for the import.
_making = threading.Lock()
os.register_at_fork(before=_making.acquire, after_in_parent=_making.release, after_in_child=_making.release)


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
        properties: Who we are, and whom we trust; see `pyevents.registry.settings`. The environment fills the rest.
        timeout: Seconds for one question.
        retries: How often a question that was not answered is asked again, with backoff, before the next URL.

    Raises:
        ConfigurationInvalid: The URL is none, or a property cannot work.
    """

    _made: Any = None  # here, for `__del__` of one that could not be built

    def __init__(
        self,
        url: str | None = None,
        *,
        properties: Mapping[str, str] | None = None,
        timeout: float = 5.0,
        retries: int = 0,
    ) -> None:
        given = registry_url(url)
        self.url = ",".join(hide_password(part) for part in given.split(","))
        self._timeout = timeout
        self._settings: dict[str, Any] = {
            **client_settings(given, properties),
            "timeout": timeout,
            "max.retries": retries,
            "retries.wait.ms": 200,
            "retries.max.wait.ms": 2_000,
        }
        self._process = 0

    def __del__(self) -> None:
        """Close the connections, but for those of a parent process: Python warns of sockets that are left open."""
        if self._made is not None and self._process == os.getpid():
            self._made.close()

    def look_up(self, subject: str, schema: Schema) -> int:
        """Return the id under which the subject has this schema."""
        return self.ask(
            f"that schema under {subject}",
            lambda client: _id(client.lookup_schema(subject, _outgoing(schema), deleted=False).schema_id),
        )

    def register(self, subject: str, schema: Schema) -> int:
        """Register the schema, or find it there, and return its id."""
        return self.ask(subject, lambda client: _id(client.register_schema(subject, _outgoing(schema))))

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id."""
        return _incoming(self.ask(f"a schema with the id {schema_id}", lambda client: client.get_schema(schema_id)))

    def version(self, subject: str, number: int) -> tuple[int, Schema]:
        """Return id and schema of one version of a subject."""
        found = self.ask(f"{subject} version {number}", lambda client: client.get_version(subject, number))
        return int(found.schema_id), _incoming(found.schema)

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set what the registry demands of a subject's next version, for example `BACKWARD_TRANSITIVE`."""
        self.ask(subject, lambda client: client.set_compatibility(subject, level))

    def subjects(self) -> list[str]:
        """Return the names of all subjects."""
        return list(self.ask("subjects", lambda client: client.get_subjects()))

    def ask(self, what: str, question: Callable[[Any], Answer]) -> Answer:
        """Ask the client library's client, and return its answer; its errors become ours.

        Args:
            what: What is asked for, as errors name it.
            question: Gets a `SchemaRegistryClient`; may run in any thread.
        """
        with _making:
            from confluent_kafka.schema_registry.error import OAuthTokenError, SchemaRegistryError

        try:
            return question(self._client())
        except SchemaRegistryError as error:
            raise of_answer(self.url, what, error) from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, OAuthTokenError) as error:
            raise of_transport(self.url, error, self._timeout) from None
        except Exception as error:  # its HTTP library has its own tree of transport errors
            if "TransportError" not in {cls.__name__ for cls in type(error).__mro__}:
                raise
            raise of_transport(self.url, error, self._timeout) from None

    def _client(self) -> Any:
        with _making:
            if self._made is None or self._process != os.getpid():  # connections are not for two processes
                from confluent_kafka.schema_registry import SchemaRegistryClient

                try:
                    self._made, self._process = SchemaRegistryClient(self._settings), os.getpid()
                except (ValueError, TypeError, OSError) as error:
                    problem = f"the client cannot be made ({type(error).__name__})"
                    remedy = "Do the files of ssl.… exist, do certificate, key and its password go together?"
                    raise ConfigurationInvalid("schema registry", problem, remedy) from None
            return self._made


def _id(found: object) -> int:
    """Return an id that fits into four bytes; the client library passes on whatever it was given."""
    if not isinstance(found, int) or not 0 <= found < 1 << 31:
        raise TypeError("this is no schema id")
    return found


def _outgoing(schema: Schema) -> Any:
    from confluent_kafka.schema_registry import Schema as ClientSchema

    return ClientSchema(schema.text, _TYPES[schema.format])


def _incoming(schema: Any) -> Schema:
    return Schema(str(schema.schema_type or "AVRO").lower(), schema.schema_str)

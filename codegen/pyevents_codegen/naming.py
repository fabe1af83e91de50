"""What a contract is called elsewhere: its class, module, subject and Avro record. Pure text to text."""

from __future__ import annotations

import keyword
import re

__all__ = ["EVENT_TYPE", "class_name", "message_name", "module_name", "nested_class_name", "record_name", "subject"]

EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
"""`<entity>.<what happened>`, in lower case."""


def class_name(event_type: str, major: int) -> str:
    """Return the generated class: `patient.created` is PatientCreated, its major 2 PatientCreatedV2."""
    return _camel(event_type) + (f"V{major}" if major > 1 else "")


def nested_class_name(outer: str, name: str) -> str:
    """Return the class of an object inside a payload; the prefix keeps it apart from every other contract's."""
    return outer + _camel(name)


def module_name(event_type: str) -> str:
    """Return the module of a generated class, one for each entity."""
    entity = event_type.partition(".")[0]
    return f"{entity}_" if keyword.iskeyword(entity) else entity


def message_name(event_type: str, major: int) -> str:
    """Return the message schema's name: JSON `title` and Avro full name."""
    return event_type if major == 1 else f"{event_type}.v{major}"


def record_name(event_type: str, major: int) -> tuple[str, str]:
    """Return namespace and name of the Avro message record."""
    namespace, _, name = message_name(event_type, major).rpartition(".")
    return namespace, name


def subject(topic: str, event_type: str, major: int) -> str:
    """Return the subject (TopicRecordNameStrategy): one for each major."""
    return f"{topic}-{message_name(event_type, major)}"


def _camel(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", text))

"""Event contracts for Kafka: typed classes from schemas, an unlosable producer, a validating consumer.

Names are imported when they are first used, so that `import pyevents` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyevents.consumer import KafkaConsumer
    from pyevents.envelope import EventSchema
    from pyevents.errors import EventInvalid, PyEventsError, Reject
    from pyevents.producer import RobustKafkaProducer
    from pyevents.retry import Retry

__all__ = [
    "EventInvalid",
    "EventSchema",
    "KafkaConsumer",
    "PyEventsError",
    "Reject",
    "Retry",
    "RobustKafkaProducer",
]

_MODULES = {
    "EventInvalid": "pyevents.errors",
    "EventSchema": "pyevents.envelope",
    "KafkaConsumer": "pyevents.consumer",
    "PyEventsError": "pyevents.errors",
    "Reject": "pyevents.errors",
    "Retry": "pyevents.retry",
    "RobustKafkaProducer": "pyevents.producer",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""CloudEvents attributes as headers of a message, as the Kafka binding's binary mode names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyevents.codec import Encoded
from pyevents.envelope import timestamp_text

__all__ = ["cloud_events"]


def cloud_events(source: str) -> Callable[[Encoded], Mapping[str, str]]:
    """Return what `RobustKafkaProducer(add_headers=[…])` takes to describe each event to CloudEvents tools.

    The body stays as it is, envelope and schema id included, so there is no `content-type`. There is no `ce_subject`
    either: what an event is about is personal data. Source: CloudEvents 1.0.2, Kafka protocol binding, section 3.2.

    Args:
        source: A URI reference that names the service, for example `/patient-service`.
    """

    def headers(encoded: Encoded) -> Mapping[str, str]:
        return {
            "ce_specversion": "1.0",
            "ce_id": encoded.event_id,
            "ce_source": source,
            "ce_type": encoded.event_type,
            "ce_time": timestamp_text(encoded.timestamp * 1_000_000),
        }

    return headers

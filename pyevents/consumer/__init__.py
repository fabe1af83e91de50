"""The consumer: reads, validates, hands over in order, and commits what is done."""

from pyevents.consumer.consumer import KafkaConsumer
from pyevents.consumer.status import ConsumerStatus

__all__ = ["ConsumerStatus", "KafkaConsumer"]

"""The producer: validates, keeps, and sends in order."""

from pyevents.producer.receipt import Receipt, Unconfirmed
from pyevents.producer.robust import RobustKafkaProducer
from pyevents.producer.status import ProducerStatus

__all__ = ["ProducerStatus", "Receipt", "RobustKafkaProducer", "Unconfirmed"]

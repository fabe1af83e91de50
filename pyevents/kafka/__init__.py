"""Apache Kafka: the only package that imports confluent_kafka's clients."""

from pyevents.kafka.transport import KafkaTransport

__all__ = ["KafkaTransport"]

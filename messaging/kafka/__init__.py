"""Apache Kafka, through confluent-kafka: the only package that knows of it."""

from messaging.kafka.cluster import KafkaBroker, embedded_cluster, get_broker

__all__ = ["KafkaBroker", "embedded_cluster", "get_broker"]

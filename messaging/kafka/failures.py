"""What Kafka's errors mean to us, and how long we wait for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import TopicMetadata  # type: ignore[attr-defined]  # documented there, not declared

from messaging.errors import BrokerError, Fenced

ASK_S = 5.0
WRITE_S = 9.0  # longer than message.timeout.ms: what is not written by then has failed by itself

# ruff: noqa: SLF001  # the leading underscore is librdkafka's own mark for errors of the client, not privacy
END_OF_PARTITION = KafkaError._PARTITION_EOF
FENCED = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
MISSING = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
BROKEN = {  # of one batch: asked for again, it is the same
    KafkaError._BAD_COMPRESSION,
    KafkaError._BAD_MSG,
    KafkaError._NOT_IMPLEMENTED,
    KafkaError.INVALID_MSG,
    KafkaError.MSG_SIZE_TOO_LARGE,
}
NAMES_BATCH = {KafkaError._BAD_COMPRESSION, KafkaError._BAD_MSG}  # by the offset at which it begins, wherever in it one asks
TOPIC_AT_FAULT = MISSING | {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.MSG_SIZE_TOO_LARGE}


@contextmanager
def asking(topics: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn Kafka's errors into ours."""
    try:
        yield
    except (KafkaException, SystemError) as failure:
        error = _said_by_kafka(failure)
        if error.code() in FENCED:
            raise Fenced(error.str()) from failure
        raise BrokerError(error.str(), topics=topics if error.code() in TOPIC_AT_FAULT else frozenset()) from failure


def _said_by_kafka(failure: BaseException) -> KafkaError:
    """Return what Kafka said, or raise a failure that is none of its own.

    The binding raises a fatal error while delivery reports are still handed out; each of these then fails with a SystemError.
    """
    known = failure if isinstance(failure, KafkaException) else failure.__cause__
    if not isinstance(known, KafkaException):
        raise failure
    error: KafkaError = known.args[0]
    return error


def partitions_of(topic: TopicMetadata) -> list[int]:
    """Return the partitions of a topic, none when it does not exist."""
    if topic.error is not None and topic.error.code() not in MISSING:
        raise BrokerError(topic.error.str(), topics=frozenset({str(topic.topic)}))
    return sorted(topic.partitions)

"""Writing to Kafka byte for byte, so that a test can write what no client library would."""

import gzip
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PRODUCE, _VERSION = 0, 3
GZIP: Final = 1
_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class RawRecord:
    """A record as it stands on the wire; names of headers are bytes here, None is Kafka's null."""

    value: bytes | None = b""
    key: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()


def batch(
    records: Sequence[RawRecord],
    *,
    codec: int = 0,
    payload: bytes | None = None,
    timestamp_ms: int = 1_700_000_000_000,
    crc: int | None = None,
    magic: int = 2,
    count: int | None = None,
) -> bytes:
    """Return a batch of records, compressed where `codec` is GZIP; `payload`, `crc`, `magic` and `count` replace the right ones."""
    body = b"".join(_record(record, place) for place, record in enumerate(records))
    if payload is None:
        payload = gzip.compress(body, mtime=0) if codec == GZIP else body
    number = len(records) if count is None else count
    checked = struct.pack(">hiqqqhii", codec, len(records) - 1, timestamp_ms, timestamp_ms, -1, -1, -1, number) + payload
    head = struct.pack(">ibI", -1, magic, crc32c(checked) if crc is None else crc)
    return struct.pack(">qi", 0, len(head) + len(checked)) + head + checked


def produce(servers: str, *, topic: str, partition: int, batch: bytes) -> int:
    """Write a batch and return Kafka's error code, 0 where the broker kept it; raises OSError where it hangs up instead."""
    host, _, port = servers.split(",", maxsplit=1)[0].rpartition(":")
    request = struct.pack(">hhi", _PRODUCE, _VERSION, 1) + _string("stranger") + struct.pack(">hhi", -1, 1, 5_000)
    request += struct.pack(">i", 1) + _string(topic) + struct.pack(">ii", 1, partition) + struct.pack(">i", len(batch)) + batch
    with socket.create_connection((host, int(port)), timeout=_TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _read(connection, 4))
        answer = _read(connection, length)
    place = 4 + 4 + 2 + len(topic.encode()) + 4 + 4  # correlation id, one topic, its name, one partition, its number
    return int(struct.unpack_from(">h", answer, place)[0])


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of the bytes."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC_TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _record(record: RawRecord, place: int) -> bytes:
    body = b"\x00" + _varint(0) + _varint(place) + _nullable(record.key) + _nullable(record.value) + _varint(len(record.headers))
    body += b"".join(_nullable(name) + _nullable(value) for name, value in record.headers)
    return _varint(len(body)) + body


def _nullable(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Return a zigzag varint, as records have them."""
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes(out) + bytes([rest])


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text.encode())) + text.encode()


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise ConnectionError("the broker hung up")
        data += more
    return data


def _row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


_CRC_TABLE: Final = [_row(value) for value in range(256)]

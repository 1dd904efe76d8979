#!/usr/bin/env python
"""`admit_banks.py SERVERS HEAD=FILE CODE=FILE ...`: let the head bank and the banks into Kafka, with the passwords in these files.

Each bank reads its own letter box alone, writes to everyone's, and reads the register, which the head bank alone writes.
Safe to repeat: what the files say now counts.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # documented there, not declared
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

_REGISTER, _LETTER_BOXES, _READERS = "bank-directory", "external-transfers.", "reader-"
_WHOLE, _BEGINNING = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
_ITERATIONS = 8192
_LIMIT_S = 30.0


def main() -> None:
    """Admit everyone on the command line."""
    servers, *admitted = sys.argv[1:]
    banks = dict(words.split("=", 1) for words in admitted)
    head, *others = banks
    client = AdminClient({"bootstrap.servers": servers})
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(code, scram, Path(file).read_bytes().strip()) for code, file in banks.items()
    ]
    _wait(client.alter_user_scram_credentials(users, request_timeout=_LIMIT_S).values())
    rights = [*_of_head_bank(head), *(right for code in others for right in _of_bank(code))]
    _wait(client.create_acls(rights, request_timeout=_LIMIT_S).values())


def _of_head_bank(code: str) -> Iterator[AclBinding]:
    """Return what the head bank may: what a bank may, and have the register and write it."""
    yield from _of_bank(code)
    for operation in (AclOperation.CREATE, AclOperation.WRITE):
        yield _right(code, operation, ResourceType.TOPIC, _REGISTER)


def _of_bank(code: str) -> Iterator[AclBinding]:
    """Return what a bank may: have its letter box and read it, write to all of them, read the register."""
    letter_box = _LETTER_BOXES + code
    for operation in (AclOperation.CREATE, AclOperation.READ):
        yield _right(code, operation, ResourceType.TOPIC, letter_box)
    yield _right(code, AclOperation.READ, ResourceType.GROUP, letter_box)
    yield _right(code, AclOperation.WRITE, ResourceType.TOPIC, _LETTER_BOXES, pattern=_BEGINNING)
    yield _right(code, AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, f"relay-{code}")
    yield _right(code, AclOperation.READ, ResourceType.TOPIC, _REGISTER)
    yield _right(code, AclOperation.DESCRIBE, ResourceType.GROUP, _READERS, pattern=_BEGINNING)  # its client asks, though it joins none


def _right(code: str, operation: AclOperation, kind: ResourceType, name: str, *, pattern: ResourcePatternType = _WHOLE) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{code}", "*", operation, AclPermissionType.ALLOW)


def _wait(asked: Iterable[object]) -> None:
    """Wait for every answer; raise KafkaException for the first refusal."""
    for future in asked:
        future.result(timeout=_LIMIT_S)  # type: ignore[attr-defined]  # futures, which confluent_kafka does not declare


if __name__ == "__main__":
    main()

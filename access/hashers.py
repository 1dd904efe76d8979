"""Hashing of passwords, bounded in memory and in how many threads it takes: a hash is costly, and anybody may ask for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

from access.errors import SignInBusy

AT_ONCE, WAITING = 1, 1  # of one process, which has four threads: the others go on with what is signed in
RETRY_AFTER_S = 2

_places, _turn = BoundedSemaphore(AT_ONCE + WAITING), BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn to hash; raises SignInBusy where others wait already."""
    if not _places.acquire(blocking=False):
        raise SignInBusy(wait_s=RETRY_AFTER_S)
    try:
        with _turn:
            yield
    finally:
        _places.release()


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, one pass and one lane (OWASP's first choice): two workers stay far below a container's 512 MiB.

    Raises SignInBusy where as many hashes are under way as may be. Hashes with other costs are still verified, and made again then.
    """

    time_cost = 1
    memory_cost = 47_104  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password."""
        with turn():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether this is the password."""
        with turn():
            return bool(super().verify(password, encoded))

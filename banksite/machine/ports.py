"""Ports of the loopback interface."""

import socket
from itertools import islice
from random import Random

LOOPBACK = "127.0.0.1"
_OURS = range(10_000, 32_000)  # below those that systems give to outgoing connections, any of which would be in a server's place
_given: set[int] = set()


def free_ports(*, count: int) -> list[int]:
    """Return as many different ports as asked: free a moment ago, and never returned before."""
    shuffled = Random().sample(_OURS, len(_OURS))  # noqa: S311  # no secret
    found = list(islice((port for port in shuffled if port not in _given and is_free(port=port)), count))
    _given.update(found)
    return found


def is_free(*, port: int) -> bool:
    """Tell whether a server could listen on this port now, as one that reuses addresses would."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True

"""What a teller's browser waits for, through everything a request goes through but the network; called inside workers."""

import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.test import Client

from access.site import this_bank
from bench.bank import iban_of, teller
from bench.growth import ACCOUNTS

_ACCOUNT = ACCOUNTS // 2


def desk(*, seconds: float) -> float:
    """Return the milliseconds the desk takes."""
    return _taken(lambda: _open("/"), seconds=seconds)


def account(*, seconds: float) -> float:
    """Return the milliseconds an account's page takes, with the first page of its statement."""
    return _taken(lambda: _open(f"/accounts/{iban_of(_ACCOUNT, bank=this_bank().code)}"), seconds=seconds)


def transfers(*, seconds: float) -> float:
    """Return the milliseconds the list of transfers takes: all, those of one account, and the rare ones."""
    addresses = ("/transfers", f"/transfers?account={iban_of(_ACCOUNT, bank=this_bank().code)}", "/transfers?status=refused")

    def each() -> None:
        for address in addresses:
            _open(address)

    return _taken(each, seconds=seconds) / len(addresses)


def _taken(work: Callable[[], object], *, seconds: float) -> float:
    done = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        work()
        done += 1
    return 1_000 * (time.perf_counter() - begun) / done


def _open(address: str) -> None:
    answer = _browser().get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    assert answer.content.count(b"<tr") > 10 or "status" in address, f"{address} is full"


@cache
def _browser() -> Client:
    """Return a browser in which the teller is signed in."""
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(teller(), backend="access.backends.RoleBackend")
    return client

"""A chaos run: clients pay through the API of two banks while one thing after another fails; then the books are judged by SQL."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg

from tests.protocol.examiner import findings
from tests.soak.clients import Clients
from tests.soak.failures import drawn
from tests.soak.network import Network, open_network
from tests.system.town import catch_up, payments

_THREADS = 3
_STRANGERS = re.compile(r"dead letter (unsigned|unreadable|key-unknown|signature-wrong|record-\S+):")
_FINAL = "('completed', 'rejected', 'cancelled')"
_TRACEBACK = "Traceback (most recent call last)"


def run(*, folder: Path, seed: int, transfers: int, faults: int) -> list[str]:
    """Cause the faults one after the other under traffic; return every violation, with what was done and measured printed."""
    random = Random(seed)
    with open_network(folder=folder) as network:
        with ExitStack() as stack:
            clients = [stack.enter_context(_clients(network, seed, number)) for number in (0, 1)]
            violations = list(_cause(network, random, faults))
            while sum(len(each.accepted) for each in clients) < transfers and not any(each.violations for each in clients):
                time.sleep(1)
        violations += _come_to_rest(network)
        violations += [violation for each in clients for violation in each.violations]
        violations += network.died
        violations += _books(network)
        violations += _promises(network, clients)
        violations += [f"{name}: a traceback in its log" for name, text in network.logs() if _TRACEBACK in text]
        statuses = sum((each.statuses for each in clients), start=type(clients[0].statuses)())
        print(f"answers by status: {dict(sorted(statuses.items()))}; logs: {folder}")
        print(f"{sum(len(each.accepted) for each in clients)} transfers accepted, {faults} faults, {len(violations)} violations")
    return violations


def _clients(network: Network, seed: int, number: int) -> Clients:
    origin, destination = network.banks if number == 0 else reversed(network.banks)
    return Clients(
        name=f"{seed}-{origin.code}",
        port=network.ports[origin.code],
        payments=lambda: payments(origin, to=destination),
        threads=_THREADS,
        most=20_000,
    )


def _cause(network: Network, random: Random, count: int) -> Iterator[str]:
    """Cause each failure, start what ended, and wait until payments ordered afterwards are final in both directions."""
    for number, failure in enumerate(drawn(random, count=count), start=1):
        bank = random.choice(network.banks)
        begun = time.monotonic()
        try:
            failure(network, bank, random)
            put_back = time.monotonic()
            network.start_all()
            for origin in network.banks:
                catch_up(origin)
        except Exception as error:  # noqa: BLE001  # one of the violations of this run; the next failure goes on
            yield f"after {failure.__name__} at {bank.code}: {error!r}"
            print(f"{number:3} {failure.__name__:28} {bank.code} NOT RECOVERED: {error!r}", flush=True)
        else:
            took = time.monotonic()
            print(f"{number:3} {failure.__name__:28} {bank.code} {put_back - begun:5.1f} s, then {took - put_back:5.1f} s", flush=True)


def _come_to_rest(network: Network) -> Iterator[str]:
    try:
        network.start_all()
        network.town.come_to_rest()
    except AssertionError as error:
        yield str(error)
    for bank in network.banks:
        done = bank.run("check_books")
        if done.code:
            yield f"check_books of {bank.code} ended with {done.code}: {done.said}"


def _books(network: Network) -> Iterator[str]:
    """Yield what does not fit within and between the banks, from their tables alone; letters of strangers are expected."""
    with ExitStack() as stack:
        databases = {bank.code: stack.enter_context(closing(network.cluster(bank).connect())) for bank in network.banks}
        yield from (found for found in findings(databases) if not _STRANGERS.search(found))


def _promises(network: Network, clients: list[Clients]) -> Iterator[str]:
    """Yield every payment a client was promised that is not there once, final, under the id the client was given."""
    for bank, each in zip(network.banks, clients, strict=True):
        with closing(network.cluster(bank).connect()) as connection:
            rows = _rows(connection, each.name)
        for key, (id_, payment) in each.accepted.items():
            if rows.get(key) != [(UUID(id_), payment.amount.amount_minor, payment.creditor)]:
                yield f"{bank.code} promised {id_} for {key}; its table says {rows.get(key)}"
        yield from (f"{bank.code} booked {key} {len(found)} times" for key, found in rows.items() if len(found) > 1)


def _rows(connection: psycopg.Connection, name: str) -> dict[str, list[tuple[UUID, int, str]]]:
    found: dict[str, list[tuple[UUID, int, str]]] = {}
    query = f"""
        SELECT end_to_end_id, id, amount_minor, creditor_number FROM transfers_transfer
        WHERE kind = 'outgoing' AND status IN {_FINAL} AND end_to_end_id LIKE %s
    """
    for key, id_, amount, creditor in connection.execute(query, [f"{name}-%"]):
        found.setdefault(key, []).append((id_, amount, creditor))
    return found

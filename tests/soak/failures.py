"""What a chaos run does to the banks: each kind fails one thing of the network and puts it back before it returns."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psycopg
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # documented there, not declared

from banksite.demo.banks import manage
from banksite.machine.ports import LOOPBACK
from messaging.kafka import KafkaBroker
from tests.soak.network import HOUSEKEEPING, WEB, Network
from tests.system.bank import CONSUMER, RELAY, Bank, until
from tests.system.town import Stranger, holder_of_lease

_FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
_MOST_PARTITIONS = 8
_SHORT_S, _LONG_S = 4.0, 12.0  # below and above what a lease or a session of the consumer group lasts
_SLOW_BODIES = 12


def kill_relay(network: Network, bank: Bank, random: Random) -> None:
    bank.kill(RELAY)


def kill_consumer(network: Network, bank: Bank, random: Random) -> None:
    bank.kill(CONSUMER)


def kill_web_server(network: Network, bank: Bank, random: Random) -> None:
    bank.kill(WEB)


def kill_housekeeping(network: Network, bank: Bank, random: Random) -> None:
    bank.kill(HOUSEKEEPING)


def kill_everything(network: Network, bank: Bank, random: Random) -> None:
    bank.end_all()


def stop_all_in_order(network: Network, bank: Bank, random: Random) -> None:
    for name in list(bank.running):
        bank.stop(name)


def freeze_relay(network: Network, bank: Bank, random: Random) -> None:
    """Stop a relay for longer than its lease while another takes over, then let it go on."""
    _freeze(bank, RELAY, helper="second relay")


def freeze_consumer(network: Network, bank: Bank, random: Random) -> None:
    """Stop a consumer for longer than its session while another takes its partitions, then let it go on."""
    _freeze(bank, CONSUMER, helper="second consumer")


def freeze_web_server(network: Network, bank: Bank, random: Random) -> None:
    bank.freeze(WEB)
    time.sleep(_SHORT_S)
    bank.thaw(WEB)


def kill_broker(network: Network, bank: Bank, random: Random) -> None:
    network.kafka.kill()
    network.kafka.start()


def restart_broker(network: Network, bank: Bank, random: Random) -> None:
    network.kafka.restart()


def empty_broker(network: Network, bank: Bank, random: Random) -> None:
    network.kafka.wipe()


def kill_database(network: Network, bank: Bank, random: Random) -> None:
    network.cluster(bank).primary.kill()
    time.sleep(random.uniform(0, _SHORT_S))
    network.cluster(bank).primary.start()


def restart_database(network: Network, bank: Bank, random: Random) -> None:
    network.cluster(bank).primary.stop()
    network.cluster(bank).primary.start()


def end_sessions(network: Network, bank: Bank, random: Random) -> None:
    for _ in range(4):
        network.cluster(bank).primary.end_sessions([bank.database])
        time.sleep(random.uniform(0, 1))


def fail_over(network: Network, bank: Bank, random: Random) -> None:
    """Lose the primary; a synchronous standby takes its place."""
    network.cluster(bank).fail_over()


def stay_on_read_only_server(network: Network, bank: Bank, random: Random) -> None:
    """Leave open sessions on a server that became read-only, as a failover does that closes no connection."""
    cluster = network.cluster(bank)
    role = cluster.primary.url_of(cluster.name).partition("//")[2].partition(":")[0]
    cluster.execute(f"ALTER ROLE {role} IN DATABASE {cluster.name} SET default_transaction_read_only = off")
    cluster.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    cluster.execute("SELECT pg_reload_conf()")
    time.sleep(_SHORT_S)
    cluster.execute("ALTER SYSTEM RESET default_transaction_read_only")
    cluster.execute("SELECT pg_reload_conf()")
    cluster.execute(f"ALTER ROLE {role} IN DATABASE {cluster.name} RESET default_transaction_read_only")


def cut_database_network(network: Network, bank: Bank, random: Random) -> None:
    for _ in range(3):
        network.cluster(bank).gate.cut()
        time.sleep(random.uniform(0, 1))


def stop_database_network(network: Network, bank: Bank, random: Random) -> None:
    """Pass no packet to the database for a while, then reset what hangs."""
    gate = network.cluster(bank).gate
    gate.stop()
    time.sleep(_SHORT_S)
    gate.cut()
    gate.resume()


def take_all_connections(network: Network, bank: Bank, random: Random) -> None:
    """Leave the database no free connection for a while."""
    cluster, held = network.cluster(bank), list[psycopg.Connection]()
    with contextlib.suppress(psycopg.OperationalError):
        for _ in range(200):
            held.append(cluster.connect())
    cluster.gate.cut()
    time.sleep(_SHORT_S)
    for connection in held:
        connection.close()


def lock_transfers(network: Network, bank: Bank, random: Random) -> None:
    """Hold the table of transfers for longer than a statement may wait for a lock."""
    with network.cluster(bank).connect() as connection:
        connection.execute("SET lock_timeout = '20s'")
        with connection.transaction():
            connection.execute("LOCK TABLE transfers_transfer IN ACCESS EXCLUSIVE MODE")
            time.sleep(_SHORT_S)


def widen_column(network: Network, bank: Bank, random: Random) -> None:
    """Change a table under prepared statements, as a migration does."""
    network.cluster(bank).execute(f"ALTER TABLE transfers_transfer ALTER COLUMN reference TYPE varchar({random.randint(150, 9_000)})")


def relay_with_clock_ahead(network: Network, bank: Bank, random: Random) -> None:
    """Run a relay whose clock is an hour ahead until it holds the lease; then it dies."""
    _with_clock(bank, RELAY, offset="+3600", holds=lambda: _holds_lease(bank))


def relay_with_clock_behind(network: Network, bank: Bank, random: Random) -> None:
    """Run a relay whose clock is an hour behind for a while; then it dies."""
    _with_clock(bank, RELAY, offset="-3600", holds=None)


def consumer_with_wrong_clock(network: Network, bank: Bank, random: Random) -> None:
    """Run a consumer whose clock is some minutes off for a while; then it dies."""
    _with_clock(bank, CONSUMER, offset=random.choice(("+600", "-600")), holds=None)


def send_hostile_records(network: Network, bank: Bank, random: Random) -> None:
    """Write what no bank would to the bank's inbound topic."""
    broker = KafkaBroker(connection={"bootstrap.servers": network.kafka.bootstrap_servers}, transactions=False, embedded=False)
    hostile = [
        (random.randbytes(random.choice((0, 1, 100, 60_000))), (("signature", random.randbytes(64)), ("key-id", b"\xff\xfe")))
        for _ in range(20)
    ]
    for partition in range(4):
        Stranger(broker=broker).write(*hostile, topic=bank.letter_box, partition=partition)


def grow_inbound_topic(network: Network, bank: Bank, random: Random) -> None:
    """Give the bank's inbound topic two more partitions."""
    admin = AdminClient({"bootstrap.servers": network.kafka.bootstrap_servers})
    there = len(admin.list_topics(bank.letter_box, timeout=10).topics[bank.letter_box].partitions)
    if there + 2 <= _MOST_PARTITIONS:
        asked = admin.create_partitions([NewPartitions(bank.letter_box, there + 2)])
        for future in asked.values():
            future.result(timeout=30)


def stall_bodies(network: Network, bank: Bank, random: Random) -> None:
    """Begin more requests than the web server has threads and send none of their bodies."""
    head = (
        b"POST /api/v1/transfers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer x\r\nIdempotency-Key: slow\r\nContent-Length: 1000\r\n\r\n{"
    )
    with contextlib.ExitStack() as stack:
        for _ in range(_SLOW_BODIES):
            connection = stack.enter_context(socket.create_connection((LOOPBACK, network.ports[bank.code]), timeout=5))
            connection.sendall(head)
        time.sleep(_SHORT_S)


Failure = Callable[[Network, Bank, Random], None]
FAILURES: tuple[Failure, ...] = (
    kill_relay,
    kill_consumer,
    kill_web_server,
    kill_housekeeping,
    kill_everything,
    stop_all_in_order,
    freeze_relay,
    freeze_consumer,
    freeze_web_server,
    kill_broker,
    restart_broker,
    empty_broker,
    kill_database,
    restart_database,
    end_sessions,
    fail_over,
    stay_on_read_only_server,
    cut_database_network,
    stop_database_network,
    take_all_connections,
    lock_transfers,
    widen_column,
    relay_with_clock_ahead,
    relay_with_clock_behind,
    consumer_with_wrong_clock,
    send_hostile_records,
    grow_inbound_topic,
    stall_bodies,
)


def drawn(random: Random, *, count: int) -> Iterator[Failure]:
    """Yield as many failures as asked: every kind once in an order of chance, then again in another."""
    while count > 0:
        yield from random.sample(FAILURES, k=min(count, len(FAILURES)))
        count -= len(FAILURES)


def _freeze(bank: Bank, job: str, *, helper: str) -> None:
    bank.freeze(job)
    bank.begin(job, name=helper)
    time.sleep(_LONG_S)
    bank.thaw(job)
    time.sleep(_SHORT_S)
    bank.stop(helper)


def _with_clock(bank: Bank, job: str, *, offset: str, holds: Callable[[], bool] | None) -> None:
    """Replace a process by one with another clock until the condition holds, or for a while; kill it."""
    if _FAKETIME is None:
        raise RuntimeError("libfaketime is missing: apt-get install faketime")
    bank.kill(job)
    clock = [f"LD_PRELOAD={_FAKETIME}", f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"]
    bank.begin_program(["env", *clock, *manage(job)], name=f"{job} with a wrong clock")
    if holds is None:
        time.sleep(_LONG_S)
    else:
        until(holds, what=f"the {job} with a wrong clock of {bank.code} is at work")
    bank.kill(f"{job} with a wrong clock")


def _holds_lease(bank: Bank) -> bool:
    process = bank.running[f"{RELAY} with a wrong clock"]
    return f":{process.pid}:" in holder_of_lease(bank)

"""What the banks stand on: a broker and a database for each, inside this process or real ones."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from banksite.demo.banks import DemoBank
from banksite.machine.kafka import KafkaServer
from banksite.machine.ports import is_free
from banksite.machine.postgres import PostgresServer
from messaging.kafka import embedded_cluster


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where the broker and the databases are; `words` says it to a person.

    `mend` starts again what died of them and yields what it did. `has_database` tells whether a bank has one, `give_tables` gives it a copy
    of the one at `empty_url`, which is to have tables and no rows.
    """

    words: str
    broker: Mapping[str, str]
    database_urls: Mapping[str, str]
    empty_url: str
    has_database: Callable[[DemoBank], bool]
    give_tables: Callable[[DemoBank], object]
    mend: Callable[[], Iterable[str]] = tuple


@contextmanager
def embedded(banks: Sequence[DemoBank]) -> Iterator[Parts]:
    """Provide SQLite files and a broker that lives in this process and forgets everything at its end."""
    empty = banks[0].folder.parent.absolute() / "empty.sqlite3"
    with embedded_cluster() as bootstrap_servers:
        yield Parts(
            words=f"SQLite, and a broker inside this process on {bootstrap_servers}",
            broker={"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, "KAFKA_EMBEDDED": "on"},
            database_urls={bank.code: f"sqlite:///{_file(bank)}" for bank in banks},
            empty_url=f"sqlite:///{empty}",
            has_database=lambda bank: _file(bank).exists(),
            give_tables=lambda bank: shutil.copyfile(empty, _file(bank)),
        )


@contextmanager
def real(banks: Sequence[DemoBank], *, folder: Path) -> Iterator[Parts]:
    """Provide PostgreSQL and Apache Kafka, fetched where this machine lacks them; both keep their data in the folder."""
    with PostgresServer(folder=folder / "postgres") as postgres, KafkaServer(folder=folder / "kafka") as kafka:
        yield Parts(
            words=f"PostgreSQL on port {postgres.port}, Apache Kafka on {kafka.bootstrap_servers}",
            broker={"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "KAFKA_EMBEDDED": "off"},
            database_urls={bank.code: postgres.url_of(bank.code.lower()) for bank in banks},
            empty_url=postgres.create_database("empty"),
            has_database=lambda bank: postgres.has_database(bank.code.lower()),
            give_tables=lambda bank: postgres.copy("empty", to=bank.code.lower()),
            mend=partial(_mend, postgres, kafka),
        )


def _file(bank: DemoBank) -> Path:
    return bank.folder.absolute() / "bank.sqlite3"


def _mend(postgres: PostgresServer, kafka: KafkaServer) -> Iterator[str]:
    if is_free(port=postgres.port):
        postgres.stop()
        postgres.start()
        yield "PostgreSQL had died; it was started again"
    if is_free(port=kafka.port):
        kafka.restart()
        yield "Apache Kafka had died; it was started again"

"""HEAD, Bank A and Bank B of a soak run, each on a PostgreSQL cluster of its own, with web servers, and one Kafka."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.hashers import make_password

from access.hashers import BoundedArgon2Hasher
from access.models import User
from banksite.demo.banks import banks_of
from banksite.machine.kafka import KafkaServer
from banksite.machine.ports import LOOPBACK, free_ports
from banksite.seeding import password_of
from tests.soak.clusters import Cluster
from tests.system.bank import Bank, answers, migrate, until
from tests.system.several import SERVER
from tests.system.town import Town

WEB, HOUSEKEEPING = "web", "housekeep"
_SETTINGS = {"max_connections": "60"}


@dataclass(kw_only=True)
class Network:
    """The banks with their databases and broker; `expected` holds the processes that should be running."""

    town: Town
    kafka: KafkaServer
    clusters: dict[str, Cluster]
    ports: dict[str, int] = field(default_factory=dict)
    died: list[str] = field(default_factory=list)

    @property
    def banks(self) -> tuple[Bank, Bank]:
        return self.town.banks

    def cluster(self, bank: Bank) -> Cluster:
        return self.clusters[bank.code]

    def start_all(self) -> None:
        """Start every process that does not run; remember those that ended by themselves."""
        for bank in (self.town.head, *self.banks):
            for name in list(bank.running):
                if not bank.is_running(name):
                    self.died.append(f"{name} of {bank.code} ended by itself: {bank.said(name)}")
                    bank.running.pop(name)
        self.town.go_to_work()
        for bank in self.banks:
            if HOUSEKEEPING not in bank.running:
                bank.begin(HOUSEKEEPING, "--every", "5")
            if WEB not in bank.running:
                self.start_web(bank)

    def start_web(self, bank: Bank) -> None:
        """Start the bank's web server with the shipped configuration and wait until it is ready."""
        command = [*SERVER, "--bind", f"{LOOPBACK}:{self.ports[bank.code]}"]
        bank.begin_program(command, name=WEB, last_signal=signal.SIGTERM)
        until(lambda: answers(self.ports[bank.code], "/readyz"), what=f"the web server of {bank.code} is ready")

    def logs(self) -> Iterator[tuple[str, str]]:
        """Yield (name, text) of every process's log."""
        for bank in (self.town.head, *self.banks):
            for file in sorted(bank.bank.folder.glob("*.log")):
                yield f"{bank.code} {file.stem}", file.read_text(errors="replace")


@contextmanager
def open_network(*, folder: Path) -> Iterator[Network]:
    """Set up servers and banks, all processes running; everything ends with the block."""
    with ExitStack() as stack:
        kafka = stack.enter_context(KafkaServer(folder=folder / "kafka"))
        stack.callback(kafka.kill)
        demo_banks = banks_of(folder=folder, first_port=0)[:3]
        broker = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "KAFKA_EMBEDDED": "off"}
        clusters, banks = {}, []
        for bank in demo_banks:
            bank.folder.mkdir()
            cluster = Cluster(folder=folder, name=bank.code.lower(), settings=_SETTINGS)
            stack.callback(cluster.close)
            cluster.primary.create_database(cluster.name)
            migrate(cluster.url)
            clusters[bank.code] = cluster
            banks.append(Bank(bank=bank, head=demo_banks[0], database_url=cluster.url, broker=broker))
        head, anna, bert = banks
        town = Town(head=head, anna=anna, bert=bert)
        stack.callback(town.end)
        town.open()
        ports = dict(zip([opened.code for opened in town.banks], free_ports(count=2), strict=True))
        for opened in town.banks:
            _hash_for_production(opened)
        network = Network(town=town, kafka=kafka, clusters=clusters, ports=ports)
        network.start_all()
        yield network


def _hash_for_production(bank: Bank) -> None:
    """Give the teller a password hash that the shipped settings accept: those of the tests hash faster."""
    with bank.inside():
        password = make_password(password_of("teller"), hasher=BoundedArgon2Hasher())
        User.objects.filter(username="teller").update(password=password)

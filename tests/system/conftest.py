"""One PostgreSQL, one Kafka and three open banks for all tests of this package."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.contrib.contenttypes.models import ContentType
from pytest_django import DjangoDbBlocker

from banksite.demo.banks import banks_of
from banksite.machine.kafka import KafkaServer
from messaging.kafka import KafkaBroker
from tests.system.bank import Bank, migrate
from tests.system.servers import FragilePostgres
from tests.system.town import Stranger, Town


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the banks keep their keys and logs; pytest leaves it there for whoever looks for a cause."""
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="package")
def postgres() -> Iterator[FragilePostgres]:
    with TemporaryDirectory(prefix="system-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own
        with FragilePostgres(folder=Path(name) / "postgres", settings={"max_connections": "100"}) as server:
            yield server


@pytest.fixture(scope="package")
def kafka(folder: Path) -> Iterator[KafkaServer]:
    """Return a broker of our own: what other tests published into the register would be forgeries here."""
    with KafkaServer(folder=folder / "kafka") as server:
        yield server
        server.kill()  # nobody needs what it would put in order


@pytest.fixture(scope="package")
def open_town(folder: Path, postgres: FragilePostgres, kafka: KafkaServer, django_db_blocker: DjangoDbBlocker) -> Iterator[Town]:
    demo_banks = banks_of(folder=folder, first_port=0)[:3]
    for bank in demo_banks:
        bank.folder.mkdir()
    broker = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "KAFKA_EMBEDDED": "off"}
    with django_db_blocker.unblock():
        migrate(postgres.create_database("empty"))
        for bank in demo_banks:
            postgres.copy("empty", to=bank.code.lower())
        head, anna, bert = (
            Bank(bank=bank, head=demo_banks[0], database_url=postgres.create_database(bank.code.lower()), broker=broker)
            for bank in demo_banks
        )
        town = Town(head=head, anna=anna, bert=bert)
        try:
            town.open()
            yield town
        finally:
            town.end()
            ContentType.objects.clear_cache()  # those of these databases


@pytest.fixture
def town(open_town: Town) -> Iterator[Town]:
    """Return the banks with every process at work; what a test started beside them ends with it."""
    open_town.go_to_work()
    yield open_town
    open_town.send_helpers_home()


@pytest.fixture
def stranger(kafka: KafkaServer) -> Stranger:
    connection = {"bootstrap.servers": kafka.bootstrap_servers}
    return Stranger(broker=KafkaBroker(connection=connection, transactions=False, embedded=False))

"""docker-compose.yml at work: what a teller, a program and another bank see of it."""

import http.client
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from banksite.machine.ports import LOOPBACK
from banksite.machine.processes import wait_until
from tests.deploy import compose, image, watching
from tests.deploy.stage import LIMIT_S, Stage

pytestmark = pytest.mark.kafka
MARIA, JONAS, NOBODY = "NL06BNKA0000000001", "NL73BNKB0000000007", "NL33BNKB9999999999"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with TemporaryDirectory(prefix="stage-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as a user of its own
        folder = image.build(into=Path(name) / "image")
        stage = Stage(home=Path(name) / "home", image=folder, built=contents(folder))
        stage.home.mkdir()
        try:
            stage.up()
            yield stage
        finally:
            stage.down()


class Visitor:
    """Someone at a door of nginx who keeps the cookies given."""

    def __init__(self, *, stage: Stage, door: int) -> None:
        self._port, self._cookies = stage.port("nginx", door), dict[str, str]()

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
        """Return status, text and headers of an answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            connection.request(method, path, body=body, headers={"Cookie": cookies} | headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or ():
                name, value = cookie.split(";")[0].split("=", 1)
                self._cookies[name] = value
            return answer.status, answer.read().decode(errors="replace"), answer.headers
        finally:
            connection.close()

    def sign_in(self, *, user: str, password: str) -> int:
        """Fill in the form as a person does; return the status that answers it."""
        _, page, _ = self.ask("GET", "/sign-in")
        [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "username": user, "password": password})
        origin = f"http://{LOOPBACK}:{self._port}"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Referer": f"{origin}/sign-in"}
        return self.ask("POST", "/sign-in", form, **headers)[0]


class Program(Visitor):
    """A program that a teller signed in at the door of a bank's API."""

    def __init__(self, *, stage: Stage, door: int, bank: str) -> None:
        super().__init__(stage=stage, door=door)
        who = {"username": "teller", "password": password_of(stage, bank=bank, user="teller")}
        status, body, _ = self.ask("POST", "/api/v1/auth/token", json.dumps(who), **JSON)
        assert status == 200, body
        self._signed_in = {"Authorization": f"Bearer {json.loads(body)['access_token']}"}

    def who_am_i(self) -> str:
        _, body, _ = self.ask("GET", "/api/v1/me", **self._signed_in)
        return str(json.loads(body)["username"])

    def pay(self, creditor: str, *, amount_minor: int, name: str) -> int:
        """Order a payment of Maria's; return the status that answers it."""
        amount = {"amount_minor": amount_minor, "currency": "EUR"}
        order = {"debtor": MARIA, "creditor": creditor, "creditor_name": "Somebody", "amount": amount, "end_to_end_id": name}
        return self.ask("POST", "/api/v1/transfers", json.dumps(order), **JSON, **self._signed_in, **{"Idempotency-Key": name})[0]

    def status_of(self, name: str) -> str:
        """Return what this bank says of a payment, by the name its sender gave it; nothing when it knows none."""
        _, body, _ = self.ask("GET", f"/api/v1/transfers?end_to_end_id={name}", **self._signed_in)
        return "".join(row["status"] for row in json.loads(body)["data"])


def password_of(stage: Stage, *, bank: str, user: str) -> str:
    """Return what the bank's opening wrote."""
    rows = (line.split("\t") for line in stage.log(f"{bank}-open").read_text().splitlines())
    return next(row[1] for row in rows if row[0] == user)


def client_config(stage: Stage, *, user: str, password: str = "") -> dict[str, str]:
    """Return how a bank comes into Kafka."""
    kept = stage.volume(f"{user.lower()}-kafka") / "password"
    return {
        "bootstrap.servers": f"{LOOPBACK}:{stage.port('kafka', 9092)}",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password or kept.read_text(),
        "log_level": "2",
    }


def refusal_of_writing(stage: Stage, *, user: str, topic: str) -> int | None:
    """Return the code with which the broker refuses a record; none when it took it."""
    codes: list[int | None] = []
    producer = Producer(client_config(stage, user=user) | {"message.timeout.ms": 8000})
    producer.produce(topic, value=b"?", partition=0, on_delivery=lambda error, _: codes.append(error.code() if error else None))
    assert producer.flush(20) == 0
    return codes[0]


def refusal_of_reading(stage: Stage, *, user: str, topic: str) -> int | None:
    """Return the code with which the broker refuses to be read; none when it was read."""
    consumer = Consumer(client_config(stage, user=user) | {"group.id": "reader-test", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        found = consumer.consume(1, 20)
        error = found[0].error() if found else None
        return error.code() if error and error.code() != KafkaError._PARTITION_EOF else None
    except KafkaException as failure:
        return int(failure.args[0].code())
    finally:
        consumer.close()


class TestTheBroker:
    def test_lets_a_bank_read_its_own_letter_box_and_no_other(self, stage: Stage) -> None:
        refused = KafkaError.TOPIC_AUTHORIZATION_FAILED

        assert refusal_of_reading(stage, user="BNKA", topic="external-transfers.BNKA") is None
        assert refusal_of_reading(stage, user="BNKA", topic="external-transfers.BNKB") == refused
        assert refusal_of_reading(stage, user="BNKB", topic="external-transfers.BNKA") == refused
        assert refusal_of_reading(stage, user="HEAD", topic="external-transfers.BNKA") in {refused, KafkaError.GROUP_AUTHORIZATION_FAILED}

    def test_lets_the_head_bank_alone_write_the_register(self, stage: Stage) -> None:
        refused = KafkaError.TOPIC_AUTHORIZATION_FAILED

        assert refusal_of_reading(stage, user="BNKA", topic="bank-directory") is None
        assert refusal_of_writing(stage, user="BNKA", topic="bank-directory") == refused
        assert refusal_of_writing(stage, user="BNKB", topic="bank-directory") == refused
        assert refusal_of_writing(stage, user="BNKA", topic="external-transfers.HEAD") is None

    def test_lets_nobody_in_without_the_password(self, stage: Stage) -> None:
        config = client_config(stage, user="BNKA", password="guessed")
        errors: list[int] = []
        client = Producer(config | {"error_cb": lambda error: errors.append(error.code())})

        assert wait_until(lambda: client.poll(0.2) == 0 and KafkaError._AUTHENTICATION in errors, limit_s=LIMIT_S)


class TestTheBanks:
    def test_pay_each_other(self, stage: Stage) -> None:
        anna, bert = (Program(stage=stage, door=door, bank=bank) for door, bank in ((8001, "bnka"), (8002, "bnkb")))

        answers = [anna.pay(JONAS, amount_minor=1250, name="stage-1"), anna.pay(NOBODY, amount_minor=700, name="stage-2")]

        assert answers == [202, 202]
        assert wait_until(lambda: anna.status_of("stage-1") == "completed", limit_s=LIMIT_S, every_s=0.2)
        assert wait_until(lambda: anna.status_of("stage-2") == "rejected", limit_s=LIMIT_S, every_s=0.2)
        assert [bert.status_of("stage-1"), bert.status_of("stage-2")] == ["credited", "rejected"]
        for bank in ("bnka", "bnkb"):
            stage.run(f"{bank}-consumer", "python", "manage.py", "check_books")


class TestTheFrontDoor:
    @pytest.mark.parametrize(("door", "bank"), [(3001, "Bank A"), (3002, "Bank B"), (8000, "Head Bank")])
    def test_lets_staff_in_to_the_pages_of_their_bank(self, stage: Stage, door: int, bank: str) -> None:
        owner, user = {3001: ("bnka", "teller"), 3002: ("bnkb", "teller"), 8000: ("head", "admin")}[door]
        visitor = Visitor(stage=stage, door=door)

        answered = visitor.sign_in(user=user, password=password_of(stage, bank=owner, user=user))
        status, page, _ = visitor.ask("GET", "/")

        assert (answered, status) == (302, 200)
        assert bank in page

    @pytest.mark.parametrize(("door", "bank"), [(8001, "bnka"), (8002, "bnkb")])
    def test_lets_programs_in_to_the_api_of_their_bank(self, stage: Stage, door: int, bank: str) -> None:
        assert Program(stage=stage, door=door, bank=bank).who_am_i() == "teller"

    def test_shows_the_api_with_everything_its_page_needs(self, stage: Stage) -> None:
        visitor = Visitor(stage=stage, door=8001)
        status, page, _ = visitor.ask("GET", "/docs")
        needed = re.findall(r'(?:src|href)="(/[^"]+)"', page)

        assert status == 200
        assert needed
        assert [path for path in needed if visitor.ask("GET", path)[0] != 200] == []

    @pytest.mark.parametrize(
        ("door", "path"), [(3001, "/metrics"), (8001, "/metrics"), (8001, "/sign-in"), (8001, "/admin/"), (8002, "/readyz")]
    )
    def test_leads_nowhere_else(self, stage: Stage, door: int, path: str) -> None:
        assert Visitor(stage=stage, door=door).ask("GET", path)[0] == 404

    def test_says_when_to_come_again_while_a_bank_is_away(self, stage: Stage) -> None:
        stage.stop("bnkb-web")

        status, _, headers = Visitor(stage=stage, door=8002).ask("GET", "/api/v1/me")
        stage.start("bnkb-web")

        assert (status, headers["Retry-After"], headers["Content-Type"]) == (503, "5", "application/problem+json")
        assert Visitor(stage=stage, door=8002).ask("GET", "/api/v1/me")[0] == 401


class TestTheWatch:
    def test_reaches_every_process(self, stage: Stage) -> None:
        port = stage.port("prometheus", 9090)

        assert wait_until(lambda: {int(each["value"][1]) for each in watching.ask(port, "up")} == {1}, limit_s=LIMIT_S, every_s=0.5)
        assert len(watching.ask(port, "up")) == len([service for service in compose.of_ours() if not service.ends])

    def test_has_loaded_every_rule(self, stage: Stage) -> None:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{stage.port('prometheus', 9090)}/api/v1/rules", timeout=10) as answer:
            groups = json.load(answer)["data"]["groups"]

        loaded = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        assert loaded.keys() == {rule["alert"] for rule in watching.alerts()}
        assert set(loaded.values()) <= {"ok", "unknown"}

    @pytest.mark.parametrize("name", watching.boards())
    def test_answers_every_panel(self, stage: Stage, name: str) -> None:
        port = stage.port("prometheus", 9090)
        asked = {
            (bank, panel): query
            for bank in ("BNKA", "BNKB")
            for panel, query in watching.queries(watching.boards()[name], bank=bank).items()
        }

        def unanswered() -> list[tuple[str, str]]:
            return [place for place, query in asked.items() if not watching.ask(port, query)]

        wait_until(lambda: not unanswered(), limit_s=LIMIT_S, every_s=1)

        assert unanswered() == []

    def test_counts_the_requests_of_all_workers_together(self, stage: Stage) -> None:
        port = stage.port("bnka-web", 9100)
        before = pages_counted(port)

        answers = [Visitor(stage=stage, door=8001).ask("GET", "/docs")[0] for _ in range(12)]

        assert answers == [200] * 12
        assert pages_counted(port) == before + 12

    def test_finds_the_payments_and_the_books_in_order(self, stage: Stage) -> None:
        port = stage.port("prometheus", 9090)
        settled = 'sum by (outcome) (bank_transfers_total{bank="BNKA", kind="outgoing", process="consumer"})'

        assert wait_until(
            lambda: {each["metric"]["outcome"] for each in watching.ask(port, settled)} >= {"completed", "rejected"}, limit_s=LIMIT_S
        )
        assert {float(each["value"][1]) for each in watching.ask(port, "bank_ledger_imbalance_minor")} == {0}
        owed = watching.ask(port, 'sum(bank_clearing_balance_minor{currency="EUR"})')
        assert float(owed[0]["value"][1]) == 0


def pages_counted(port: int) -> int:
    """Return how often the description of the API was asked for, as one of a server's workers tells it."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=10) as answer:
        found = re.findall(r'by_status_view_method_total\{[^}]*view="docs"[^}]*\} ([0-9.]+)', answer.read().decode())
    return int(sum(map(float, found)))


class TestASecondUp:
    def test_changes_nothing(self, stage: Stage) -> None:
        before, version = kept(stage), stage.log("head-register").read_text()

        stage.up()

        assert kept(stage) == before
        assert stage.log("head-register").read_text() == version

    def test_finds_nothing_written_where_a_container_may_not_write(self, stage: Stage) -> None:
        assert contents(stage.image) == stage.built


def kept(stage: Stage) -> dict[str, str]:
    """Return every secret, key and setting that was made."""
    made = [folder for folder in (stage.home / "volumes").iterdir() if folder.name != "prometheus-data"]
    return {str(file): file.read_text() for folder in made for file in sorted(folder.rglob("*")) if file.is_file()}


def contents(folder: Path) -> dict[str, int]:
    """Return every file of a folder, and when it was written."""
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*")}

"""No log line names a customer or opens a door."""

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from django.conf import settings
from django.test import Client

from banksite import log

SECRETS = {
    "an IBAN": "NL91BNKA0417164300",
    "an IBAN as people write it": "NL91 BNKA 0417 1643 00",
    "a token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "a header": "Bearer abc.def-123",
    "a card": "4929 1234 5678 9012",
    "an address with a password": "postgresql://bank:hunter2@db/bank",
    "an e-mail address": "ada.lind@example.org",
    "a private key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----",
}
SECRET_PARTS = ("NL91", "0417", "eyJ", "abc.def", "9012", "hunter2", "ada.lind", "MC4C")


@pytest.fixture(autouse=True)
def lines() -> Iterator[StringIO]:
    """Write lines as in production, to where the test can read them."""
    written = StringIO()
    configuration = log.configuration(as_json=True, level="INFO")
    configuration["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(configuration)
    yield written
    logging.config.dictConfig(settings.LOGGING)


class TestALine:
    @pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
    def test_hides_secrets_wherever_they_are(self, text: str, lines: StringIO) -> None:
        logging.getLogger("bank").warning("paid %s", text, extra={"detail": [text, {"deep": text}], "transfer": text})
        structlog.get_logger("bank").warning(f"paid {text}", detail=text)

        written = lines.getvalue()

        assert written.count(log.HIDDEN) >= 5
        assert [part for part in SECRET_PARTS if part in written] == []

    def test_hides_secrets_in_a_traceback(self, lines: StringIO) -> None:
        try:
            int("NL91BNKA0417164300")
        except ValueError:
            logging.getLogger("bank").exception("failed")

        written = lines.getvalue()

        assert "ValueError" in written
        assert "NL91" not in written

    def test_hides_names_and_references_by_their_keys(self, lines: StringIO) -> None:
        logging.getLogger("bank").info("opened", extra={"holder_name": "Ada Lind", "phone": "+31201234567", "reference": "rent for May"})

        written = lines.getvalue()

        assert "Ada" not in written
        assert "2012" not in written
        assert "rent" not in written

    def test_keeps_what_an_operator_needs(self, lines: StringIO) -> None:
        transfer = "01936b8e-7f2a-7c31-9d2e-2f6f3a9b1c4d"
        logging.getLogger("bank").info("booked", extra={"transfer": transfer, "amount_minor": 1250, "currency": "EUR", "bank": "BNKB"})

        line = json.loads(lines.getvalue())

        assert (line["event"], line["transfer"], line["amount_minor"], line["bank"]) == ("booked", transfer, 1250, "BNKB")

    def test_keeps_an_id_whose_digits_look_like_a_card(self, lines: StringIO) -> None:
        ids = ["01936818-7122-7131-9212-216139111412"]

        logging.getLogger("bank").info("relay.published", extra={"message_ids": ids})

        assert json.loads(lines.getvalue())["message_ids"] == ids


@pytest.mark.django_db
class TestARequest:
    def test_is_written_by_its_route_with_the_id_of_its_answer(self, client: Client, lines: StringIO) -> None:
        answer = client.get("/readyz?account=NL91BNKA0417164300")

        written = [json.loads(line) for line in lines.getvalue().splitlines()]

        finished = next(line for line in written if line["event"] == "request_finished")
        assert (finished["request"], finished["code"]) == ("GET /readyz", 200)
        assert {line["request_id"] for line in written} == {answer["Request-Id"]}
        assert "NL91" not in lines.getvalue()

"""Reading the letter box beside the consumer, while a recovery stops it."""

import pytest
from django.db import OperationalError

from messaging.letter_reading import LetterReader
from messaging.tests.banks import NOON, Host, World


@pytest.fixture
def reader(bert: World, host: Host) -> LetterReader:
    return LetterReader(broker=bert.broker, handlers=host.handlers)


class TestAMessage:
    def test_that_cannot_be_handled_stops_none_behind_it(self, bert: World, reader: LetterReader, host: Host) -> None:
        host.trouble = [KeyError("a bug")]
        bert.send("hello")
        bert.post(b"noise", headers=[])
        bert.send("good one")

        reader.turn(now=NOON)

        assert host.told == ["good one"]

    def test_is_not_passed_over_because_the_database_is_in_trouble(self, bert: World, reader: LetterReader, host: Host) -> None:
        host.trouble = [OperationalError("the connection is closed")]
        bert.send("hello")

        with pytest.raises(OperationalError):
            reader.turn(now=NOON)

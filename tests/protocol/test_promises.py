"""What every rule leans on: one transaction for what belongs together, the old status named, keys that speak for one bank."""

import sqlite3
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import transaction

from access.sets import StaleRows
from tests.protocol.banks import CLOSED, account
from tests.protocol.database import no_hook
from tests.protocol.mishaps import Crash
from tests.protocol.stories import ANNA, BERT, MINOR, DiesAt, Loose, at_rest, dies_after_commit, order
from tests.protocol.world import World
from transfers import events, storage


class TestADecision:
    def test_is_written_once_or_the_database_refuses(self, world: World) -> None:
        world.pay(BERT)
        world.converse()
        database = world.bank("BNKB").database.raw
        columns = [row[1] for row in database.execute("PRAGMA table_info(transfers_transfer)")]
        values = ["'00000000000000000000000000000001'" if column == "id" else f'"{column}"' for column in columns]

        with pytest.raises(sqlite3.IntegrityError, match="origin_id"):
            database.execute(f"INSERT INTO transfers_transfer SELECT {', '.join(values)} FROM transfers_transfer WHERE kind = 'incoming'")


class TestEveryChangeOfAStatus:
    def test_names_the_old_one(self, world: World) -> None:
        transfer = world.pay(BERT)
        with world.at("BNKA"), transaction.atomic():
            entry = storage.lock([transfer])[transfer]
            entry.status = "refused"

            with pytest.raises(StaleRows):
                storage.change([entry], was="awaiting-approval", fields=("status",), now=world.now)

        assert world.status(transfer) == "pending"


class TestOneTransaction:
    def test_holds_a_transfer_and_its_announcement(self, world: World) -> None:
        world.bank("BNKA").database.hook = dies_after_commit

        with pytest.raises(Crash):
            world.pay(BERT)
        world.bank("BNKA").database.hook = no_hook
        world.converse()

        assert world.balance(BERT, at="BNKB") == MINOR + 1_000
        assert at_rest(world) == []

    @pytest.mark.parametrize("which", range(1, 7))
    def test_holds_a_letter_s_effect_and_its_offset(self, world: World, which: int) -> None:
        world.pay(BERT)
        world.pay(account("BNKB", CLOSED))
        world.relay("BNKA")
        world.bank("BNKB").database.hook = DiesAt("after commit", which)

        with suppress(Crash):
            world.consume("BNKB")

        read = sum(offset for (offset,) in world.rows("BNKB", "SELECT next_offset FROM messaging_storedoffset"))
        decided = world.rows("BNKB", "SELECT 1 FROM transfers_transfer WHERE kind = 'incoming'")
        assert (read > 0) == (len(decided) > 0)


class TestALetter:
    def test_signed_with_another_bank_s_key_is_not_believed(self, world: World) -> None:
        asked = order(world, id=UUID(int=1))

        world.post(Loose(transfers=[asked]), type=events.REQUESTED, source="BNKB", to="BNKA", signed_by="BNKC", key_id_of="BNKB")
        world.post(Loose(transfers=[asked]), type=events.REQUESTED, source="BNKB", to="BNKA", signed_by="BNKC")
        world.consume("BNKA")

        assert world.balance(ANNA, at="BNKA") == MINOR
        assert world.dead_letters("BNKA") == ["signature-wrong", "source-wrong"]

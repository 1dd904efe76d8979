"""Two thousand days in a town of banks: whatever goes wrong, every promise about money is kept."""

from collections import Counter

import pytest

from tests.protocol.banks import LEAVING, RICH, Town, account
from tests.protocol.examiner import findings
from tests.protocol.simulator import KINDS, Simulation
from tests.protocol.world import World


class TestADay:
    def test_ends_with_every_promise_kept(self, town: Town, seeds: range) -> None:
        counts: Counter[str] = Counter()

        for seed in seeds:
            day = Simulation(town, seed=seed)
            found = live(day)
            counts += day.counts
            if found or len(seeds) == 1:
                print(*day.trace, sep="\n")
            assert not found, f"seed {seed} (repeat with: pytest tests/protocol --seed {seed})\n" + "\n".join(found)

        assert len(seeds) == 1 or counts.keys() >= KINDS, f"never happened: {sorted(KINDS - counts.keys())}"

    def test_is_the_same_for_the_same_seed(self, town: Town) -> None:
        days = [Simulation(town, seed=11) for _ in range(2)]

        for day in days:
            day.run()

        assert days[0].trace == days[1].trace


def live(day: Simulation) -> list[str]:
    """Return what the examiner found, or what stopped the day."""
    try:
        return day.run()
    except Exception as error:
        error.add_note(f"seed {day.seed} (repeat with: pytest tests/protocol --seed {day.seed})")
        print(*day.trace, sep="\n")
        raise


class TestTheExaminer:
    def test_finds_nothing_where_all_is_well(self, world: World) -> None:
        world.pay(account("BNKB", RICH))

        world.converse()

        assert _examined(world) == []

    @pytest.mark.parametrize(
        ("damage", "finding"),
        [
            ("UPDATE accounts_account SET balance_minor = balance_minor + 1 WHERE number LIKE '%0001'", "sum to 1"),
            ("UPDATE accounts_account SET last_seq = last_seq + 1 WHERE number LIKE '%0001'", "counted"),
            ("UPDATE accounts_account SET held_minor = 5 WHERE number LIKE '%0001'", "its holds say 0"),
            ("UPDATE accounts_balancestripe SET credits_minor = credits_minor + 7", "says"),
            ("UPDATE messaging_message SET finished_at = NULL", "is still owed"),
        ],
    )
    def test_finds_what_was_changed_behind_the_ledger(self, world: World, damage: str, finding: str) -> None:
        world.pay(account("BNKB", RICH))
        world.converse()

        world.bank("BNKA").database.raw.execute(damage)

        assert any(finding in found for found in _examined(world))

    def test_finds_money_under_way(self, world: World) -> None:
        world.pay(account("BNKB", LEAVING))

        found = _examined(world)

        assert any("still pending" in finding for finding in found)
        assert any("was decided 0 times" in finding for finding in found)


def _examined(world: World) -> list[str]:
    return findings({code: bank.database.raw for code, bank in world.banks.items()})

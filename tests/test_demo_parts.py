"""What the demo is made of: its sample files, its judgement, its supervisor."""

import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from banksite.demo import state
from banksite.demo.banks import DemoBank, banks_of
from banksite.demo.checking import Outcome, Result, differences
from banksite.demo.figures import Figures, OwnAccount, TransferCount, newest
from banksite.demo.interruption import Interruption
from banksite.demo.payments import Account, Side, few_lines, sample_lines
from banksite.demo.supervisor import Job, Supervisor
from banksite.machine.errors import MachineError
from banksite.machine.ports import free_ports
from banksite.machine.processes import wait_until

_, BANK_A, BANK_B, BANK_C = banks_of(folder=Path("nowhere"), first_port=8000)


def side(bank: DemoBank) -> Side:
    """Return a bank with its customers: Anna and Bram who can pay, Carla whose account is closed, Dirk who saves in dollars."""
    said = (("1", "Anna", "EUR", "open", 900_000), ("2", "Bram", "EUR", "open", 900_000))
    odd = (("3", "Carla", "EUR", "closed", 0), ("4", "Dirk", "USD", "open", 900_000))
    accounts = [
        Account(
            number=f"NL01{bank.code}000000000{number}",
            holder_name=name,
            kind="checking",
            currency=currency,
            status=status,
            balance_minor=minor,
        )
        for number, name, currency, status, minor in (*said, *odd)
    ]
    return Side(bank=bank, accounts=accounts)


def well(bank: str, *, other: str, sign: int) -> Result:
    """Return what a bank does when all goes as it must."""
    ours, theirs = (BANK_A, BANK_B) if bank == "BNKA" else (BANK_B, BANK_A)
    lines = sample_lines(start="1", ours=side(ours), other=side(theirs))
    outgoing = Counter((line.fate.status, line.fate.reason) for line in lines if line.fate.outcome == "pending")
    counts = [count("outgoing", status, number, reason) for (status, reason), number in outgoing.items()]
    counts += [count("incoming", "credited", 240), count("internal", "completed", 60)]
    return Result(
        bank=ours,
        lines=lines,
        outcomes=[Outcome(outcome=line.fate.outcome, code=line.fate.code, transfer_id="") for line in lines],
        figures=figures(bank, counts, OwnAccount(number=f"CLEARING.{other}.EUR", currency="EUR", balance_minor=sign * 500)),
        books_balance=True,
        books="The books are right.",
    )


def count(kind: str, status: str, number: int, reason: str = "") -> TransferCount:
    return TransferCount(kind=kind, status=status, reason=reason, currency="EUR", number=number, amount_minor=number * 100)


def figures(bank: str, counts: list[TransferCount], *own: OwnAccount) -> Figures:
    return Figures(bank=bank, directory=1, peers=(), pending=0, dead_letters=0, transfers=tuple(counts), own_accounts=own)


class TestASampleFile:
    def test_has_one_line_for_each_way_a_payment_can_go_wrong(self) -> None:
        lines = sample_lines(start="1", ours=side(BANK_A), other=side(BANK_B))

        assert Counter(line.fate.reason for line in lines if line.fate.reason) == {"AC01": 1, "AC04": 1, "AM03": 1}
        assert Counter(line.fate.code for line in lines if line.fate.code) == {
            "currency-mismatch": 1,
            "iban-invalid": 1,
            "insufficient-funds": 1,
        }
        assert Counter(line.fate.outcome for line in lines)["repeated"] == 1
        assert len({line.cells for line in lines}) == len(lines) - 1

    def test_is_the_same_each_time_and_another_at_the_next_start(self) -> None:
        first, again, next_start = (sample_lines(start=start, ours=side(BANK_A), other=side(BANK_B)) for start in ("1", "1", "2"))

        assert first == again
        assert not {line.cells[0] for line in first} & {line.cells[0] for line in next_start}

    def test_of_a_bank_that_joined_pays_each_of_the_others(self) -> None:
        lines = few_lines(start="1c", ours=side(BANK_C), others=[side(BANK_A), side(BANK_B)])

        assert Counter(line.arrives_at for line in lines) == {"BNKA": 60, "BNKB": 60, "": 2}


class TestTheJudgement:
    def test_finds_nothing_where_all_is_well(self) -> None:
        assert differences([well("BNKA", other="BNKB", sign=1), well("BNKB", other="BNKA", sign=-1)]) == []

    def test_names_everything_that_is_not_as_it_must_be(self) -> None:
        bank_a, bank_b = well("BNKA", other="BNKB", sign=1), well("BNKB", other="BNKA", sign=-1)
        first = bank_a.outcomes[0]
        lost = msgspec.structs.replace(bank_a.figures, pending=1, dead_letters=2, transfers=bank_a.figures.transfers[1:], own_accounts=())
        spoiled = replace(bank_a, outcomes=[replace(first, outcome="completed"), *bank_a.outcomes[1:]], figures=lost, books_balance=False)

        less = [msgspec.structs.replace(each, number=each.number - (each.kind == "incoming")) for each in bank_b.figures.transfers]
        deprived = replace(bank_b, figures=msgspec.structs.replace(bank_b.figures, transfers=tuple(less)))

        said = "\n".join(differences([spoiled, deprived]))

        for named in (
            "line 2",
            "must end as",
            "1 transfers are still pending",
            "2 dead letters",
            "books are wrong",
            "do not mirror",
            "240 payments to Bank B were to arrive, it credited 239",
        ):
            assert named in said, f"{named} is not in: {said}"


class TestFigures:
    def test_since_earlier_ones_are_what_came_since(self) -> None:
        before = figures("BNKA", [count("internal", "completed", 3), count("outgoing", "completed", 5)])
        now = figures("BNKA", [count("internal", "completed", 3), count("outgoing", "completed", 9), count("outgoing", "rejected", 1)])

        assert now.since(before).transfers == (count("outgoing", "completed", 4), count("outgoing", "rejected", 1))

    def test_are_read_from_the_last_line_that_is_complete(self, tmp_path: Path) -> None:
        file = tmp_path / "figures"
        lines = [msgspec.json.encode(figures("BNKA", [count("internal", "completed", number)])) for number in (1, 2)]

        file.write_bytes(lines[0] + b"\n" + lines[1][:20])

        found = newest(file)
        assert found is not None
        assert found.count("internal") == 1


class TestTheState:
    def test_keeps_a_second_demo_out_and_forgets_all_but_the_lock(self, tmp_path: Path) -> None:
        with state.held(tmp_path):
            (tmp_path / "embedded" / "bnka").mkdir(parents=True)

            with pytest.raises(MachineError, match="a demo runs in"), state.held(tmp_path):
                pass
            state.forget(tmp_path)

        assert [path.name for path in tmp_path.iterdir()] == ["lock"]

    def test_forgets_what_lies_elsewhere_too(self, tmp_path: Path) -> None:
        home, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
        (home / "real").mkdir(parents=True)
        elsewhere.mkdir()
        (home / "real" / "postgres").symlink_to(elsewhere)

        state.forget(home)

        assert not elsewhere.exists()


class TestTheSupervisor:
    @pytest.fixture
    def notices(self) -> list[str]:
        return []

    @pytest.fixture
    def supervisor(self, tmp_path: Path, notices: list[str]) -> Iterator[Supervisor]:
        supervisor = Supervisor(folder=tmp_path, notice=notices.append, interruption=Interruption())
        yield supervisor
        supervisor.stop()

    def test_starts_a_child_again_that_died_with_what_it_left_behind(self, supervisor: Supervisor, notices: list[str]) -> None:
        supervisor.keep(python("web", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import signal; signal.pause()'])"))
        first = supervisor.pids()["web"]

        os.kill(first, signal.SIGKILL)

        supervisor.wait_until(lambda: supervisor.pids()["web"] != first, limit_s=10, otherwise=MachineError(problem="dead", remedy="none"))
        assert notices == ["web was ended by SIGKILL; starting it again"]
        assert not group_exists(first)

    def test_gives_up_on_a_child_that_dies_at_every_start_and_says_why(self, supervisor: Supervisor) -> None:
        supervisor.keep(python("relay", "raise SystemExit('no key')"))

        with pytest.raises(MachineError, match=re.escape("relay ends at every start (no key)")):
            supervisor.wait_until(lambda: False, limit_s=60, otherwise=MachineError(problem="it went on", remedy="none"))

    def test_runs_chains_side_by_side_and_returns_the_last_answers(self, supervisor: Supervisor) -> None:
        first, second = supervisor.run(
            [python("one", "print('not this')"), python("two", "print('this')")], [python("three", "raise SystemExit(3)", fine=(0, 3))]
        )

        assert (first.code, first.answer) == (0, "this\n")
        assert second.code == 3

    def test_names_the_command_that_failed_its_last_words_and_its_log(self, supervisor: Supervisor, tmp_path: Path) -> None:
        with pytest.raises(MachineError) as refused:
            supervisor.run([python("open bank", "raise SystemExit('the key is gone')")])

        assert str(refused.value) == f"open bank failed (the key is gone): see {tmp_path / 'open-bank.log'}"

    def test_kills_a_child_that_does_not_end_when_asked(self, supervisor: Supervisor, tmp_path: Path) -> None:
        ready = tmp_path / "ready"
        touch = f"pathlib.Path({str(ready)!r}).touch()"
        deaf = f"import pathlib, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {touch}; signal.pause()"
        supervisor.keep(python("deaf", deaf))
        pid = supervisor.pids()["deaf"]
        assert wait_until(ready.exists, limit_s=10)

        supervisor.stop()

        assert not group_exists(pid)


def python(name: str, program: str, *, fine: tuple[int, ...] = (0,)) -> Job:
    return Job(name=name, command=[sys.executable, "-c", program], environment={}, answers=True, fine=fine)


def group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestPorts:
    def test_are_given_once_and_never_to_be_taken_by_what_goes_out(self) -> None:
        first_of_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

        given = free_ports(count=20) + free_ports(count=20)

        assert len(set(given)) == 40
        assert max(given) < first_of_outgoing

"""The goals, and how each is measured."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from banksite.machine.processes import start_child, stop_child
from bench import bank, books, crossing, growth, programs, rates, teller
from bench.orders import Crowd
from bench.pairs import Goal, Ratio, measure
from bench.workers import Worker, all_at_once, staff

A, B = "BNKA", "BNKB"
PER_SECOND = "transfers/s"
_CHECKOUT = Path(__file__).resolve().parents[1]
_ACCOUNTS = 2_000
_CROWD = 8


class Grounds:
    """The servers, and a new database of one of the banks whenever one is needed."""

    def __init__(self, *, databases: dict[str, str], kafka: str, folder: Path) -> None:
        self._databases, self._kafka, self.folder = databases, kafka, folder
        self.key_files = {code: folder / f"{code}.pem" for code in (A, B)}
        self.token_key = folder / "tokens.pem"
        self.trust = crossing.trust(key_files=self.key_files)

    def environment(self, *, database: str, code: str = A) -> dict[str, str]:
        """Return the environment of a bank in this database."""
        return bank.environment(
            code=code,
            database_url=self._databases[database],
            HEAD_BANK_KEY=self.trust.head_bank_key,
            KAFKA_BOOTSTRAP_SERVERS=self._kafka,
            MESSAGE_KEY_FILE=str(self.key_files[code]),
            TOKEN_KEY_FILE=str(self.token_key),
            API_REQUESTS_PER_MINUTE="0",
        )

    @contextmanager
    def bank(self, *, database: str, code: str = A, workers: int = 1, accounts: int = _ACCOUNTS) -> Iterator[Sequence[Worker]]:
        """Yield the workers of a bank that was just opened; its books are checked at the end."""
        partner = B if code == A else A
        with staff(environment=self.environment(database=database, code=code), number=workers) as found:
            found[0].call(bank.open_bank, accounts=accounts, partner=partner)
            found[0].call(crossing.introduce, document=self.trust.directory)
            yield found
            found[0].call(books.check)


def inside_one_bank(grounds: Grounds) -> Iterator[Ratio]:
    """Measure batches and single payments between customers of one bank."""
    everybody, outwards = (Crowd(debtors=A, creditors=code, first=0, last=_ACCOUNTS) for code in (A, B))
    with grounds.bank(database="inside", workers=_CROWD) as workers:
        one = workers[:1]
        yield measure(
            Goal(name="batch of 1,000 / set-based SQL, one writer", ratio=0.6, unit=PER_SECOND),
            ours=lambda: one[0].call(rates.batches_of_ours, crowd=everybody, batches=8),
            limit=lambda: one[0].call(rates.batches_at_limit, crowd=everybody, batches=8),
        )
        for several, name in ((one, "one process"), (workers, "eight processes")):
            yield measure(
                Goal(name=f"single / one PL/pgSQL call, {name}", ratio=0.4, unit=PER_SECOND),
                ours=lambda several=several: sum(all_at_once(several, rates.singles_of_ours, crowd=everybody, seconds=2)),  # type: ignore[misc]
                limit=lambda several=several: sum(all_at_once(several, rates.singles_at_limit, crowd=everybody, seconds=2)),  # type: ignore[misc]
            )
        yield measure(
            Goal(name="singles, all to one other bank / to each other, eight processes", ratio=0.9, unit=PER_SECOND),
            ours=lambda: sum(all_at_once(workers, rates.singles_of_ours, crowd=outwards, seconds=2)),
            limit=lambda: sum(all_at_once(workers, rates.singles_of_ours, crowd=everybody, seconds=2)),
        )
        if found := one[0].call(rates.deadlocks):
            raise books.BooksWrong(f"PostgreSQL had to break {found} deadlocks")


def over_http(grounds: Grounds) -> Iterator[Ratio]:
    """Measure what programs get done through the API."""
    everybody = Crowd(debtors=A, creditors=A, first=0, last=_ACCOUNTS)
    with grounds.bank(database="programs", workers=_CROWD) as workers:
        workers[0].call(programs.make_token_key, file=grounds.token_key)

        def together(work: Callable[..., float]) -> Callable[[], float]:
            return lambda: sum(all_at_once(workers, work, crowd=everybody, seconds=2))

        yield measure(
            Goal(name="POST transfers, 8 clients / a bare Django view", ratio=0.6, unit=PER_SECOND),
            ours=together(programs.orders_over_api),
            limit=together(programs.orders_over_a_bare_view),
        )
        yield measure(
            Goal(name="POST transfers, 8 clients / a REST view that does nothing", ratio=0.0, unit=PER_SECOND),
            ours=together(programs.orders_over_api),
            limit=together(programs.requests_for_nothing),
            pairs=3,
        )
        yield measure(
            Goal(name="POST of 1,000 transfers / set-based SQL", ratio=0.7, unit=PER_SECOND),
            ours=lambda: workers[0].call(programs.batches_over_api, crowd=everybody, batches=4),
            limit=lambda: workers[0].call(programs.batches_at_limit, crowd=everybody, batches=4),
        )
    with grounds.bank(database="pages", accounts=growth.ACCOUNTS) as (reader,):
        reader.call(growth.lay_down, postings=100_000)
        reader.call(programs.make_token_key, file=grounds.token_key)
        yield measure(
            Goal(name="statement page / a plain ModelSerializer", ratio=2.0, unit="pages/s"),
            ours=lambda: reader.call(programs.pages_over_api, seconds=1),
            limit=lambda: reader.call(programs.pages_over_a_plain_serializer, seconds=1),
        )


def between_banks(grounds: Grounds) -> Iterator[Ratio]:
    """Measure batches from one bank to another over Kafka."""
    crowd = Crowd(debtors=A, creditors=B, first=0, last=_ACCOUNTS)
    halves = [Crowd(debtors=A, creditors=A, first=first, last=first + _ACCOUNTS // 2) for first in (0, _ACCOUNTS // 2)]
    with ExitStack() as stack:
        writers = stack.enter_context(grounds.bank(database="origin", workers=2))
        (receiver,) = stack.enter_context(grounds.bank(database="destination", code=B))
        for worker in (writers[0], receiver):
            worker.call(crossing.prepare_letter_box)
        _start_transport(grounds, stack)
        sent_minor = 0

        def ours() -> float:
            nonlocal sent_minor
            batches = 8
            begun, minor = writers[0].call(crossing.send, crowd=crowd, batches=batches)
            sent_minor += minor
            credited = receiver.call(crossing.wait_for_credit, origin=A, until_minor=sent_minor)
            writers[0].call(crossing.wait_for_answers)
            return batches * rates.BATCH / (credited - begun)

        def limit() -> float:
            for writer, half in zip(writers, halves, strict=True):
                writer.start(rates.batches_at_limit, crowd=half, batches=8)
            found: list[float] = [writer.result() for writer in writers]
            return sum(found)

        yield measure(Goal(name="cross-bank over Kafka / set-based SQL, two writers", ratio=0.2, unit=PER_SECOND), ours=ours, limit=limit)
        owed, owing = writers[0].call(books.clearing_balance, partner=B), receiver.call(books.clearing_balance, partner=A)
        if owed + owing != 0 or owed != sent_minor:
            raise books.BooksWrong(f"{A} owes {owed}, {B} counts on {-owing}, {sent_minor} were sent")


def over_the_years(grounds: Grounds) -> Iterator[Ratio]:
    """Measure a bank of a million postings against a young one: its pages, and how it posts."""
    crowd = Crowd(debtors=A, creditors=A, first=0, last=growth.ACCOUNTS)
    with ExitStack() as stack:
        (old,) = stack.enter_context(grounds.bank(database="old", accounts=growth.ACCOUNTS))
        (young,) = stack.enter_context(grounds.bank(database="young", accounts=growth.ACCOUNTS))
        old.start(growth.lay_down, postings=1_000_000)
        young.start(growth.lay_down, postings=10_000)
        old.result(), young.result()
        for worker in (old, young):
            worker.call(rates.batches_of_ours, crowd=crowd, batches=2)  # the teller's work of today
        yield measure(
            Goal(name="statement page of 50 at 10^6 postings / at 10^4", ratio=1.3, unit="ms", at_most=True),
            ours=lambda: old.call(growth.pages, seconds=1),
            limit=lambda: young.call(growth.pages, seconds=1),
        )
        for page, name in ((teller.desk, "teller's desk"), (teller.account, "account page"), (teller.transfers, "transfer list")):
            yield measure(
                Goal(name=f"{name} at 10^6 postings / at 10^4", ratio=1.3, unit="ms", at_most=True),
                ours=lambda page=page: old.call(page, seconds=1),  # type: ignore[misc]
                limit=lambda page=page: young.call(page, seconds=1),  # type: ignore[misc]
            )
        yield measure(
            Goal(name="posting in batches at 10^6 postings / at 10^4", ratio=0.85, unit=PER_SECOND),
            ours=lambda: old.call(rates.batches_of_ours, crowd=crowd, batches=4),
            limit=lambda: young.call(rates.batches_of_ours, crowd=crowd, batches=4),
        )


def _start_transport(grounds: Grounds, stack: ExitStack) -> None:
    """Start relay and consumer of both banks as an operator would."""
    for code, database in ((A, "origin"), (B, "destination")):
        for command in ("consume_transfers", "relay_outbox"):
            child = start_child(
                [sys.executable, _CHECKOUT / "manage.py", command],
                log=grounds.folder / f"{code}-{command}.log",
                environment=grounds.environment(database=database, code=code),
            )
            stack.callback(stop_child, child, patience_s=15)

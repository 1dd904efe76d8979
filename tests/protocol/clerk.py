"""The people at the desks of a simulated town: what they order, how they repeat it, what they decide."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from access import idempotency
from access.idempotency import Answer
from accounts.money import Money
from tests.protocol.banks import CLOSED, DOLLARS, FROZEN, HOLDS, LEAVING, LIMIT_MINOR, NOBODY, POOR, RICH, account
from tests.protocol.world import World
from transfers import services
from transfers.orders import Accepted, Deposit, Order, Payment, Reversal, Withdrawal

MOST_ORDERS = 8
IMPATIENT = 0.2  # how often somebody asks again who has an answer


@dataclass
class Request:
    """What a customer asks of a desk under one key, again and again until there is an answer."""

    bank: str
    key: str
    orders: list[Order]
    atomic: bool
    answers: list[Answer] = field(default_factory=list)


class Clerk:
    """Draws at most eight orders from the seed, and what people do about them afterwards."""

    def __init__(self, world: World, random: Random) -> None:
        self._world, self._random = world, random
        self.requests: list[Request] = []
        self._left = random.randint(3, MOST_ORDERS)

    def order(self) -> str:
        """Hand in something new, or ask again about something old."""
        unanswered = [request for request in self.requests if not request.answers]
        if self._left and not (unanswered and self._random.random() < 0.5):
            request = self._draw()
            self.requests.append(request)
        elif self.requests and (unanswered or self._random.random() < IMPATIENT):
            request = self._random.choice(unanswered or self.requests)
        else:
            return "nothing to order"
        return self.ask(request)

    def ask(self, request: Request) -> str:
        """Put a request to its bank; whoever asks twice must get the same answer."""
        world = self._world

        def effect() -> Answer:
            outcomes = services.submit(orders=request.orders, by=world.bank(request.bank).teller, atomic=request.atomic, now=world.now)
            said = [str(each.transfer_id) if isinstance(each, Accepted) else each.code for each in outcomes]
            return Answer(status=201 if any(isinstance(each, Accepted) for each in outcomes) else 422, body={"outcomes": said})

        with world.at(request.bank):
            answer = idempotency.once(principal="teller", key=request.key, fingerprint=request.key, effect=effect)
        assert all(answer.body == earlier.body for earlier in request.answers), "the same key was answered differently"
        request.answers.append(answer)
        return f"{request.bank} {request.key}: {' '.join(map(_named, request.orders))} -> {answer.status} {answer.body['outcomes']}"

    def cancel(self) -> str:
        """Ask to cancel something that is pending."""
        found = self._find("SELECT id FROM transfers_transfer WHERE status = 'pending' ORDER BY id")
        if found is None:
            return "nothing to cancel"
        bank, transfer = found
        self._world.cancel(UUID(transfer), at=bank)
        return f"{bank} cancels {transfer}"

    def decide(self) -> str:
        """Approve or refuse something that waits for a second person."""
        found = self._find("SELECT id FROM access_approval WHERE status = 'waiting' ORDER BY id")
        if found is None:
            return "nothing to approve"
        bank, approval = found
        by, now = self._world.bank(bank).supervisor, self._world.now
        with self._world.at(bank):
            if self._random.random() < 0.75:
                return f"{bank} approves: {services.approve_transfer(approval_id=UUID(approval), by=by, now=now)}"
            services.refuse_transfer(approval_id=UUID(approval), by=by, reason="not today", now=now)
            return f"{bank} refuses {approval}"

    def reverse(self) -> str:
        """Ask to take back something that was booked inside a bank."""
        sql = "SELECT id FROM transfers_transfer WHERE status = 'completed' AND kind IN ('deposit', 'internal') ORDER BY id DESC LIMIT 4"
        found = self._find(sql)
        if found is None:
            return "nothing to reverse"
        bank, transfer = found
        return f"{bank} reverses: {self._world.submit(Reversal(transfer_id=UUID(transfer), reason='mistake'), at=bank)}"

    def leave(self) -> str:
        """Close an account that was emptied while its last payment is under way."""
        bank = self._random.choice(self._world.desks)
        closed = self._world.banks[bank].database.raw.execute(
            "UPDATE accounts_account SET status = 'closed', closed_at = ? WHERE number = ? AND balance_minor = 0 AND held_minor = 0",
            [self._world.now.isoformat(), account(bank, LEAVING)],
        )
        return f"{bank} closes {closed.rowcount} accounts"

    def expire(self) -> str:
        """Refuse what waited too long, at every bank."""
        ended = 0
        for code in self._world.desks:
            with self._world.at(code):
                ended += services.expire_approvals(now=self._world.now)
        return f"{ended} approvals expire"

    def _find(self, sql: str) -> tuple[str, str] | None:
        """Return one of what the banks' databases name."""
        found = [(code, str(row[0])) for code in self._world.banks for row in self._world.rows(code, sql)]
        return self._random.choice(found) if found else None

    def _draw(self) -> Request:
        bank = self._random.choice(self._world.desks)
        number = min(self._left, self._random.choice((1, 1, 1, 2, 3)))
        self._left -= number
        orders = [self._draw_order(bank) for _ in range(number)]
        return Request(bank=bank, key=f"key-{len(self.requests)}", orders=orders, atomic=self._random.random() < 0.2)

    def _draw_order(self, bank: str) -> Order:
        """Draw what a customer wants; seven of ten want money to go to another bank, where not every account can take it."""
        minor = Money(self._random.choice((1, 500, 1_000, 2_500, LIMIT_MINOR, LIMIT_MINOR + 1)), "EUR")
        match self._random.choices(("in", "out", "internal", "leave", "dollars", "nowhere", "abroad"), (4, 4, 6, 10, 4, 3, 69))[0]:
            case "in":
                return Deposit(account=account(bank, self._random.choice((RICH, CLOSED, FROZEN))), amount=minor)
            case "out":
                return Withdrawal(account=account(bank, self._random.choice((RICH, POOR))), amount=minor)
            case where:
                return self._draw_payment(bank, where, minor)

    def _draw_payment(self, bank: str, where: str, amount: Money) -> Payment:
        other = self._random.choice([code for code in self._world.desks if code != bank])
        debtor, creditor = account(bank, RICH), account(other, RICH)
        match where:
            case "internal":
                creditor = account(bank, self._random.choice((POOR, FROZEN, NOBODY)))
            case "leave":
                fee = self._world.bank(bank).site.outgoing_fees.get("EUR", 0)
                debtor, creditor, amount = account(bank, LEAVING), account(other, NOBODY), Money(HOLDS[LEAVING] - fee, "EUR")
            case "dollars":
                debtor, amount = account(bank, DOLLARS), Money(amount.amount_minor, "USD")
            case "nowhere":
                creditor = account("BNKX", RICH)
            case _:
                creditor = account(other, self._random.choice((RICH, RICH, RICH, POOR, CLOSED, FROZEN, DOLLARS, NOBODY)))
                debtor = account(bank, self._random.choice((RICH, RICH, RICH, POOR, FROZEN)))
        return Payment(debtor=debtor, creditor=creditor, creditor_name="Friend", amount=amount, reference="rent")


def _named(order: Order) -> str:
    match order:
        case Payment():
            return f"{order.debtor[-4:]}>{order.creditor[4:8]}{order.creditor[-4:]}:{order.amount.amount_minor}"
        case Deposit() | Withdrawal():
            return f"{type(order).__name__} {order.account[-4:]}:{order.amount.amount_minor}"
        case _:
            return type(order).__name__

"""A settlement window from its second person on: booked on the banks' accounts here, told to each bank, confirmed by each."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from access import approvals
from access.errors import DomainError
from access.models import Approval, User
from accounts import ledger, numbers
from accounts.ledger import Move
from accounts.money import Money
from accounts.services import open_internal_accounts
from headbank.models import Bank, Window, WindowNet, WindowNotice
from headbank.permissions import SETTLE
from headbank.services.collect import BOOK
from headbank.services.locking import permit
from messaging import dead_letters, outbox
from messaging.envelope import Received
from messaging.events import SETTLEMENT_BOOKED, Settled, SettlementBooked, SettlementConfirmed
from messaging.partitions import partition_of

Status = Window.Status


def approve_settlement(*, approval_id: UUID, by: User, reason: str = "", now: datetime) -> None:
    """Book the nets of a window on the banks' settlement accounts and tell each bank, once and all together.

    Raises NotAllowed, NotTheHeadBank, ApprovalNotWaiting, OwnApproval, and InsufficientFunds for a bank whose cover was lowered since.
    """
    permit(by=by, permission=SETTLE)
    with transaction.atomic():
        window = _decided(approvals.agree, approval_id, by=by, reason=reason, now=now)
        nets = list(window.nets.exclude(net_minor=0).order_by("currency", "bank"))
        own = {numbers.settlement(net.currency) for net in nets}
        accounts = {numbers.settlement_of(net.bank_id, net.currency) for net in nets}
        open_internal_accounts(numbers=own | accounts, now=now)
        outcomes = ledger.post(steps=[_move(window, net) for net in nets], booked_at=now)
        if refused := [outcome for outcome in outcomes if isinstance(outcome, DomainError)]:
            raise refused[0]
        _notify(window, now=now)
        Window.objects.filter(id=window.id).update(status=Status.BOOKED, ended_at=now)


def refuse_settlement(*, approval_id: UUID, by: User, reason: str, now: datetime) -> None:
    """Book nothing; what is owed stays for the next window. Raises as `approve_settlement`, and ReasonMissing."""
    permit(by=by, permission=SETTLE)
    with transaction.atomic():
        window = _decided(approvals.refuse, approval_id, by=by, reason=reason, now=now)
        Window.objects.filter(id=window.id).update(status=Status.REFUSED, ended_at=now)


def receive_confirmations(*, received: Sequence[Received[SettlementConfirmed]], now: datetime) -> None:
    """Keep that banks have booked what they were told; the same word twice does nothing, one to no notice is a dead letter."""
    for message in received:
        notice = WindowNotice.objects.select_for_update(no_key=True).filter(window=message.data.window, bank=message.source).first()
        if notice is None:
            detail = f"{message.source} confirms window {message.data.window}"
            dead_letters.bury(record=message.record, reason="answer-to-unknown", detail=detail, now=now)
        elif notice.confirmed_at is None:
            WindowNotice.objects.filter(id=notice.pk).update(confirmed_at=now)
            outbox.close_items(counts={notice.message: 1}, now=now)


def _decided(decide: Callable[..., Approval], approval_id: UUID, *, by: User, reason: str, now: datetime) -> Window:
    """Decide the question and return the window it is about, locked; whose report was wrong may not have been asked again meanwhile."""
    approval = decide(approval_id, BOOK, permission=SETTLE, by=by, reason=reason, now=now)
    window_id = UUID(approval.subject.removeprefix("window:"))
    return Window.objects.select_for_update(no_key=True).get(id=window_id, status=Status.PROPOSED)


def _move(window: Window, net: WindowNet) -> Move:
    """Return the one posting of a bank: against the head bank's own account, which all of them together leave as it was.

    Who pays comes first or last, all stand or fall together.
    """
    account, own = numbers.settlement_of(net.bank_id, net.currency), numbers.settlement(net.currency)
    debit, credit = (account, own) if net.net_minor < 0 else (own, account)
    amount = Money(abs(net.net_minor), net.currency)
    return Move(transfer_id=window.id, leg=f"{net.bank_id}.{net.currency}", debit=debit, credit=credit, amount=amount, group=window.id)


def _notify(window: Window, *, now: datetime) -> None:
    """Tell each bank what to book with each other; the notice is repeated until confirmed."""
    lines: dict[str, list[Settled]] = defaultdict(list)
    for pair in window.pairs.filter(flaw="").exclude(amount_minor=0).order_by("currency", "one", "other"):
        assert pair.amount_minor is not None, "a pair that is settled has an amount"
        lines[pair.one_id].append(Settled(peer=pair.other_id, currency=pair.currency, amount_minor=pair.amount_minor))
        lines[pair.other_id].append(Settled(peer=pair.one_id, currency=pair.currency, amount_minor=-pair.amount_minor))
    banks = {bank.code: bank for bank in Bank.objects.filter(code__in=lines)}
    drafts = {
        code: outbox.Draft(
            destination=code,
            partition=partition_of(str(window.id), banks[code].partitions),
            type=SETTLEMENT_BOOKED,
            data=SettlementBooked(window=window.id, cut_off_at=window.cut_off_at, settled=tuple(told)),
            is_request=True,
            open_items=1,
        )
        for code, told in sorted(lines.items())
    }
    WindowNotice.objects.bulk_create([WindowNotice(window=window, bank_id=code, message=draft.id) for code, draft in drafts.items()])
    outbox.enqueue_each(messages=list(drafts.values()), now=now)

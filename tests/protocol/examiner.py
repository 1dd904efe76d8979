"""The examiner: reads the banks' databases with plain SQL and names every broken promise."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

_TERMINAL = {"completed", "refused", "rejected", "cancelled", "credited"}
_LEGS = {
    ("deposit", "completed"): {"book"},
    ("withdrawal", "completed"): {"book"},
    ("internal", "completed"): {"book"},
    ("reversal", "completed"): {"book"},
    ("adjustment", "completed"): {"book"},
    ("outgoing", "completed"): {"book", "fee"},
    ("outgoing", "rejected"): {"book", "fee", "refund", "refund-fee"},
    ("outgoing", "cancelled"): {"book", "fee", "refund", "refund-fee"},
    ("incoming", "credited"): {"book"},
    ("settlement", "completed"): {"book"},
}
_BALANCES = """
    SELECT a.number, a.currency, a.striped, a.held_minor, a.last_seq, a.floor_minor,
           a.balance_minor + coalesce((SELECT sum(credits_minor - debits_minor) FROM accounts_balancestripe s WHERE s.account_id = a.id), 0)
    FROM accounts_account a
"""
_REPLAYED = """
    SELECT number, sum(amount), count(*) FROM (
        SELECT a.number, -p.amount_minor AS amount FROM accounts_posting p JOIN accounts_account a ON a.id = p.debit_account_id
        UNION ALL
        SELECT a.number, p.amount_minor FROM accounts_posting p JOIN accounts_account a ON a.id = p.credit_account_id
    ) sides GROUP BY number
"""
_STEPS = """
    SELECT account, seq, after, amount FROM (
        SELECT debit_account_id AS account, debit_seq AS seq, debit_balance_after AS after, -amount_minor AS amount FROM accounts_posting
        UNION ALL
        SELECT credit_account_id, credit_seq, credit_balance_after, amount_minor FROM accounts_posting
    ) sides WHERE seq IS NOT NULL ORDER BY account, seq
"""
_HELD = """
    SELECT a.number, sum(h.amount_minor) FROM accounts_hold h JOIN accounts_account a ON a.id = h.account_id
    WHERE h.status = 'placed' GROUP BY a.number
"""
_TRANSFERS = """
    SELECT id, kind, status, amount_minor, fee_minor, currency, debtor_number, creditor_number, origin_bank, origin_id, destination_bank,
           decided_at, reason
    FROM transfers_transfer
"""
_POSTINGS = """
    SELECT p.transfer_id, p.leg, p.amount_minor, d.number, c.number
    FROM accounts_posting p JOIN accounts_account d ON d.id = p.debit_account_id JOIN accounts_account c ON c.id = p.credit_account_id
"""


class Database(Protocol):
    """A connection of sqlite3 or psycopg that commits by itself."""

    def execute(self, query: Any, /) -> Any:
        """Run a query and return its rows."""


def findings(databases: Mapping[str, Database]) -> list[str]:
    """Return every broken promise of banks that have come to rest; nothing when all were kept."""
    found = [f"{code}: {finding}" for code, database in databases.items() for finding in _of_bank(database)]
    return found + list(_between(databases))


def findings_of_head_bank(head: Database, databases: Mapping[str, Database]) -> list[str]:
    """Return every broken promise of a head bank that has come to rest: its own, and where a bank has it otherwise."""
    found = [f"HEAD: {finding}" for finding in (*_books(head), *_transport(head))]
    there = {row[0]: row[6] for row in head.execute(_BALANCES)}
    for code, database in databases.items():
        for number, currency, *_, balance in database.execute(_BALANCES):
            here = -there.get(f"SETTLEMENT.{code}.{currency}", 0)
            if number.startswith("SETTLEMENT.") and balance != here:
                found.append(f"{code} has {balance} at the head bank, HEAD says {here}")
    own = {number: balance for number, balance in there.items() if number.startswith("SETTLEMENT.") and number.count(".") == 1}
    found += [f"{number} has {balance}: what the banks have does not sum to nothing" for number, balance in own.items() if balance]
    unfinished = head.execute("SELECT status FROM headbank_window WHERE status IN ('collecting', 'proposed')").fetchall()
    return found + [f"a window is still {status}" for (status,) in unfinished]


def _of_bank(database: Database) -> Iterator[str]:
    yield from _books(database)
    yield from _journal(database)
    yield from _transport(database)


def _books(database: Database) -> Iterator[str]:
    """Conservation, and every balance as the sum of its postings."""
    accounts = database.execute(_BALANCES).fetchall()
    replayed = {number: (total, count) for number, total, count in database.execute(_REPLAYED)}
    held = dict(database.execute(_HELD).fetchall())
    sums: dict[str, int] = defaultdict(int)
    for number, currency, striped, held_minor, last_seq, floor, balance in accounts:
        sums[currency] += balance
        total, count = replayed.get(number, (0, 0))
        if balance != total:
            yield f"{number} has {balance}, its postings say {total}"
        if not striped and last_seq != count:
            yield f"{number} counted {last_seq} of {count} postings"
        if held_minor != held.get(number, 0):
            yield f"{number} holds {held_minor}, its holds say {held.get(number, 0)}"
        if floor is not None and balance - held_minor < floor:
            yield f"{number} is below its floor"
    yield from (f"all balances in {currency} sum to {total}" for currency, total in sums.items() if total)
    previous: tuple[int, int, int] = (0, 0, 0)
    for account, seq, after, amount in database.execute(_STEPS):
        place, balance = (previous[1], previous[2]) if previous[0] == account else (0, 0)
        if (seq, after) != (place + 1, balance + amount):
            yield f"account {account} has a gap at {seq}"
        previous = (account, seq, after)


def _journal(database: Database) -> Iterator[str]:
    """Every transfer ended, with exactly the postings its end means, of the amounts and accounts it names."""
    legs: dict[str, dict[str, tuple[int, str, str]]] = defaultdict(dict)
    for transfer, leg, amount, debit, credit in database.execute(_POSTINGS):
        if leg in legs[transfer]:
            yield f"{transfer} has two {leg}"
        legs[transfer][leg] = (amount, debit, credit)
    known = set()
    for row in database.execute(_TRANSFERS):
        transfer, kind, status, amount, fee = row[:5]
        known.add(transfer)
        if status not in _TERMINAL:
            yield f"{transfer} ({kind}) is still {status}"
        wanted = {leg for leg in _LEGS.get((kind, status), set()) if fee or "fee" not in leg}
        if set(legs[transfer]) != wanted:
            yield f"{transfer} ({kind}, {status}) has the postings {sorted(legs[transfer])}"
        for leg, (posted, debit, credit) in legs[transfer].items():
            if posted != (fee if "fee" in leg else amount):
                yield f"{transfer} posted {posted} as {leg}"
            if leg == "refund" and credit not in (row[6], f"SUSPENSE.{row[5]}"):
                yield f"{transfer} was refunded to {credit}"
            if leg == "book" and (debit if kind == "outgoing" else credit) != (row[6] if kind == "outgoing" else row[7]):
                yield f"{transfer} booked {debit} to {credit}"
    yield from (f"a posting of {transfer} has no transfer" for transfer, posted in legs.items() if posted and transfer not in known)


def _transport(database: Database) -> Iterator[str]:
    """Nothing is owed, nobody has to look at anything."""
    for kind, open_items in database.execute("SELECT type, open_items FROM messaging_message WHERE finished_at IS NULL"):
        yield f"a {kind} with {open_items} open items is still owed"
    for reason, detail in database.execute("SELECT reason, detail FROM messaging_deadletter"):
        yield f"dead letter {reason}: {detail}"
    for (detail,) in database.execute("SELECT detail FROM messaging_recovery"):
        yield f"went into recovery: {detail}"
    for (approval,) in database.execute("SELECT id FROM access_approval WHERE status = 'waiting'"):
        yield f"{approval} still waits for a second person"


def _between(databases: Mapping[str, Database]) -> Iterator[str]:
    """Each transfer is credited there or given back here, never both; what the banks owe each other mirrors."""
    transfers = {code: database.execute(_TRANSFERS).fetchall() for code, database in databases.items()}
    decided: dict[tuple[str, str, str], list[tuple[object, ...]]] = defaultdict(list)
    for code, rows in transfers.items():
        for row in rows:
            if row[1] == "incoming":
                decided[row[8], row[9], code].append(row)
    for code, rows in transfers.items():
        for row in rows:
            if row[1] == "outgoing" and row[2] != "refused":
                yield from _one(row, decided.pop((code, row[9], row[10]), []))
    yield from (f"{name} was decided but never sent" for name in decided)
    yield from _mirrors(databases)


def _one(row: tuple[object, ...], decisions: list[tuple[object, ...]]) -> Iterator[str]:
    if len(decisions) != 1:
        yield f"{row[9]} of {row[8]} was decided {len(decisions)} times"
        return
    there = decisions[0]
    if (there[2] == "credited") != (row[2] == "completed"):
        yield f"{row[9]} of {row[8]} is {row[2]} here and {there[2]} there"
    if (there[3], there[5], there[6], there[7]) != (row[3], row[5], row[6], row[7]):
        yield f"{row[9]} of {row[8]} arrived with other content"
    if (there[11], there[12]) != (row[11], row[12]):
        yield f"{row[9]} of {row[8]} is remembered differently: {row[11:]} and {there[11:]}"


def _mirrors(databases: Mapping[str, Database]) -> Iterator[str]:
    balances = {(code, row[0]): row[6] for code, database in databases.items() for row in database.execute(_BALANCES)}
    for (code, number), balance in balances.items():
        kind, _, rest = number.partition(".")
        if kind == "CLEARING":
            other, _, currency = rest.partition(".")
            mirrored = balances.get((other, f"CLEARING.{code}.{currency}"), 0)
            if balance != -mirrored:
                yield f"{code} owes {other} {balance} {currency}, {other} says {-mirrored}"

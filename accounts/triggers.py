"""What the database itself refuses in the ledger: changed postings, holds that live again, accounts that become others."""

from access.triggers import Trigger, append_only
from accounts.models import Account, Hold, Posting

SPECS = (
    *append_only(Posting),
    Trigger(
        name="accounts_hold_stays_ended",
        table=Hold._meta.db_table,
        event="UPDATE",
        when="OLD.status <> 'placed'",
        message="a hold that has ended never changes",
    ),
    Trigger(
        name="accounts_account_stays_itself",
        table=Account._meta.db_table,
        event="UPDATE OF number, kind, currency, customer_id, striped",
        when="""OLD.number <> NEW.number OR OLD.kind <> NEW.kind OR OLD.currency <> NEW.currency OR OLD.striped <> NEW.striped
             OR OLD.customer_id IS DISTINCT FROM NEW.customer_id""",
        message="an account's number, kind, currency and holder never change",
    ),
)

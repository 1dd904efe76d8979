"""What the database itself refuses to do to transfers and their events."""

from access.triggers import Trigger, append_only
from transfers.models import Transfer, TransferEvent

_FINAL = "'completed', 'refused', 'rejected', 'cancelled', 'credited'"
_FIXED = (
    "kind",
    "amount_minor",
    "currency",
    "fee_minor",
    "debtor_number",
    "creditor_number",
    "origin_bank",
    "origin_id",
    "destination_bank",
)
_TABLE = Transfer._meta.db_table

SPECS = [
    *append_only(TransferEvent),
    Trigger(
        name="transfer_final_status",
        table=_TABLE,
        event="UPDATE",
        when=f"OLD.status IN ({_FINAL}) AND NEW.status <> OLD.status",
        message="a final status never changes",
    ),
    Trigger(
        name="transfer_fixed_content",
        table=_TABLE,
        event="UPDATE",
        when=" OR ".join(f"NEW.{name} <> OLD.{name}" for name in _FIXED),
        message="what a transfer is about never changes",
    ),
    Trigger(name="transfer_no_delete", table=_TABLE, event="DELETE", message="transfers are never deleted"),
    Trigger(name="transfer_no_truncate", table=_TABLE, event="TRUNCATE", message="transfers are never deleted"),
]

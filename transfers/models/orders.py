"""Transfers, every customer's order and its outcome, and the events that tell their story."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler
from uuid_utils.compat import uuid7

STATES: dict[str, tuple[str, ...]] = {
    "deposit": ("awaiting-approval", "completed", "refused"),
    "withdrawal": ("awaiting-approval", "completed", "refused"),
    "internal": ("awaiting-approval", "completed", "refused"),
    "reversal": ("awaiting-approval", "completed", "refused"),
    "adjustment": ("awaiting-approval", "completed", "refused"),
    "float": ("completed",),
    "outgoing": ("awaiting-approval", "refused", "pending", "completed", "rejected", "cancelled"),
    "incoming": ("credited", "rejected"),
    "settlement": ("completed",),
}


class CurrentTransaction(models.Func):
    """The database transaction that writes the row: PostgreSQL's 64-bit id, 0 on SQLite, where ids commit in order anyway."""

    output_field = models.BigIntegerField()
    template = "0"
    arity = 0

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """Return the id as a bigint, which xid8 does not cast to directly."""
        return super().as_sql(compiler, connection, template="(pg_current_xact_id()::text::bigint)", **context)


class Transfer(models.Model):
    """One order to move money, in this bank's own words, with the state DESIGN's table allows.

    What crosses between banks is named by (`origin_bank`, `origin_id`). `decided_at` is the destination's clock, `settled_at` ours.
    `message` is the outbox message that answers for the transfer while it is pending: the bundle it left in, or the cancel after it.
    """

    class Kind(models.TextChoices):
        DEPOSIT = "deposit"
        WITHDRAWAL = "withdrawal"
        INTERNAL = "internal"
        OUTGOING = "outgoing"
        INCOMING = "incoming"
        REVERSAL = "reversal"
        ADJUSTMENT = "adjustment"
        FLOAT = "float"
        SETTLEMENT = "settlement"

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting-approval"
        PENDING = "pending"
        COMPLETED = "completed"
        REFUSED = "refused"
        REJECTED = "rejected"
        CANCELLED = "cancelled"
        CREDITED = "credited"

    id = models.UUIDField(primary_key=True, default=uuid7)
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=17, choices=Status)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fee_minor = models.BigIntegerField(db_default=0)
    debtor_number = models.CharField(max_length=34)
    debtor_name = models.CharField(max_length=140)
    creditor_number = models.CharField(max_length=34)
    creditor_name = models.CharField(max_length=140)
    origin_bank = models.CharField(max_length=11)
    origin_id = models.UUIDField()
    destination_bank = models.CharField(max_length=11)
    reference = models.CharField(max_length=140, blank=True, db_default="")
    end_to_end_id = models.CharField(max_length=35, blank=True, db_default="")
    reason = models.CharField(max_length=40, blank=True, db_default="")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    approval = models.UUIDField(null=True)
    hold = models.UUIDField(null=True)
    message = models.UUIDField(null=True)
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    content_hash = models.BinaryField(max_length=32, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        permissions = (
            ("deposit", "Can take in cash"),
            ("withdraw", "Can pay out cash"),
            ("pay", "Can order transfers"),
            ("reverse", "Can ask to reverse a transfer"),
            ("adjust", "Can ask for an adjustment"),
            ("cancel", "Can ask to cancel a transfer"),
            ("approve", "Can decide about transfers"),
            ("run_till", "Can open, fill, count and close a till"),
            ("close_day", "Can close the day, and count a till for its teller"),
        )
        constraints = (
            models.UniqueConstraint(fields=["origin_bank", "origin_id"], name="transfer_name_once"),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False) & ~Q(status="refused"), name="transfer_reversed_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=Q(fee_minor__gte=0), name="transfer_fee_not_negative"),
            models.CheckConstraint(
                condition=Q(*[Q(kind=kind, status__in=statuses) for kind, statuses in STATES.items()], _connector=Q.OR),
                name="transfer_state",
            ),
        )
        indexes = (
            models.Index(fields=["destination_bank", "id"], condition=Q(status="pending"), name="transfer_pending"),
            models.Index(fields=["expires_at", "id"], condition=Q(status="awaiting-approval"), name="transfer_awaiting"),
            models.Index(fields=["debtor_number", "end_to_end_id"], name="transfer_end_to_end"),
            models.Index(fields=["debtor_number", "id"], name="transfer_debtor"),
            models.Index(fields=["creditor_number", "id"], name="transfer_creditor"),
            # What people name a transfer by; most transfers carry neither, and cost nothing here.
            models.Index(fields=["reference", "id"], condition=~Q(reference=""), name="transfer_reference"),
            models.Index(fields=["end_to_end_id", "id"], condition=~Q(end_to_end_id=""), name="transfer_named"),
            # Lists of what is rare would otherwise be looked for among all that is common.
            models.Index(
                fields=["status", "id"], condition=Q(status__in=("refused", "rejected", "cancelled")), name="transfer_rare_status"
            ),
            models.Index(fields=["kind", "id"], condition=Q(kind__in=("reversal", "adjustment", "float")), name="transfer_rare_kind"),
            models.Index(fields=["origin_bank", "decided_at"], condition=Q(kind="incoming"), name="transfer_decided_here"),
            models.Index(
                fields=["destination_bank", "decided_at"],
                condition=Q(kind="outgoing", decided_at__isnull=False),
                name="transfer_decided_there",
            ),
        )


class StreamRestart(models.Model):
    """A time from which the event stream goes on beyond every id and place it may ever have told: `first` is the first id.

    `shift` is what the transactions' ids are raised by in the places written since. `database` says which database it was, and on which
    timeline. The first row only notes the database: its `first` is 0.
    """

    id = models.BigAutoField(primary_key=True)
    first = models.BigIntegerField()
    shift = models.BigIntegerField()
    database = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)


class TransferEvent(models.Model):
    """One change of a transfer; rows are only ever added, in the transaction of the change."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=20)
    at = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True, db_default="")
    xid = models.BigIntegerField(db_default=CurrentTransaction())

    class Meta:
        indexes = (models.Index(fields=["xid", "id"], name="transferevent_stream"),)

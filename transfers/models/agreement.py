"""What other banks say of the transfers between us: lists after a recovery, days compared, positions settled."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from transfers.models.orders import Transfer


class PeerList(models.Model):
    """What another bank says of the transfers between us, asked for in a recovery; `request` is the message that asks for the next page."""

    id = models.BigAutoField(primary_key=True)
    recovery = models.BigIntegerField()
    bank = models.CharField(max_length=11)
    since = models.DateTimeField()
    request = models.UUIDField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["recovery", "bank"], name="peerlist_once"),)


class PeerListed(models.Model):
    """One transfer of such a list, as the other bank signed it."""

    id = models.BigAutoField(primary_key=True)
    list = models.ForeignKey(PeerList, on_delete=models.PROTECT, related_name="transfers")
    origin_bank = models.CharField(max_length=11)
    origin_id = models.UUIDField()
    said = models.JSONField()

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["list", "origin_bank", "origin_id"], name="peerlisted_once"),)


class Reconciliation(models.Model):
    """One comparison with another bank: a day (UTC, by `decided_at`) of the transfers from `origin_bank`, up to `until_at`.

    `ours` and `theirs` are what the two banks say of it. `detail` is how the other bank contradicted itself.
    """

    class Verdict(models.TextChoices):
        ASKED = "asked"
        AGREED = "agreed"
        WAITING = "waiting"
        BROKEN = "broken"

    id = models.UUIDField(primary_key=True, default=uuid7)
    peer = models.CharField(max_length=11)
    origin_bank = models.CharField(max_length=11)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    until_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=7, choices=Verdict, db_default=Verdict.ASKED)
    our_count = models.BigIntegerField()
    our_credited_minor = models.BigIntegerField()
    their_count = models.BigIntegerField(null=True)
    their_credited_minor = models.BigIntegerField(null=True)
    on_their_way = models.IntegerField(db_default=0)
    detail = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(verdict="asked", ended_at__isnull=True) | (~Q(verdict="asked") & Q(ended_at__isnull=False)),
                name="reconciliation_end",
            ),
        )
        indexes = (models.Index(fields=["day", "peer", "origin_bank", "currency", "id"], name="reconciliation_day"),)


class ReconciliationQuestion(models.Model):
    """A message that asks another bank about totals, known by the message's id; `totals` are those asked, as they were sent."""

    id = models.UUIDField(primary_key=True)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="questions")
    depth = models.SmallIntegerField()
    totals = models.BinaryField()
    answered_at = models.DateTimeField(null=True)


class Break(models.Model):
    """A transfer that this and another bank do not agree on; `at_origin` and `at_destination` are what each knows of it.

    It ends when a later comparison of its day does not find it any more; an adjustment (`repair`) that was booked puts it right, too.
    """

    class Kind(models.TextChoices):
        MISSING = "missing"
        DOUBLE = "double"
        AMOUNT = "amount"
        OUTCOME = "outcome"
        MOMENT = "moment"

    id = models.BigAutoField(primary_key=True)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="breaks")
    origin_bank = models.CharField(max_length=11)
    origin_id = models.UUIDField()
    destination_bank = models.CharField(max_length=11)
    kind = models.CharField(max_length=7, choices=Kind)
    currency = models.CharField(max_length=3)
    at_origin = models.JSONField()
    at_destination = models.JSONField()
    decided_at = models.DateTimeField()
    found_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    repair = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        permissions = (("repair_break", "Can ask for the repair of a difference with another bank"),)
        constraints = (models.UniqueConstraint(fields=["origin_bank", "origin_id"], name="break_once"),)
        indexes = (models.Index(fields=["origin_bank", "destination_bank", "decided_at"], name="break_day"),)


class SettlementPosition(models.Model):
    """An amount this bank has reported for a window as what it owes `peer` (negative: is owed); `transfer` booked it, if it was settled.

    One window may have several: what was not decided everywhere at the first report is by the next.
    """

    id = models.BigAutoField(primary_key=True)
    window = models.UUIDField()
    cut_off_at = models.DateTimeField()
    peer = models.CharField(max_length=11)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reported_at = models.DateTimeField()
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["window", "peer", "currency", "amount_minor"], name="settlement_position_once"),
            models.UniqueConstraint(
                fields=["window", "peer", "currency"], condition=Q(transfer__isnull=False), name="settlement_booked_once"
            ),
        )
        indexes = (models.Index(fields=["peer", "currency", "transfer"], condition=Q(transfer__isnull=False), name="settlement_last"),)

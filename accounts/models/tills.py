"""Tills, from float to count."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models.ledger import Account


class TillSession(models.Model):
    """A teller's drawer in one currency, from its float to its count; in between sessions its account is closed, and empty.

    `expected_minor` is what the postings up to the place `counted_seq` leave in it; a difference waits for the word about `adjustment`.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        COUNTED = "counted"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sessions")
    teller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=7, choices=Status, db_default=Status.OPEN)
    float_minor = models.BigIntegerField()
    opened_at = models.DateTimeField()
    opened_seq = models.BigIntegerField()
    counted_minor = models.BigIntegerField(null=True)
    expected_minor = models.BigIntegerField(null=True)
    counted_seq = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    counted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    explanation = models.CharField(max_length=140, blank=True, db_default="")
    adjustment = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account"], condition=~Q(status="closed"), name="till_open_once"),
            models.CheckConstraint(
                condition=Q(float_minor__gte=0) & ~Q(counted_minor__lt=0) & ~Q(expected_minor__lt=0), name="till_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(status="open", counted_minor__isnull=True, closed_at__isnull=True)
                | Q(status="counted", counted_minor__isnull=False, closed_at__isnull=True)
                | Q(status="closed", counted_minor__isnull=False, closed_at__isnull=False),
                name="till_state",
            ),
            models.CheckConstraint(
                condition=Q(counted_minor__isnull=True) | Q(counted_minor=F("expected_minor")) | Q(adjustment__isnull=False),
                name="till_difference_booked",
            ),
        )

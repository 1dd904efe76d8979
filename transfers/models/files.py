"""Payments files that tellers upload: kept as they came, with what was foreseen of each line and what became of it."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7


class PaymentsFile(models.Model):
    """One uploaded file. Nothing of it moves before `confirmed_at`; then its lines are booked in order, `booked` of `lines` so far."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=100)
    content = models.BinaryField()
    lines = models.PositiveIntegerField()
    booked = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=Q(booked__lte=F("lines")), name="paymentsfile_booked_at_most_its_lines"),
            models.CheckConstraint(condition=Q(booked=0) | Q(confirmed_at__isnull=False), name="paymentsfile_moves_when_confirmed"),
        )
        indexes = (
            models.Index(
                fields=["confirmed_at"], condition=Q(confirmed_at__isnull=False, finished_at__isnull=True), name="paymentsfile_open"
            ),
            models.Index(fields=["uploaded_at"], condition=Q(confirmed_at__isnull=True), name="paymentsfile_unconfirmed"),
        )


class PaymentsFileLine(models.Model):
    """One line: what it asks for as it was read, what was foreseen when it was checked, and the outcome once it was booked.

    A refusal is kept as its code and facts, so that it can be said in any language.
    """

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(PaymentsFile, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    end_to_end_id = models.CharField(max_length=200, blank=True)
    debtor = models.CharField(max_length=34, blank=True)
    creditor = models.CharField(max_length=34, blank=True)
    creditor_name = models.CharField(max_length=140, blank=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    foreseen = models.CharField(max_length=17)
    foreseen_code = models.CharField(max_length=40, blank=True)
    foreseen_facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    outcome = models.CharField(max_length=17, blank=True)
    code = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    transfer_id = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["file", "place"], name="paymentsfileline_place_once"),)

"""What the counter keeps beside transfers: printed receipts and closed days."""

from django.conf import settings
from django.db import models

from transfers.models.orders import Transfer


class ReceiptPrint(models.Model):
    """One printing of a transfer's receipt: the first is the original, every later one a copy."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveSmallIntegerField()
    printed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    printed_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["transfer", "number"], name="receipt_number_once"),)


class DayClose(models.Model):
    """A day of the branch that is over: what moved by kind and status, its tills, and whether the books were right."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(unique=True)
    totals = models.JSONField()
    tills = models.JSONField()
    differences = models.JSONField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)

"""What housekeeping measured of the whole bank, kept for those who ask every few seconds and must not look at everything."""

from django.db import models


class Measurement(models.Model):
    """One number of the bank and when it was true, such as `imbalance EUR`; `housekeeping` is written at the end of every pass."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)

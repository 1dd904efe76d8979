"""The register: banks, their keys, and who was invited to apply."""

from django.conf import settings
from django.db import models


class Bank(models.Model):
    """A bank of the register; none is ever removed. One that has only applied is told to nobody.

    `debit_caps` holds, by currency and in minor units, how much the bank may owe all others together; a currency not named has no cap.
    """

    class Status(models.TextChoices):
        APPLIED = "applied"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    code = models.CharField(max_length=11, primary_key=True)
    name = models.CharField(max_length=70)
    contact = models.CharField(max_length=140, blank=True, db_default="")
    site_url = models.CharField(max_length=200, blank=True, db_default="")
    api_url = models.CharField(max_length=200, blank=True, db_default="")
    topic = models.CharField(max_length=120, unique=True)
    partitions = models.SmallIntegerField()
    status = models.CharField(max_length=9, choices=Status, db_default=Status.ACTIVE)
    debit_caps = models.JSONField(default=dict)
    registered_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        permissions = (
            ("manage_banks", "Can invite, approve, suspend and close banks, set their caps and revoke their keys"),
            ("register_bank", "Can register a bank without a second person, at the machine itself"),
            ("publish_directory", "Can publish the directory of banks"),
        )


class BankKey(models.Model):
    """A public key that speaks for one bank, until revoked; `announced_by` is the key of the bank that vouched for it, if one did."""

    key_id = models.CharField(max_length=16, primary_key=True)
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="keys")
    public_key = models.CharField(max_length=64, unique=True)
    announced_by = models.CharField(max_length=16, blank=True, db_default="")
    announced_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)


class Invitation(models.Model):
    """A one-time code with which a bank may apply; only the SHA-256 of the code is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    bank = models.CharField(max_length=11)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)

"""The register: banks, their keys, and the versions of the directory."""

from django.db import models


class Bank(models.Model):
    """A bank of the register; none is ever removed."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    code = models.CharField(max_length=11, primary_key=True)
    name = models.CharField(max_length=70)
    topic = models.CharField(max_length=120, unique=True)
    partitions = models.SmallIntegerField()
    status = models.CharField(max_length=9, choices=Status, db_default=Status.ACTIVE)
    registered_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        permissions = (
            ("manage_banks", "Can register, suspend and close banks and revoke their keys"),
            ("publish_directory", "Can publish the directory of banks"),
        )


class BankKey(models.Model):
    """A public key that speaks for one bank, until revoked."""

    key_id = models.CharField(max_length=16, primary_key=True)
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="keys")
    public_key = models.CharField(max_length=64, unique=True)
    announced_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)

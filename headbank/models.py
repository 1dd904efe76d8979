"""The register: banks, their keys, and who was invited to apply; and the settlement of what the banks owe each other."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7


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


class Window(models.Model):
    """One settlement: what the banks owed each other at `cut_off_at`, asked of all of them until `deadline_at`."""

    class Status(models.TextChoices):
        COLLECTING = "collecting"
        PROPOSED = "proposed"
        BOOKED = "booked"
        REFUSED = "refused"
        EMPTY = "empty"

    id = models.UUIDField(primary_key=True, default=uuid7)
    status = models.CharField(max_length=10, choices=Status, db_default=Status.COLLECTING)
    cut_off_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approval = models.UUIDField(null=True)
    proposed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        permissions = (("settle", "Can close settlement windows and decide about them"),)
        constraints = (
            models.UniqueConstraint(models.Value(1), condition=Q(status__in=("collecting", "proposed")), name="window_one_open"),
        )


class WindowReport(models.Model):
    """What a bank was asked for a window (`message`) and said last: `positions` as they came, its clock as `reported_at`."""

    id = models.BigAutoField(primary_key=True)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="reports")
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="+")
    message = models.UUIDField()
    reported_at = models.DateTimeField(null=True)
    positions = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["window", "bank"], name="window_report_once"),)


class WindowPair(models.Model):
    """What two banks agree on (`amount_minor`, which `one` owes `other`), and why they were left out; empty where they were settled."""

    id = models.BigAutoField(primary_key=True)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="pairs")
    one = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True)
    flaw = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["window", "one", "other", "currency"], name="window_pair_once"),
            models.CheckConstraint(condition=~Q(flaw="") | Q(amount_minor__isnull=False), name="window_pair_amount"),
        )
        indexes = (models.Index(fields=["one", "other", "currency", "id"], condition=Q(flaw=""), name="window_pair_settled"),)


class WindowNet(models.Model):
    """What a bank gets (positive) or pays (negative) in a window and currency; how much it lacked, where it was left out for that."""

    id = models.BigAutoField(primary_key=True)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="nets")
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    lacking_minor = models.BigIntegerField(db_default=0)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["window", "bank", "currency"], name="window_net_once"),
            models.CheckConstraint(condition=Q(net_minor=0) | Q(lacking_minor=0), name="window_net_or_lacking"),
        )


class WindowNotice(models.Model):
    """The notice (`message`) that tells a bank what to book, and when it confirmed that it has."""

    id = models.BigAutoField(primary_key=True)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="notices")
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="+")
    message = models.UUIDField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["window", "bank"], name="window_notice_once"),)

"""Users, API clients, idempotency keys, approvals and the audit trail."""

from collections.abc import Mapping

import msgspec
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from uuid_utils.compat import uuid7


class OrderLimit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much a program may order in one currency, in minor units: in one transfer, and in all of a day; None is without limit."""

    per_transfer_minor: int | None = None
    per_day_minor: int | None = None

    def is_within(self, other: "OrderLimit") -> bool:
        """Say whether nothing can be ordered under this limit that the other refuses."""
        return _at_most(self.per_transfer_minor, other.per_transfer_minor) and _at_most(self.per_day_minor, other.per_day_minor)


def _at_most(limit: int | None, other: int | None) -> bool:
    return other is None or (limit is not None and limit <= other)


class User(AbstractUser):
    """A person or program that acts in this bank: disabled when it leaves, never deleted.

    A session is over when `sign_outs` has grown since it began.
    """

    sign_outs = models.PositiveIntegerField(default=0, db_default=0)
    password_given = models.BooleanField(default=False, db_default=False)  # by somebody else, who knows it: it opens one page alone

    class Meta(AbstractUser.Meta):
        default_permissions = ("view",)
        permissions = (
            ("manage_users", "Can add, change and disable users"),
            ("export_lists", "Can take lists away as files, which is recorded"),
            ("reveal_customers", "Can have names and numbers of customers shown that are masked, which is recorded"),
        )

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether this is the password; one that is hashed as of old is hashed anew, where it is still the user's by then."""
        before = self.password

        def hash_anew(password: str) -> None:
            encoded = make_password(password)
            if not User.objects.filter(pk=self.pk, password=before).update(password=encoded):
                encoded = User.objects.values_list("password", flat=True).get(
                    pk=self.pk
                )  # somebody was faster, with this password or another
            if check_password(password, encoded):
                self.password = encoded

        return check_password(raw_password, self.password, hash_anew)

    def get_session_auth_hash(self) -> str:
        """Return what a session must know to go on: another password, or another count of sign-outs, ends it."""
        known = super().get_session_auth_hash()
        return salted_hmac("access.sign-outs", f"{known}:{self.sign_outs}", algorithm="sha256").hexdigest() if self.sign_outs else known

    @property
    def acts_for_all(self) -> bool:
        """Return whether the user acts for every customer: staff, and programs of the bank itself; others need a mandate."""
        client = getattr(self, "client", None)
        return client.whole_bank if client else self.is_staff

    @property
    def order_limits(self) -> Mapping[str, OrderLimit]:
        """Return how much the user may order, by currency; people have no limits but those of their bank."""
        client = getattr(self, "client", None)
        return msgspec.convert(client.limits, dict[str, OrderLimit]) if client else {}


class ApiClient(models.Model):
    """What a program that signs in may do: `scopes` are the permissions left of those its roles give, all in null.

    It acts for the customers that gave it a mandate, or for the whole bank. `requests_per_minute` null means as many as everybody.
    `limits` are OrderLimits by currency; they lie here, where the token's check reads them, so that who has none pays nothing for them.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="client")
    scopes = models.JSONField(null=True)
    whole_bank = models.BooleanField(db_default=False)
    requests_per_minute = models.PositiveIntegerField(null=True)
    limits = models.JSONField(default=dict, db_default={})

    class Meta:
        default_permissions = ("view",)
        permissions = (("limit_client", "Can limit what an API client may order"),)


class IdempotencyKey(models.Model):
    """The first answer given to a request, kept for ever and given again to whoever repeats it.

    `body` is JSON as text: nothing looks into it, and a batch's thousand outcomes as jsonb cost more than the ledger's own writes.
    """

    id = models.BigAutoField(primary_key=True)
    principal = models.CharField(max_length=150)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.SmallIntegerField(db_default=0)
    body = models.TextField(default="{}")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["principal", "key"], name="idempotency_key_once"),)


class Approval(models.Model):
    """One question to a second person: who asked what and why, who decided when and why."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True, db_default="")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status, db_default=Status.WAITING)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        permissions = (("decide_approval", "Can be asked as a second person"),)
        constraints = (
            models.CheckConstraint(condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="approval_by_another"),
            models.CheckConstraint(condition=Q(status="waiting") | Q(decided_at__isnull=False), name="approval_decided_at"),
        )
        indexes = (
            models.Index(fields=["asked_at", "id"], condition=Q(status="waiting"), name="approval_waiting"),
            models.Index(fields=["subject"], name="approval_subject"),
        )


class AuditEvent(models.Model):
    """One thing somebody did, as it was before and after; rows are only ever added."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True, db_default="")
    request_id = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(fields=["action", "id"], name="audit_action"),
        )

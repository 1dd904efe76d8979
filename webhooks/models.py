"""Endpoints that programs registered, and what is delivered to them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from transfers.models import TransferEvent


class Endpoint(models.Model):
    """Where a user wants events delivered, and how far in the stream that is: everything up to (`place_xid`, `place_id`) is queued.

    `events` empty means all. Secrets are sealed (`vault`); the previous one signs too until `previous_until`. `sequence` is the number of
    its last delivery. After `failures` in a row, since `failing_since`, nothing is sent before `next_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    secret = models.BinaryField(max_length=100)
    previous_secret = models.BinaryField(max_length=100, null=True)
    previous_until = models.DateTimeField(null=True)
    place_xid = models.BigIntegerField()
    place_id = models.BigIntegerField()
    sequence = models.BigIntegerField(db_default=0)
    failures = models.IntegerField(db_default=0)
    failing_since = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        permissions = (("manage_endpoint", "Can register, change and disable webhooks"),)
        indexes = (models.Index(fields=["place_xid", "place_id"], condition=Q(disabled_at__isnull=True), name="endpoint_place"),)


class Delivery(models.Model):
    """One event for one endpoint: `body` is sent until it is taken. `event` is null where it is only a test.

    `asked_at` is when it was queued or last asked for, or when it first failed since then: patience counts from there.
    `answer_status` and `answer` are what the endpoint said last; a status of null is no answer at all.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"
        WITHDRAWN = "withdrawn"  # the owner may no longer see the event: it was never sent

    id = models.UUIDField(primary_key=True, default=uuid7)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    sequence = models.BigIntegerField()
    event = models.ForeignKey(TransferEvent, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    type = models.CharField(max_length=40)
    body = models.TextField()
    status = models.CharField(max_length=9, choices=Status, db_default=Status.PENDING)
    attempts = models.IntegerField(db_default=0)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    answer_status = models.SmallIntegerField(null=True)
    answer = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=["endpoint", "sequence"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(status="pending", finished_at__isnull=True) | (~Q(status="pending") & Q(finished_at__isnull=False)),
                name="delivery_finished_at",
            ),
        )
        indexes = (
            models.Index(fields=["endpoint", "next_at", "id"], condition=Q(finished_at__isnull=True), name="delivery_due"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="delivery_finished"),
        )

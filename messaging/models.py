"""The transport's tables: outbox, lease, offsets, dead letters, peers, directory, own keys, recovery."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

_UNFINISHED, _REQUEST, _UNSENT = Q(finished_at__isnull=True), Q(is_request=True), Q(first_published_at__isnull=True)


class Message(models.Model):
    """One message this bank owes another, written in the transaction that caused it (the outbox).

    `value` is the exact envelope that is signed and published. A request is finished when `open_items` is 0, an answer when it is published
    (answers are written with `open_items` 0).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    destination = models.CharField(max_length=11)
    partition = models.SmallIntegerField()
    type = models.CharField(max_length=60)
    value = models.BinaryField()
    open_items = models.IntegerField(db_default=0)
    is_request = models.BooleanField()
    attempts = models.IntegerField(db_default=0)
    created_at = models.DateTimeField()
    first_published_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(open_items__gte=0), name="message_open_items"),)
        indexes = (
            models.Index(fields=["next_at", "id"], condition=_UNFINISHED & Q(is_request=False), name="message_answer_due"),
            models.Index(fields=["next_at", "id"], condition=_UNFINISHED & _REQUEST & _UNSENT, name="message_first_due"),
            models.Index(fields=["next_at", "id"], condition=_UNFINISHED & _REQUEST & ~_UNSENT, name="message_repeat_due"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="message_finished"),
        )


class Lease(models.Model):
    """Who may do now what only one does: the relay that publishes, until its lease runs out. A turn for a transaction names no holder."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=80, blank=True, db_default="")
    until = models.DateTimeField(null=True)


class WorkerFailure(models.Model):
    """A worker process that fails again and again; `failures` in a row, and the row goes when it succeeds."""

    worker = models.CharField(max_length=100, primary_key=True)
    job = models.CharField(max_length=20)
    failures = models.IntegerField()
    error = models.CharField(max_length=200)
    since = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker


class StoredOffset(models.Model):
    """The next record to read of a partition, moved in the transaction that holds the effects of those before."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=120)
    partition = models.IntegerField()
    next_offset = models.BigIntegerField()
    cluster_id = models.CharField(max_length=60)
    rewound_from = models.BigIntegerField(null=True)
    attempts = models.IntegerField(db_default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["topic", "partition"], name="stored_offset_once"),)


class DeadLetter(models.Model):
    """A message (or one transfer of it, named by `item`) that could not count, with its reason.

    One row of a message keeps its `value` for all of them.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        REDRIVING = "redriving"
        REDRIVEN = "redriven"
        DISCARDED = "discarded"

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    item = models.CharField(max_length=80, blank=True, db_default="")
    value = models.BinaryField()
    headers = models.JSONField(default=list)
    topic = models.CharField(max_length=120)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    sender = models.CharField(max_length=11, blank=True, db_default="")  # the bank whose signature was verified
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=500, blank=True, db_default="")
    count = models.IntegerField(db_default=1)
    status = models.CharField(max_length=9, choices=Status, db_default=Status.OPEN)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        permissions = (("decide_dead_letter", "Can decide what becomes of a dead letter"),)
        constraints = (models.UniqueConstraint(fields=["digest", "item"], name="dead_letter_once"),)
        indexes = (
            models.Index(fields=["status", "id"], name="dead_letter_status"),
            models.Index(fields=["reason", "sender"], name="dead_letter_group"),
        )


class DeadLetterTally(models.Model):
    """What became dead letters of one sender on one day (UTC): kept up to a limit, then `dropped` and only counted."""

    id = models.BigAutoField(primary_key=True)
    sender = models.CharField(max_length=11, blank=True, db_default="")
    day = models.DateField()
    kept = models.IntegerField(db_default=0)
    kept_bytes = models.BigIntegerField(db_default=0)
    dropped = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sender", "day"], name="dead_letter_tally_once"),)


class Peer(models.Model):
    """A bank of the directory, this one included, as the last verified document says; `debit_caps` in minor units by currency."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    code = models.CharField(max_length=11, primary_key=True)
    name = models.CharField(max_length=70)
    topic = models.CharField(max_length=120)
    partitions = models.SmallIntegerField()
    status = models.CharField(max_length=9, choices=Status)
    debit_caps = models.JSONField(default=dict)


class PeerKey(models.Model):
    """A public key that speaks for exactly one bank until it is revoked."""

    key_id = models.CharField(max_length=16, primary_key=True)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="keys")
    public_key = models.CharField(max_length=64)
    revoked = models.BooleanField(db_default=False)


class Directory(models.Model):
    """A version of the directory of banks, byte for byte as the head bank signed it."""

    version = models.BigIntegerField(primary_key=True)
    value = models.BinaryField()
    signature = models.BinaryField()
    key_id = models.CharField(max_length=16)
    received_at = models.DateTimeField()


class OwnKey(models.Model):
    """A public key of this bank; its private half is a file that only one process reads.

    `use` is messages, tokens, or coming: to sign messages once the head bank vouches for it.
    """

    key_id = models.CharField(max_length=16, primary_key=True)
    use = models.CharField(max_length=8)
    public_key = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)


class Recovery(models.Model):
    """A time in which this bank neither reads nor publishes, because its database went back behind the broker (protocol rule 9).

    `committed` is what the broker says this bank had read, by partition of its letter box.
    """

    id = models.BigAutoField(primary_key=True)
    detail = models.CharField(max_length=500)
    cluster_id = models.CharField(max_length=60)
    committed = models.JSONField(default=dict)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    approval_id = models.UUIDField(null=True)

    class Meta:
        verbose_name_plural = "recoveries"
        permissions = (("end_recovery", "Can decide that this bank reads and publishes again"),)
        constraints = (models.UniqueConstraint(models.Value(1), condition=Q(ended_at__isnull=True), name="recovery_one_open"),)

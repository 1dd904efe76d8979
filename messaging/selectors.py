"""What messaging knows: the other banks, and how far the conversation with them is."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import connection
from django.db.models import Max, Min, Q

from access.site import this_bank
from messaging.models import DeadLetter, Directory, Lease, Message, OwnKey, Peer, PeerKey, Recovery
from messaging.signing import key_id_of

COUNT_AT_MOST = 10_000  # whoever asks often is not told of more


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerRow:
    """A bank of the directory; `status` is active, suspended or closed, `debit_caps` what it may owe by currency, in minor units."""

    code: str
    name: str
    topic: str
    partitions: int
    status: str
    debit_caps: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRow:
    """A key of the directory and the one bank it speaks for."""

    key_id: str
    bank: str
    public_key: str
    revoked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterGroup:
    """Dead letters of one reason and one sender, empty where no bank's signature was verified."""

    reason: str
    sender: str
    count: int


_PEER = ("code", "name", "topic", "partitions", "status", "debit_caps")


def peer(*, code: str) -> PeerRow | None:
    """Return a bank of the directory, or None."""
    return peers(codes=[code]).get(code)


def peers(*, codes: Collection[str]) -> dict[str, PeerRow]:
    """Return the banks of the directory among these codes, by code.

    Written by hand because every payment that leaves asks: the ORM took longer to phrase the question than the payment to book.
    """
    if not codes:
        return {}
    places = ", ".join(["%s"] * len(codes))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_PEER)} FROM messaging_peer WHERE code IN ({places})", [*codes])  # noqa: S608  # our own names
        rows = cursor.fetchall()
    return {row[0]: PeerRow(**dict(zip(_PEER[:-1], row, strict=False)), debit_caps=msgspec.json.decode(row[5])) for row in rows}


def peers_after(*, code: str = "", limit: int) -> list[PeerRow]:
    """Return banks of the directory, by code, from behind the one named."""
    return [PeerRow(**row) for row in Peer.objects.filter(code__gt=code).order_by("code").values(*_PEER)[:limit]]


def all_peers() -> list[PeerRow]:
    """Return every bank of the directory, by code."""
    return [PeerRow(**row) for row in Peer.objects.order_by("code").values(*_PEER)]


def keys(*, key_ids: Collection[str]) -> dict[str, KeyRow]:
    """Return the keys among these ids, by id: those of the directory, revoked ones included, and the head bank's."""
    rows = PeerKey.objects.filter(key_id__any=list(key_ids)).values_list("key_id", "peer_id", "public_key", "revoked")
    found = {row[0]: KeyRow(key_id=row[0], bank=row[1], public_key=row[2], revoked=row[3]) for row in rows}
    trusted = this_bank().head_bank_key
    if trusted and (head_id := key_id_of(public_key=trusted)) in key_ids:
        found[head_id] = KeyRow(key_id=head_id, bank=this_bank().head_bank_code, public_key=trusted, revoked=False)
    return found


def own_public_key(*, use: str) -> str | None:
    """Return the public half of this bank's newest key for `use` (messages or tokens), None when it has none."""
    current = OwnKey.objects.filter(use=use, retired_at__isnull=True)
    return current.order_by("-created_at", "key_id").values_list("public_key", flat=True).first()


def own_public_keys(*, use: str, since: datetime) -> dict[str, str]:
    """Return the public halves of this bank's keys for `use` that are current or were retired after `since`, newest first, by id."""
    counting = OwnKey.objects.filter(Q(retired_at__isnull=True) | Q(retired_at__gt=since), use=use)
    return dict(counting.order_by("-created_at", "key_id").values_list("key_id", "public_key"))


def directory_version() -> int:
    """Return the version of the directory this bank goes by, 0 when it has none."""
    return Directory.objects.aggregate(Max("version"))["version__max"] or 0


def directory_taken_at() -> datetime | None:
    """Return when the directory this bank goes by was taken, None when it has none."""
    return Directory.objects.order_by("-version").values_list("received_at", flat=True).first()


def oldest_unsent() -> datetime | None:
    """Return since when the oldest message waits for its first publication, of the COUNT_AT_MOST that are due first."""
    waiting = Message.objects.filter(finished_at__isnull=True, first_published_at__isnull=True).order_by("next_at", "id")
    oldest: datetime | None = waiting[:COUNT_AT_MOST].aggregate(oldest=Min("created_at"))["oldest"]
    return oldest


def unsent_count() -> int:
    """Return how many messages wait for their first publication, counting to COUNT_AT_MOST."""
    return Message.objects.filter(finished_at__isnull=True, first_published_at__isnull=True)[:COUNT_AT_MOST].count()


def unanswered_count() -> int:
    """Return how many published requests wait for answers, counting to COUNT_AT_MOST."""
    return Message.objects.filter(finished_at__isnull=True, is_request=True, first_published_at__isnull=False)[:COUNT_AT_MOST].count()


def bank_codes() -> list[str]:
    """Return the codes of the banks of the directory."""
    return list(Peer.objects.order_by("code").values_list("code", flat=True))


def open_dead_letters(*, signed: bool = True) -> int:
    """Return how many dead letters wait for a person, those that a bank signed or all others, counting to COUNT_AT_MOST.

    Anybody who may write to the inbound topic makes unsigned ones, so those that matter are counted apart.
    """
    unsigned = Q(sender="")
    return DeadLetter.objects.filter(~unsigned if signed else unsigned, status=DeadLetter.Status.OPEN)[:COUNT_AT_MOST].count()


def dead_letter_groups(*, limit: int = 100) -> list[DeadLetterGroup]:
    """Return the dead letters that wait for a person by reason and sender: signed ones first, and the largest groups first."""
    waiting = DeadLetter.objects.filter(status=DeadLetter.Status.OPEN).order_by("id").values_list("reason", "sender")[:COUNT_AT_MOST]
    groups = [DeadLetterGroup(reason=reason, sender=sender, count=count) for (reason, sender), count in Counter(waiting).items()]
    return sorted(groups, key=lambda group: (not group.sender, -group.count, group.reason, group.sender))[:limit]


def relay_is_active(*, now: datetime) -> bool:
    """Return whether a relay holds the lease."""
    return Lease.objects.filter(name="relay", until__gt=now).exists()


def own_keys_since() -> dict[str, datetime]:
    """Return when the current key of each use was made."""
    return dict(OwnKey.objects.filter(retired_at__isnull=True).order_by("created_at", "key_id").values_list("use", "created_at"))


def open_recovery_since() -> datetime | None:
    """Return when the recovery began that is not over, None where there is none."""
    return Recovery.objects.filter(ended_at__isnull=True).values_list("since", flat=True).first()


def in_recovery() -> bool:
    """Return whether this bank neither reads nor publishes until two persons say so (protocol rule 9)."""
    return Recovery.objects.filter(ended_at__isnull=True).exists()

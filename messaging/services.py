"""What people do to the conversation with other banks: keys, replays, dead letters, the end of a recovery."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max

from access import approvals, audit
from access.models import Approval, User
from access.permissions import require
from access.site import this_bank
from messaging import dead_letters, letter_box, offsets, outbox, permissions, signing
from messaging.broker import Record
from messaging.errors import DeadLetterNotOpen, DeadLettersNone, NotInRecovery, RecordNotNext
from messaging.events import KEY_ANNOUNCED
from messaging.models import DeadLetter, Message, OwnKey, Recovery

KEPT_FOR = timedelta(days=7)
SKIP, DISCARD_GROUP = "record.skip", "dead-letter.discard-group"


def ensure_own_key(*, use: str, file: Path, now: datetime) -> str:
    """Have a key for `use` (messages or tokens) in this file, and its public half in the database; return the public half.

    Safe to repeat. A key for messages that takes the place of a lost one retires it: only one signs, and what the lost one announced
    is asked for no more. Raises KeyFileUnusable.
    """
    key = signing.load_key_file(file=file) if file.exists() else signing.create_key_file(file=file)
    with transaction.atomic():
        if not OwnKey.objects.filter(key_id=key.key_id).exists():
            if use == "messages":
                OwnKey.objects.filter(use=use, retired_at__isnull=True).update(retired_at=now)
                outbox.finish(type=KEY_ANNOUNCED, now=now)
            OwnKey.objects.create(key_id=key.key_id, use=use, public_key=key.public_key, created_at=now)
            audit.record(actor=None, action="key.created", subject=f"key:{key.key_id}", after={"use": use}, now=now)
    return key.public_key


def rotate_own_key(*, use: str, file: Path, now: datetime, at_once: bool = False) -> str:
    """Replace the key in this file by a new one and retire those before, whose signatures still count for as long as readers decide.

    With `at_once` those before are forgotten, and nothing they signed counts: somebody else may have one. Returns the public half.
    The new key is known to the database before the file changes, so nothing is signed that nobody can check; after a crash between the
    two it is simply done again. Raises KeyFileUnusable.
    """
    coming = file.with_name(file.name + ".next")
    key = signing.load_key_file(file=coming) if coming.exists() else signing.create_key_file(file=coming)
    with transaction.atomic():
        OwnKey.objects.get_or_create(key_id=key.key_id, defaults={"use": use, "public_key": key.public_key, "created_at": now})
        others = OwnKey.objects.filter(use=use).exclude(key_id=key.key_id)
        retired = others if at_once else others.filter(retired_at__isnull=True)
        after = {"use": use, "forgotten" if at_once else "retired": sorted(retired.values_list("key_id", flat=True))}
        if at_once:
            retired.delete()
        else:
            retired.update(retired_at=now)
        audit.record(actor=None, action="key.rotated", subject=f"key:{key.key_id}", after=after, now=now)
    coming.replace(file)
    signing.public_file(file).write_text(key.public_key + "\n")
    signing.public_file(coming).unlink(missing_ok=True)
    return key.public_key


def replay_messages(*, starts: Mapping[int, int] | None, now: datetime, dry_run: bool = False) -> dict[int, tuple[int, int]]:
    """Read this bank's letter box again from these offsets, or all of it; return (from, to be read again from) for each partition.

    Changes nothing that was decided; every answer is given again. Raises OffsetUnknown.
    """
    topic = letter_box.topic_of(code=this_bank().code)
    with transaction.atomic():
        moves = offsets.rewind(topic=topic, starts=starts, now=now)
        after = {str(partition): start for partition, (_, start) in moves.items()}
        audit.record(actor=None, action="messages.replayed", subject=f"topic:{topic}", after=after, now=now)
        transaction.set_rollback(dry_run)
    return moves


def end_recovery(*, by: User, reason: str, now: datetime, facts: Mapping[str, object] | None = None, bound: Collection[str] = ()) -> bool:
    """Ask for the end of the recovery, or grant what another person asked for; return whether it ended. `facts` are shown to the second.

    A request whose `bound` facts are not those of now is over, and this one takes its place: nobody grants what they were not shown.
    The bank then reads on where its own database says. Raises NotInRecovery, NotAllowed, ReasonMissing, OwnApproval.
    """
    with transaction.atomic():
        recovery = Recovery.objects.select_for_update(no_key=True).filter(ended_at__isnull=True).first()
        if recovery is None:
            raise NotInRecovery
        shown = {"detail": recovery.detail, "since": recovery.since.isoformat(), **(facts or {})}
        granted = _granted(
            action="recovery.end",
            subject=f"recovery:{recovery.pk}",
            facts=shown,
            permission=permissions.END_RECOVERY,
            by=by,
            reason=reason,
            now=now,
            bound=bound,
        )
        if granted is None:
            return False
        topic = letter_box.topic_of(code=this_bank().code)
        committed = {int(partition): offset for partition, offset in recovery.committed.items()}
        offsets.accept(topic=topic, committed=committed, cluster_id=recovery.cluster_id, now=now)
        Recovery.objects.filter(pk=recovery.pk).update(ended_at=now, approval_id=granted)
        return True


def redrive_dead_letter(*, letter_id: int, by: User, reason: str, now: datetime) -> bool:
    """Ask that a dead letter is tried again by the consumer, or grant it; return whether it was granted. Raises as `end_recovery`."""
    return _decide_letter(letter_id, DeadLetter.Status.REDRIVING, "dead-letter.redrive", by, reason, now)


def discard_dead_letter(*, letter_id: int, by: User, reason: str, now: datetime) -> bool:
    """Ask that a dead letter is never looked at again, or grant it; return whether it was granted. Raises as `end_recovery`.

    One without a verified signature is discarded at once.
    """
    return _decide_letter(letter_id, DeadLetter.Status.DISCARDED, "dead-letter.discard", by, reason, now)


def discard_dead_letters(*, group: str, sender: str, by: User, reason: str, now: datetime) -> int | None:
    """Discard the open dead letters of one reason (`group`) and sender; return how many, or None while a second person must grant it.

    Those without a verified signature are discarded at once. Of those that a bank signed, only what was there when the first person asked
    is discarded. Raises DeadLettersNone, NotAllowed, ReasonMissing, OwnApproval.
    """
    with transaction.atomic():
        letters = DeadLetter.objects.filter(status=DeadLetter.Status.OPEN, reason=group, sender=sender)
        shown = letters.aggregate(count=Count("id"), newest=Max("id"))
        if not shown["count"]:
            raise DeadLettersNone(group=group, sender=sender or "nobody")
        subject = f"dead-letters:{group}:{sender}"
        if not sender:
            require(by=by, permission=permissions.DECIDE_DEAD_LETTER, reason=reason)
            audit.record(actor=by, action="dead-letter.discarded", subject=subject, after=shown, reason=reason, now=now)
            return letters.filter(id__lte=shown["newest"]).update(status=DeadLetter.Status.DISCARDED)
        granted = _granted(
            action=DISCARD_GROUP,
            subject=subject,
            facts={"group": group, "bank": sender, **shown},
            permission=permissions.DECIDE_DEAD_LETTER,
            by=by,
            reason=reason,
            now=now,
        )
        if granted is None:
            return None
        newest = Approval.objects.get(pk=granted).facts["newest"]
        return letters.filter(id__lte=newest).update(status=DeadLetter.Status.DISCARDED)


def skip_record(*, partition: int, offset: int, by: User, reason: str, now: datetime) -> bool:
    """Ask that the consumer passes the record that it cannot get past, or grant it; return whether it was passed.

    Only the next record of a partition can be skipped; a dead letter without content says which one it was. The running consumer goes on
    behind it by itself. Locks the partition's stored offset. Raises RecordNotNext, NotAllowed, ReasonMissing, OwnApproval.
    """
    topic = letter_box.topic_of(code=this_bank().code)
    with transaction.atomic():
        rows = offsets.lock_rows(topic=topic, partitions=[partition])
        if partition not in rows or rows[partition].next_offset != offset:
            raise RecordNotNext(partition=partition, next=rows[partition].next_offset if partition in rows else None)
        granted = _granted(
            action=SKIP,
            subject=f"record:{partition}:{offset}",
            facts={"topic": topic, "partition": partition, "offset": offset, "attempts": rows[partition].attempts},
            permission=permissions.DECIDE_DEAD_LETTER,
            by=by,
            reason=reason,
            now=now,
        )
        if granted is not None:
            record = Record(topic=topic, partition=partition, offset=offset, value=b"")
            dead_letters.bury(record=record, reason="skipped", detail=reason, now=now, item=f"{partition}:{offset}")
            offsets.advance(rows=rows, offsets={partition: offset + 1}, now=now)
        return granted is not None


def delete_finished_messages(*, now: datetime, limit: int = 10_000) -> int:
    """Delete messages of the outbox that were finished a week ago; return how many."""
    old = Message.objects.filter(finished_at__lt=now - KEPT_FOR).order_by("finished_at", "id").values_list("id", flat=True)[:limit]
    return Message.objects.filter(id__any=list(old)).delete()[0]


def _decide_letter(letter_id: int, status: str, action: str, by: User, reason: str, now: datetime) -> bool:  # noqa: PLR0917  # private, both callers are above
    with transaction.atomic():
        letter = (
            DeadLetter.objects.select_for_update(no_key=True).defer("value").filter(pk=letter_id, status=DeadLetter.Status.OPEN).first()
        )
        if letter is None:
            raise DeadLetterNotOpen(letter=letter_id)
        facts = {"reason": letter.reason, "detail": letter.detail, "count": letter.count}
        subject = f"dead-letter:{letter.pk}"
        if status == DeadLetter.Status.DISCARDED and not letter.sender:  # anybody can make as many of these as they like
            require(by=by, permission=permissions.DECIDE_DEAD_LETTER, reason=reason)
            audit.record(actor=by, action="dead-letter.discarded", subject=subject, after=facts, reason=reason, now=now)
            DeadLetter.objects.filter(pk=letter.pk).update(status=status)
            return True
        granted = _granted(
            action=action, subject=subject, facts=facts, permission=permissions.DECIDE_DEAD_LETTER, by=by, reason=reason, now=now
        )
        if granted is not None:
            DeadLetter.objects.filter(pk=letter.pk).update(status=status)
        return granted is not None


def _granted(  # what an approval has
    *,
    action: str,
    subject: str,
    facts: Mapping[str, object],
    permission: str,
    by: User,
    reason: str,
    now: datetime,
    bound: Collection[str] = (),
) -> UUID | None:
    """Return the approval that the second of two persons gives now; ask for it and return None when this is the first.

    What was asked for when the `bound` facts were others is over.
    """
    require(by=by, permission=permission, reason=reason)
    asked = Approval.objects.filter(subject=subject, action=action, status=Approval.Status.WAITING).order_by("id")
    waiting = next((each for each in asked if all(each.facts.get(name) == facts[name] for name in bound)), None)
    if waiting is None:
        approvals.end_waiting(subject=subject, action=action, now=now)
        approvals.ask(action=action, subject=subject, facts=facts, reason=reason, by=by, now=now)
        return None
    return approvals.agree(waiting.pk, action, permission=permission, by=by, reason=reason, now=now).pk

"""The refusals of messaging, in the order in which they are checked."""

from access.errors import DomainError


class MessageTooLarge(DomainError):
    """The envelope is larger than brokers take; `facts` carry `size` and `limit` in bytes."""

    code, title, iso_reason = "message-too-large", "The message is too large to be sent.", "FF01"
    advice = "It has {size} bytes, at most {limit} can be sent; split it."


class DirectoryRefused(DomainError):
    """A directory of banks cannot be believed or read; `facts` carry `why`."""

    code, title, iso_reason = "directory-refused", "The directory of banks was refused.", "DS02"
    advice = "{why}."


class KeyFileUnusable(DomainError):
    """A key file is missing, readable by others or not an Ed25519 key; `facts` carry `file` and `why`."""

    code, title = "key-file-unusable", "The key file cannot be used."
    advice = "{file}: {why}."


class HeadBankUnreachable(DomainError):
    """The head bank's site gave no answer that helps; `facts` carry `why`."""

    code, title = "head-bank-unreachable", "The head bank's site did not answer as it should."
    advice = "{why}."


class ApplicationInvalid(DomainError):
    """What this bank would say of itself cannot be sent; `facts` carry `why`."""

    code, title = "application-invalid", "The application cannot be sent like this."
    advice = "{why}."


class HeadBankKeyFixed(DomainError):
    """The head bank's key is what every bank was given; nobody could vouch for another."""

    code, title = "head-bank-key-fixed", "The head bank's key is not rotated over the wire."
    advice = "Give every bank the new key as HEAD_BANK_KEY first, then replace the file and publish."


class EventStreamRestarted(DomainError):
    """The event a cursor names is not there: the bank restored an older database; `facts` carry `next`, the last cursor that is there."""

    code, title = "event-stream-restarted", "The bank restored an older database; the event at your cursor is not there any more."
    advice = "Forget events you read after `next`, and go on with `next` as `after`; where it is missing, begin without `after`."


class NotInRecovery(DomainError):
    """There is no recovery to end."""

    code, title = "not-in-recovery", "This bank is not in recovery."


class InRecovery(DomainError):
    """This bank's database is behind what it told its broker, so it neither reads nor publishes; `facts` carry `detail`."""

    code, title = "in-recovery", "This bank is in recovery."
    advice = "{detail}. gather_lists asks the other banks; then two persons end it with end_recovery."


class OffsetUnknown(DomainError):
    """A replay was asked from a partition or an offset that does not exist; `facts` carry `partition`."""

    code, title = "offset-unknown", "There is nothing to replay there."
    advice = "Partition {partition} was never read that far by this bank."


class RecordNotNext(DomainError):
    """Only the record that a consumer reads next can be skipped; `facts` carry `partition` and `next`, its offset or None."""

    code, title = "record-not-next", "This is not the record that the consumer reads next."
    advice = "`status` names the partition and the offset at which it stands still; partition {partition} is at {next}."


class DeadLetterNotOpen(DomainError):
    """The dead letter does not exist or was dealt with before; `facts` carry `letter`."""

    code, title = "dead-letter-not-open", "Nobody waits for this dead letter."
    advice = "Dead letter {letter} is not open."


class DeadLettersNone(DomainError):
    """No open dead letter has this reason and sender; `facts` carry `group`, the reason, and `sender`."""

    code, title = "dead-letters-none", "No dead letter of this group waits."
    advice = "None with the reason {group}, signed by {sender}, is open; the list of dead letters shows the groups there are."


class BrokerError(Exception):
    """The broker failed or did not answer: whether it did what was asked is unknown, so ask again with a new client.

    `topics` names those at fault, where the broker said so: the others may be tried without them.
    """

    def __init__(self, message: str, *, topics: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.topics = topics


class Fenced(BrokerError):
    """A newer producer of the same name took over: this one can never publish again."""


class Unreadable(Exception):
    """A message cannot count as a whole: `reason` is a stable code, `detail` is for the person who looks at the dead letter.

    `signed_by` is the bank whose signature was verified before, empty where there was none.
    """

    def __init__(self, reason: str, detail: str = "", *, signed_by: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.signed_by = signed_by

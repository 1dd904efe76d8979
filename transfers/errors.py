"""The refusals of transfers, in the order in which they are checked; `iso_reason` is what another bank is told."""

from access.errors import DomainError
from access.sets import StaleRows


class TextInvalid(DomainError):
    """A text is too long or holds control characters; `facts` carry `field` and `longest`."""

    code, title, iso_reason = "text-invalid", "A text cannot be sent as it is.", "CH16"
    advice = "Write {field} in at most {longest} characters, without line breaks or other control characters."


class IbanInvalid(DomainError):
    """The account number is not an IBAN (ISO 13616); `facts` carry `number`."""

    code, title, iso_reason = "iban-invalid", "The account number is not a valid IBAN.", "AC01"
    advice = "Check {number} with whoever gave it to you: its check digits do not fit."


class NotOurAccount(DomainError):
    """The account to debit is kept by another bank; `facts` carry `number`."""

    code, title, iso_reason = "not-our-account", "This account is kept by another bank.", "AC01"
    advice = "Money can only be taken from accounts of this bank; {number} is not one."


class AmountTooLarge(DomainError):
    """The amount is above 10^15 minor units; `facts` carry `amount_minor`."""

    code, title, iso_reason = "amount-too-large", "The amount is larger than a transfer may be.", "AM02"
    advice = "A transfer moves at most 10^15 minor units, not {amount_minor}."


class OrderMalformed(DomainError):
    """The order can be read but breaks the wire contract; `facts` carry `detail`."""

    code, title, iso_reason = "order-malformed", "A field of the order does not fit the contract between banks.", "CH16"
    advice = "{detail}"


class VersionUnknown(DomainError):
    """The order came in a version of the contract this bank does not know; `facts` carry `version`."""

    code, title, iso_reason = "version-unknown", "This bank does not know this version of the contract.", "FF01"
    advice = "Send version 1 instead of {version}."


class BankUnknown(DomainError):
    """No bank of the directory has the code; `facts` carry `bank`."""

    code, title, iso_reason = "bank-unknown", "No bank with this code is in the directory.", "RC01"
    advice = "Check the account number: it names the bank {bank}."


class ListsMissing(DomainError):
    """Banks have not said yet what became of the transfers between us; `facts` carry `banks`."""

    code, title = "lists-missing", "The other banks' lists are not complete."
    advice = "Run gather_lists until {banks} has answered, or end the recovery without lists."


class NetDebitCapReached(DomainError):
    """This bank would owe the others more than its cap; `facts` carry `currency`, `cap_minor`, `owed_minor` and `amount_minor`."""

    code, title, iso_reason = "net-debit-cap-reached", "This bank owes the others as much as it may.", "AM14"
    advice = "It owes {owed_minor} of at most {cap_minor}; {amount_minor} can leave when it has settled."


class BankSuspended(DomainError):
    """The bank is suspended, nothing new goes to it or comes from it; `facts` carry `bank`."""

    code, title, iso_reason = "bank-suspended", "The other bank is suspended.", "AG10"
    advice = "Try again when {bank} is active; transfers under way still finish."


class BankClosed(DomainError):
    """The bank is closed for good; `facts` carry `bank`."""

    code, title, iso_reason = "bank-closed", "The other bank is closed.", "RC04"
    advice = "Ask the creditor for an account at another bank than {bank}."


class TransferLimitExceeded(DomainError):
    """The client may not order that much in one transfer; `facts` carry `currency`, `limit_minor` and `amount_minor`."""

    code, title, iso_reason = "transfer-limit-exceeded", "This is more than may be ordered at once.", "AM14"
    advice = "At most {limit_minor}, not {amount_minor}; ask the bank for a higher limit."


class OrderExpired(DomainError):
    """The order reached the destination after its `expires_at`; `facts` carry `expires_at`."""

    code, title, iso_reason = "order-expired", "The order arrived too late.", "AB05"
    advice = "It was valid until {expires_at}; send a new one."


class OrderCancelled(DomainError):
    """The debtor's bank asked to cancel before the order was decided."""

    code, title, iso_reason = "order-cancelled", "The order was cancelled before it was decided.", "CUST"


class TransferUnknown(DomainError):
    """There is no such transfer; `facts` carry `transfer`."""

    code, title = "transfer-unknown", "There is no such transfer."
    advice = "Check the id {transfer}."


class NotPending(DomainError):
    """Only a pending outgoing transfer can be cancelled; `facts` carry `transfer` and `status`."""

    code, title = "not-pending", "This transfer can no longer be cancelled."
    advice = "Transfer {transfer} is {status}."


class NotReversible(DomainError):
    """Only a completed deposit, withdrawal or internal transfer can be reversed; `facts` carry `transfer`, `kind` and `status`."""

    code, title = "not-reversible", "This transfer cannot be reversed."
    advice = "Transfer {transfer} is {kind}, {status}; money that left comes back only by a new transfer."


class AlreadyReversed(DomainError):
    """A transfer is reversed once; `facts` carry `transfer`."""

    code, title = "already-reversed", "This transfer was reversed before."
    advice = "Look for the reversal of {transfer} among the transfers."


class AdjustmentNotInternal(DomainError):
    """An adjustment touches at least one of the bank's own accounts; `facts` carry `debit` and `credit`."""

    code, title = "adjustment-not-internal", "An adjustment needs one of the bank's own accounts."
    advice = "Between {debit} and {credit} make a transfer instead."


class AdjustmentOfTill(DomainError):
    """What is in a till is put right by counting it, and by nothing else; `facts` carry `till`."""

    code, title = "adjustment-of-till", "A till is put right by counting it."
    advice = "Count {till}: the difference is booked from the count, and a second person agrees to it."


class FloatTooLarge(DomainError):
    """One person carries at most the approval limit out of the vault at once; `facts` carry `limit_minor` and `currency`."""

    code, title = "float-too-large", "That is too much to fetch from the vault at once."
    advice = "Fetch at most {limit_minor}; more in a drawer is more at risk."


class TillBusy(DomainError):
    """Orders for cash of this till wait for a second person; `facts` carry `till` and `waiting`."""

    code, title = "till-busy", "Orders at this till still wait for approval."
    advice = "Have the {waiting} orders that wait for cash of {till} decided, then count."


class CountWaiting(DomainError):
    """The difference of a counted till waits for a second person; `facts` carry `till`."""

    code, title = "count-waiting", "The count waits for a second person."
    advice = "Ask a supervisor to look at the difference of {till}; then it can be closed."


class CountRefused(DomainError):
    """The second person did not agree to the difference; `facts` carry `till`."""

    code, title = "count-refused", "The difference was not agreed to."
    advice = "Count {till} again."


class DayOver(DomainError):
    """The day is closed: no till opens until the next one; `facts` carry `day`."""

    code, title = "day-over", "The day is closed."
    advice = "Tills open again on the day after {day}."


class DayNotOver(DomainError):
    """A day to come cannot be closed; `facts` carry `day`."""

    code, title = "day-not-over", "This day has not begun."
    advice = "{day} lies ahead; close today or a day before."


class DayUnknown(DomainError):
    """The day was not closed; `facts` carry `day`."""

    code, title = "day-unknown", "This day was not closed."
    advice = "Close {day} first."


class TillsOpen(DomainError):
    """A day is closed when its tills are; `facts` carry `tills`."""

    code, title = "tills-open", "Not every till is closed."
    advice = "Count and close {tills} first."


class NothingToRefund(DomainError):
    """The bank is not closed, or nothing to it is pending; `facts` carry `bank`."""

    code, title = "nothing-to-refund", "There is nothing to refund."
    advice = "Only pending transfers to a closed bank are refunded by hand; look at {bank} in the directory."


class DayNotBegun(DomainError):
    """Nothing that was decided that day is a minute old yet; `facts` carry `day`."""

    code, title = "day-not-begun", "The day cannot be compared yet."
    advice = "Days are those of UTC. Ask about {day} when it has begun."


class BreakUnknown(DomainError):
    """There is no such difference with another bank; `facts` carry `difference`."""

    code, title = "break-unknown", "There is no such difference with another bank."
    advice = "`reconcile_banks` lists those there are; {difference} is none."


class NothingToRepair(DomainError):
    """The difference is over, its repair is under way, or it is not this bank's to repair; `facts` carry `why`."""

    code, title = "nothing-to-repair", "This difference is not repaired here and now."
    advice = "{why}"


class OthersRefused(DomainError):
    """Another order of the same all-or-nothing batch was refused."""

    code, title = "others-refused", "Nothing of this batch was booked."
    advice = "Mend the orders that were refused for a reason of their own, then send all again."


class ApprovalRefused(DomainError):
    """The second person said no."""

    code, title = "approval-refused", "The order was not approved."


class ApprovalExpired(DomainError):
    """Nobody decided in time."""

    code, title = "approval-expired", "Nobody approved the order in time."
    advice = "Enter it again if it is still wanted."


class DecidedElsewhere(StaleRows):
    """Another consumer decided one of these transfers first. Transient: roll back, read its decision, answer the same."""


class FileUnusable(DomainError):
    """The file cannot be read as a payments file at all; `facts` carry `file` and `why`."""

    code, title = "file-unusable", "This is not a payments file."
    advice = "{file}: {why}."


class LineMalformed(DomainError):
    """A line of a file cannot be read; `facts` carry `why`."""

    code, title, iso_reason = "line-malformed", "The line cannot be read.", "CH16"
    advice = "{why}."


class PaymentEnded(DomainError):
    """The payment of a line was accepted before and has come to nothing since; `facts` carry `end_to_end_id`, `status` and `reason`."""

    code, title = "payment-ended", "This payment was made before and came to nothing."
    advice = "{end_to_end_id} is {status} ({reason}) and its money is where it was. If it is still wanted, give it another end_to_end_id."


class FileTooLong(DomainError):
    """A file that is uploaded is looked through as a whole and has a limit; `facts` carry `file`, `lines` and `bytes`, the most of each."""

    code, title = "file-too-long", "The file is too long for this page."
    advice = "{file}: at most {lines} lines and {bytes} bytes are taken at once. Split it, or have an operator use import_payments."


class FileEmpty(DomainError):
    """A payments file without payments; `facts` carry `file`."""

    code, title = "file-empty", "There is no payment in this file."
    advice = "Put at least one line below the first of {file}."


class PaymentsFileUnknown(DomainError):
    """There is no such uploaded file, or it was never confirmed and is forgotten; `facts` carry `file`."""

    code, title = "payments-file-unknown", "There is no such payments file."
    advice = "Files that nobody confirms are forgotten after a day: upload it again instead of looking for {file}."


class NotYourFile(DomainError):
    """A file is confirmed by who uploaded it and saw its lines; `facts` carry `user`."""

    code, title = "not-your-file", "Somebody else uploaded this file."
    advice = "{user} confirms it, or you upload it yourself: no payment of it is booked twice."

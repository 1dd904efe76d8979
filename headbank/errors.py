"""The refusals of the register, in the order in which they are checked."""

from access.errors import DomainError


class NotTheHeadBank(DomainError):
    """Only the head bank keeps the register; `facts` carry `bank`."""

    code, title = "not-the-head-bank", "This bank keeps no register."
    advice = "{bank} runs as an ordinary bank; do this at the instance with SITE_ROLE=headbank."


class BankInvalid(DomainError):
    """A field of the bank is not one the directory can carry; `facts` carry `why`."""

    code, title = "bank-invalid", "The bank cannot be registered like this."
    advice = "{why}."


class BankUnknown(DomainError):
    """No bank has this code; `facts` carry `bank`."""

    code, title = "bank-not-registered", "There is no such bank in the register."
    advice = "Register {bank} first."


class BankExists(DomainError):
    """The code is taken by a bank with other particulars; `facts` carry `bank`."""

    code, title = "bank-exists", "The register has this bank already, otherwise."
    advice = "{bank} stays as it is registered; a new key of it is added with add_bank_key."


class BankClosed(DomainError):
    """A closed bank stays closed; `facts` carry `bank`."""

    code, title = "bank-closed-for-good", "The bank is closed for good."
    advice = "Register {bank} under a new code if it opens again."


class BankStatusWrong(DomainError):
    """The bank's status does not allow this; `facts` carry `bank` and `status`."""

    code, title = "bank-status-wrong", "The bank's status does not allow this."
    advice = "{bank} is {status}."


class InvitationUnknown(DomainError):
    """The one-time code is not one of the bank's, was used, or is over; `facts` carry `bank`."""

    code, title = "invitation-unknown", "This one-time code does not count."
    advice = "Ask the head bank's staff for a new one for {bank}; each counts once, for a week."


class ApplicationRefused(DomainError):
    """An application cannot be believed or read; `facts` carry `why`."""

    code, title = "application-refused", "The application was refused."
    advice = "{why}."


class CapInvalid(DomainError):
    """A cap is not one the directory can carry; `facts` carry `why`."""

    code, title = "cap-invalid", "The cap cannot be set like this."
    advice = "{why}."


class TooManyKeys(DomainError):
    """As many keys speak for the bank as may, or it has announced as many as it may in a day; `facts` carry `bank`, `most` and `a_day`."""

    code, title = "too-many-keys", "The bank has as many keys as may be."
    advice = "At most {most} keys speak for {bank} at once, and it announces at most {a_day} in 24 hours: end one first, or wait."


class KeyLast(DomainError):
    """A bank ends its own last key; only staff may; `facts` carry `key`."""

    code, title = "key-last", "A bank keeps at least one key."
    advice = "Announce another key before {key} is ended."


class KeyTaken(DomainError):
    """The key was announced before, by another bank or as one that is revoked; `facts` carry `key`."""

    code, title = "key-taken", "A key speaks for one bank, once."
    advice = "Create a new key; {key} was used before."


class KeyUnknown(DomainError):
    """No bank announced this key; `facts` carry `key`."""

    code, title = "key-unknown", "There is no such key in the register."
    advice = "No bank announced {key}."


class DirectoryUnpublished(DomainError):
    """No version of the directory has been signed yet."""

    code, title = "directory-unpublished", "There is no directory yet."
    advice = "Ask again when the head bank has registered a bank and its relay runs."


class NothingToPublish(DomainError):
    """The register holds no bank yet."""

    code, title = "nothing-to-publish", "The register is empty."
    advice = "Register a bank first."


class CoverInvalid(DomainError):
    """The cover is no amount an account can carry; `facts` carry `why`."""

    code, title = "cover-invalid", "The cover cannot be set like this."
    advice = "{why}."


class WindowOpen(DomainError):
    """A settlement window is not finished yet; `facts` carry `window` and `status`."""

    code, title = "window-open", "One settlement is not finished yet."
    advice = "Window {window} is {status}; one is settled after the other."


class WindowUnknown(DomainError):
    """There is no such settlement window; `facts` carry `window`."""

    code, title = "window-unknown", "There is no such settlement window."
    advice = "`show_settlement` lists those there are; {window} is none."

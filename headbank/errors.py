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


class KeyTaken(DomainError):
    """The key was announced before, by another bank or as one that is revoked; `facts` carry `key`."""

    code, title = "key-taken", "A key speaks for one bank, once."
    advice = "Create a new key; {key} was used before."


class KeyUnknown(DomainError):
    """No bank announced this key; `facts` carry `key`."""

    code, title = "key-unknown", "There is no such key in the register."
    advice = "No bank announced {key}."


class NothingToPublish(DomainError):
    """The register holds no bank yet."""

    code, title = "nothing-to-publish", "The register is empty."
    advice = "Register a bank first."

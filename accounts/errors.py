"""The refusals of the ledger, in the order in which they are checked."""

from access.errors import DomainError


class AmountInvalid(DomainError):
    """The amount is no whole number of 1 to 10^15 minor units; `facts` carry `amount` and `currency`."""

    code, title, iso_reason = "amount-invalid", "The amount is not one this currency allows.", "AM12"
    advice = "Write {amount} {currency} as a positive decimal with the currency's own number of places, at most 10^15 minor units."


class CurrencyUnknown(DomainError):
    """The currency is no ISO 4217 code of a currency in use; `facts` carry `currency`."""

    code, title, iso_reason = "currency-unknown", "There is no such currency.", "AM11"
    advice = "Use the three capital letters of ISO 4217 instead of {currency}."


class AccountUnknown(DomainError):
    """No account has this number; `facts` carry `account`."""

    code, title, iso_reason = "account-unknown", "There is no such account.", "AC01"
    advice = "Check the number {account}."


class CurrencyMismatch(DomainError):
    """The account is kept in another currency; `facts` carry `account`, `currency` (the account's) and `given`."""

    code, title, iso_reason = "currency-mismatch", "The account is kept in another currency.", "AM03"
    advice = "Account {account} holds {currency}; {given} is not exchanged."


class AccountClosed(DomainError):
    """Nothing moves on a closed account; `facts` carry `account`."""

    code, title, iso_reason = "account-closed", "The account is closed.", "AC04"
    advice = "Ask the holder of {account} for another account."


class AccountFrozen(DomainError):
    """Nothing leaves a frozen account; `facts` carry `account`."""

    code, title, iso_reason = "account-frozen", "The account is frozen.", "AC06"
    advice = "Money may arrive on {account}; a supervisor can ask to unfreeze it."


class SameAccount(DomainError):
    """A posting needs two accounts; `facts` carry `account`."""

    code, title, iso_reason = "same-account", "Both sides are the same account.", "AC02"
    advice = "Name another account than {account}."


class HoldUnknown(DomainError):
    """The account has no such hold; `facts` carry `hold`."""

    code, title = "hold-unknown", "There is no such hold on this account."
    advice = "Check the hold {hold} and the account it is on."


class HoldEnded(DomainError):
    """The hold was captured, released or has expired; `facts` carry `hold` and `status`."""

    code, title = "hold-ended", "The hold has ended."
    advice = "Hold {hold} is {status}; place a new one."


class HoldExceeded(DomainError):
    """A capture takes at most what is held; `facts` carry `hold`, `held_minor`, `amount_minor` and `currency`."""

    code, title, iso_reason = "hold-exceeded", "The hold is smaller than the amount.", "AM09"
    advice = "Hold {hold} keeps {held_minor} minor units {currency}; {amount_minor} were asked for."


class InsufficientFunds(DomainError):
    """The available balance is below the amount; `facts` carry `account`, `available_minor`, `amount_minor` and `currency`."""

    code, title, iso_reason = "insufficient-funds", "The account does not hold enough.", "AM04"
    advice = "Account {account} has {available_minor} minor units {currency} available; {amount_minor} were asked for."


class CeilingExceeded(DomainError):
    """The account may not hold that much; `facts` carry `account`, `room_minor`, `amount_minor` and `currency`."""

    code, title, iso_reason = "ceiling-exceeded", "The account may not hold that much.", "AM14"
    advice = "Account {account} has room for {room_minor} minor units {currency}; {amount_minor} were to arrive."

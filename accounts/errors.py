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
    advice = "Hold {hold} keeps {held_minor}; {amount_minor} were asked for."


class DailyLimitExceeded(DomainError):
    """The client may not order that much in one day.

    `facts` carry `currency`, `limit_minor`, `left_minor`, `amount_minor` and `wait_s`, the time to the bank's next day.
    """

    code, title, iso_reason = "daily-limit-exceeded", "This is more than may be ordered in one day.", "AM14"
    advice = "{left_minor} of {limit_minor} are left today; {amount_minor} were asked for. Wait {wait_s} s."


class InsufficientFunds(DomainError):
    """The available balance is below the amount; `facts` carry `account`, `available_minor`, `amount_minor` and `currency`."""

    code, title, iso_reason = "insufficient-funds", "The account does not hold enough.", "AM04"
    advice = "Account {account} has {available_minor} available; {amount_minor} were asked for."


class CeilingExceeded(DomainError):
    """The account may not hold that much; `facts` carry `account`, `room_minor`, `amount_minor` and `currency`."""

    code, title, iso_reason = "ceiling-exceeded", "The account may not hold that much.", "AM14"
    advice = "Account {account} has room for {room_minor}; {amount_minor} were to arrive."


class TillShort(DomainError):
    """A till pays out the cash it holds; `facts` carry `till`, `cash_minor`, `amount_minor` and `currency`."""

    code, title = "till-short", "The till does not hold enough cash."
    advice = "{till} holds {cash_minor}; {amount_minor} were to leave it. Fetch more from the vault first."


class TillNotOpen(DomainError):
    """Cash moves through a till between its opening and its count; `facts` carry `till`."""

    code, title = "till-not-open", "The till is not open."
    advice = "Open {till} with a counted float; where it has been counted, finish the count first."


class TillOpenAlready(DomainError):
    """A teller has one open till in a currency; `facts` carry `till`."""

    code, title = "till-open-already", "The till is open already."
    advice = "Go on with {till}, or count it before you open it again."


class NameInvalid(DomainError):
    """A name has 1 to 70 characters, none of them a control character; `facts` carry `name`."""

    code, title = "name-invalid", "This cannot be a customer's name."
    advice = "Write 1 to 70 printable characters instead of {name!r}."


class PhoneInvalid(DomainError):
    """A phone number has 6 to 15 digits (ITU-T E.164); `facts` carry `phone`."""

    code, title = "phone-invalid", "This is no phone number."
    advice = "Write {phone!r} as a plus sign, the country and 6 to 15 digits in all."


class EmailInvalid(DomainError):
    """The text is no e-mail address; `facts` carry `email`."""

    code, title = "email-invalid", "This is no e-mail address."
    advice = "Correct {email!r} or leave it empty."


class PhoneTaken(DomainError):
    """Another customer has this phone number; `facts` carry `phone`."""

    code, title = "phone-taken", "Another customer has this phone number."
    advice = "Look for {phone} among the customers."


class CustomerUnknown(DomainError):
    """There is no such customer; `facts` carry `customer`."""

    code, title = "customer-unknown", "There is no such customer."
    advice = "Check the customer {customer}."


class CustomerClosed(DomainError):
    """The customer has left the bank; `facts` carry `customer`."""

    code, title = "customer-closed", "The customer has left the bank."
    advice = "Open a new customer instead of {customer}."


class CurrencyNotOffered(DomainError):
    """The bank keeps no accounts in this currency; `facts` carry `currency` and `offered`."""

    code, title, iso_reason = "currency-not-offered", "This bank keeps no accounts in that currency.", "AM03"
    advice = "Choose one of {offered} instead of {currency}."


class KindNotOffered(DomainError):
    """Customers cannot have an account of this kind; `facts` carry `kind`."""

    code, title = "kind-not-offered", "Customers cannot have an account of this kind."
    advice = "Choose checking, savings, credit or prepaid instead of {kind}."


class AccountInternal(DomainError):
    """The account is the bank's own and stays as it is; `facts` carry `account`."""

    code, title = "account-internal", "This is an account of the bank itself."
    advice = "Name a customer's account instead of {account}."


class AccountNotFrozen(DomainError):
    """Only a frozen account can be unfrozen; `facts` carry `account` and `status`."""

    code, title = "account-not-frozen", "The account is not frozen."
    advice = "Account {account} is {status}."


class AccountNotEmpty(DomainError):
    """An account with money or holds cannot be closed; `facts` carry `account`, `balance_minor`, `held_minor` and `currency`."""

    code, title = "account-not-empty", "The account is not empty."
    advice = "Account {account} has a balance of {balance_minor} and holds of {held_minor}; bring both to 0."


class CustomerHasAccounts(DomainError):
    """A customer leaves when every account is closed; `facts` carry `customer` and `accounts`."""

    code, title = "customer-has-accounts", "The customer still has accounts."
    advice = "Close {accounts} first."


class StatementTooLong(DomainError):
    """More was booked in the period than one document shows; `facts` carry `lines` and `most`."""

    code, title = "statement-too-long", "This is too much for one document."
    advice = "{lines} lines were booked, a document shows {most}: ask for a shorter period, or for the CSV file."


class PeriodInvalid(DomainError):
    """A period ends on the day it begins or later, within ten years, and has begun; `facts` carry `first` and `last`."""

    code, title = "period-invalid", "This is no period."
    advice = "It would be from {first} to {last}; begin before it ends and not in the future, and take ten years at most."


class LimitInvalid(DomainError):
    """A credit limit is 0 to 10^15 minor units, on a checking or credit account; `facts` carry `account`, `limit_minor` and `currency`."""

    code, title = "limit-invalid", "This cannot be the account's limit."
    advice = "Account {account} cannot have a limit of {limit_minor}."


class LimitInUse(DomainError):
    """The customer owes or has on hold more than the new limit; `facts` carry `account`, `limit_minor`, `used_minor` and `currency`."""

    code, title = "limit-in-use", "More than the new limit is in use."
    advice = "Account {account} uses {used_minor}; {limit_minor} is too low."


class ExpiryInvalid(DomainError):
    """A hold ends later than now and within a year; `facts` carry `expires_at`."""

    code, title = "expiry-invalid", "A hold cannot end then."
    advice = "Name a moment of the coming year instead of {expires_at}."


class HoldReserved(DomainError):
    """The hold belongs to an order that waits for approval and ends with the decision; `facts` carry `hold`."""

    code, title = "hold-reserved", "The hold belongs to an order that waits for approval."
    advice = "Decide the order; hold {hold} ends with it."


class CardUnknown(DomainError):
    """There is no such card; `facts` carry `card`."""

    code, title = "card-unknown", "There is no such card."
    advice = "Check the card {card}."


class CardStatusWrong(DomainError):
    """The card is not in the state this needs; `facts` carry `card` and `status`."""

    code, title = "card-status-wrong", "This cannot be done to the card."
    advice = "Card {card} is {status}."

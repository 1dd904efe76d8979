"""The refusals of the ledger, in the order in which they are checked."""

from access.errors import DomainError


class AmountInvalid(DomainError):
    """The amount is no whole number of 1 to 10^15 minor units; `facts` carry `amount` and `currency`."""

    code, title, iso_reason = "amount-invalid", "The amount is not one this currency allows.", "AM12"
    advice = "Write {amount} {currency} as a positive decimal with the currency's own number of places, at most 10^15 minor units."


class CurrencyUnknown(DomainError):
    """The currency is no ISO 4217 code; `facts` carry `currency`."""

    code, title, iso_reason = "currency-unknown", "There is no such currency.", "AM11"
    advice = "Use the three capital letters of ISO 4217 instead of {currency}."

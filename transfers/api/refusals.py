"""Why orders are refused, kind by kind, in the order of checking: what their descriptions list."""

from access.errors import DomainError, ReasonMissing
from accounts.errors import (
    AccountClosed,
    AccountFrozen,
    AccountUnknown,
    CeilingExceeded,
    CurrencyMismatch,
    CurrencyNotOffered,
    CurrencyUnknown,
    DailyLimitExceeded,
    HoldEnded,
    HoldExceeded,
    HoldReserved,
    HoldUnknown,
    InsufficientFunds,
    SameAccount,
)
from transfers.errors import (
    AlreadyReversed,
    BankClosed,
    BankSuspended,
    BankUnknown,
    IbanInvalid,
    NotOurAccount,
    NotReversible,
    TextInvalid,
    TransferLimitExceeded,
    TransferUnknown,
)

_Refusals = tuple[type[DomainError], ...]
_DRAFT: _Refusals = (CurrencyUnknown, TextInvalid, IbanInvalid, NotOurAccount, CurrencyNotOffered)
_PARTIES: _Refusals = (AccountUnknown, CurrencyMismatch, AccountClosed, AccountFrozen, SameAccount)
_HOLD: _Refusals = (HoldReserved, HoldUnknown, HoldEnded, HoldExceeded)
_LIMITS: _Refusals = (TransferLimitExceeded, DailyLimitExceeded)
_MONEY: _Refusals = (InsufficientFunds, CeilingExceeded)

REFUSES_DEPOSIT: _Refusals = (*_DRAFT, *_PARTIES, *_MONEY)
REFUSES_WITHDRAWAL: _Refusals = (*_DRAFT, *_PARTIES, *_LIMITS, *_MONEY)
REFUSES_PAYMENT: _Refusals = (*_DRAFT, BankUnknown, BankSuspended, BankClosed, *_PARTIES, *_HOLD, *_LIMITS, *_MONEY)
REFUSES_REVERSAL: _Refusals = (ReasonMissing, TransferUnknown, NotReversible, AlreadyReversed, *_PARTIES, *_MONEY)

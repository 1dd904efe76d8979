"""Opening and closing customers and their accounts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from access import audit
from access.models import User
from access.permissions import require
from access.site import this_bank
from access.text import folded, is_safe
from accounts import iban, ledger, permissions
from accounts.errors import (
    CurrencyNotOffered,
    CustomerHasAccounts,
    EmailInvalid,
    KindNotOffered,
    NameInvalid,
    PhoneInvalid,
    PhoneTaken,
)
from accounts.models import CUSTOMER_KINDS, Account, Customer
from accounts.services.cards import make_card
from accounts.services.locking import lock_customer
from accounts.services.serials import take_serials

Kind = Account.Kind
_PHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedCustomer:
    """A new customer with the numbers of both accounts; `card_number` is shown once and kept nowhere."""

    id: UUID
    name: str
    checking: str
    savings: str
    card_id: UUID
    card_number: str


def open_customer(*, name: str, phone: str, email: str = "", currency: str = "", by: User, now: datetime) -> OpenedCustomer:
    """Open a customer with a checking and a savings account (in the bank's first currency unless named) and a debit card.

    Raises NotAllowed, NameInvalid, PhoneInvalid, EmailInvalid, PhoneTaken, CurrencyNotOffered.
    """
    require(by=by, permission=permissions.OPEN_CUSTOMER)
    name, phone, email = _checked_name(name), _checked_phone(phone), _checked_email(email)
    currency = currency or this_bank().currencies[0]
    with transaction.atomic():
        customer = _add_customer(Customer(name=name, phone=phone, email=email, opened_at=now))
        checking = _add_account(customer, Kind.CHECKING, currency, by=by, now=now)
        savings = _add_account(customer, Kind.SAVINGS, currency, by=by, now=now)
        issued = make_card(account_id=checking.id, by=by, now=now)
        audit.record(actor=by, action="customer.opened", subject=str(customer.id), after={"name": name, "phone": phone}, now=now)
    return OpenedCustomer(
        id=customer.id,
        name=name,
        checking=checking.number,
        savings=savings.number,
        card_id=issued.card.id,
        card_number=issued.full_number,
    )


def open_account(*, customer_id: UUID, kind: str, currency: str, by: User, now: datetime) -> Account:
    """Open another account for a customer, without a credit limit: `set_credit_limit` asks a second person for that.

    Raises NotAllowed, CustomerUnknown, CustomerClosed, CurrencyNotOffered, KindNotOffered.
    """
    require(by=by, permission=permissions.OPEN_CUSTOMER)
    with transaction.atomic():
        customer = lock_customer(customer_id)
        return _add_account(customer, kind, currency, by=by, now=now)


def change_customer(
    *, customer_id: UUID, name: str | None = None, phone: str | None = None, email: str | None = None, by: User, now: datetime
) -> None:
    """Give a customer another name, phone number or e-mail address; what is None stays. Accounts carry the new name at once.

    Raises NotAllowed, NameInvalid, PhoneInvalid, EmailInvalid, CustomerUnknown, CustomerClosed, PhoneTaken.
    """
    require(by=by, permission=permissions.OPEN_CUSTOMER)
    checked = {"name": (name, _checked_name), "phone": (phone, _checked_phone), "email": (email, _checked_email)}
    given = {field: check(value) for field, (value, check) in checked.items() if value is not None}
    with transaction.atomic():
        customer = lock_customer(customer_id)
        before = {field: getattr(customer, field) for field in given}
        changed = {field: value for field, value in given.items() if value != before[field]}
        if not changed:
            return
        _change_customer(customer, changed)
        audit.record(
            actor=by,
            action="customer.changed",
            subject=str(customer_id),
            before={field: before[field] for field in changed},
            after=changed,
            now=now,
        )


def close_customer(*, customer_id: UUID, reason: str = "", by: User, now: datetime) -> None:
    """Let a customer go whose accounts are all closed; raises NotAllowed, CustomerUnknown, CustomerClosed, CustomerHasAccounts."""
    require(by=by, permission=permissions.CLOSE_CUSTOMER)
    with transaction.atomic():
        customer = lock_customer(customer_id)
        left = Account.objects.filter(customer=customer).exclude(status=Account.Status.CLOSED).order_by("id")
        if numbers := list(left.values_list("number", flat=True)):
            raise CustomerHasAccounts(customer=str(customer_id), accounts=", ".join(numbers))
        Customer.objects.filter(id=customer_id).update(closed_at=now)
        audit.record(actor=by, action="customer.closed", subject=str(customer_id), reason=reason, now=now)


def _add_customer(customer: Customer) -> Customer:
    """Insert a customer; the phone number is the only thing that can be there already."""
    try:
        with transaction.atomic():
            customer.save(force_insert=True)
    except IntegrityError as error:
        raise PhoneTaken(phone=customer.phone) from error
    return customer


def _change_customer(customer: Customer, values: Mapping[str, str]) -> None:
    """Write the customer's new values, and a new name on the accounts, which are locked in the ledger's order."""
    try:
        with transaction.atomic():
            Customer.objects.filter(id=customer.id).update(**values)
    except IntegrityError as error:
        raise PhoneTaken(phone=values.get("phone", customer.phone)) from error
    if "name" in values:
        accounts = Account.objects.filter(customer=customer)
        ledger.lock(numbers=accounts.values_list("number", flat=True))
        accounts.update(holder_name=values["name"])


def _add_account(customer: Customer, kind: str, currency: str, *, by: User, now: datetime) -> Account:
    """Insert and audit an account with the next number."""
    site = this_bank()
    if currency not in site.currencies:
        raise CurrencyNotOffered(currency=currency[:10], offered=", ".join(site.currencies))
    if kind not in CUSTOMER_KINDS:
        raise KindNotOffered(kind=kind[:20])
    (serial,) = take_serials(series="account")
    account = Account.objects.create(
        number=iban.make(site.country, site.code, serial),
        kind=kind,
        currency=currency,
        customer=customer,
        holder_name=customer.name,
        floor_minor=0,
        opened_at=now,
    )
    after = {"kind": kind, "currency": currency, "customer": str(customer.id)}
    audit.record(actor=by, action="account.opened", subject=account.number, after=after, now=now)
    return account


def _checked_name(name: str) -> str:
    name = folded(name)
    if not 1 <= len(name) <= 70 or not is_safe(name):
        raise NameInvalid(name=name[:80])
    return name


def _checked_phone(phone: str) -> str:
    plain = re.sub(r"[ ()./-]", "", phone)
    if _PHONE.fullmatch(plain) is None:
        raise PhoneInvalid(phone=phone[:30])
    return plain


def _checked_email(email: str) -> str:
    if len(email) > 254:
        raise EmailInvalid(email=email[:80])
    try:
        if email:
            validate_email(email)
    except ValidationError as error:
        raise EmailInvalid(email=email[:80]) from error
    return email

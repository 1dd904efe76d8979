"""The ledger's tables: customers, mandates, accounts, stripes, postings, holds, cards."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

CUSTOMER_KINDS = ("checking", "savings", "credit", "prepaid")
STRIPES = {"postgresql": 16, "sqlite": 1}  # rows a striped account's balance is kept in; SQLite has one writer at a time anyway


class Customer(models.Model):
    """A person or company that banks here."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=70)
    phone = models.CharField(max_length=20, unique=True)
    email = models.EmailField(blank=True, db_default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["name", "id"], name="customer_name"),)
        permissions = (
            ("open_customer", "Can open customers and their accounts"),
            ("close_customer", "Can close customers"),
            ("grant_mandate", "Can let an API client act for a customer"),
        )


class Mandate(models.Model):
    """An API client may act for a customer."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "customer"], name="mandate_once"),)


class Spend(models.Model):
    """What an API client has ordered in one currency on one day of the bank: locked before accounts, and judged like them.

    `limit_minor` is the limit it was last judged by, or what was spent before the limit was lowered below that.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    limit_minor = models.BigIntegerField()
    spent_minor = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "currency", "day"], name="spend_once"),
            models.CheckConstraint(condition=Q(spent_minor__gte=0, spent_minor__lte=F("limit_minor")), name="spend_within_limit"),
        )


class NumberSeries(models.Model):
    """The last serial number given out in a series, so that numbers rise without gaps and are the same on every database."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.BigIntegerField(db_default=0)


class Account(models.Model):
    """An account of a customer (numbered by IBAN) or of the bank itself.

    Balances are credits minus debits in minor units. An ordinary account keeps balance, held and last seq here;
    a striped one keeps its balance in its stripes and has 0 in these columns.
    """

    class Kind(models.TextChoices):
        CHECKING = "checking"
        SAVINGS = "savings"
        CREDIT = "credit"
        PREPAID = "prepaid"
        CASH = "cash"
        TILL = "till"
        CLEARING = "clearing"
        SUSPENSE = "suspense"
        FEES = "fees"
        SETTLEMENT = "settlement"

    class Status(models.TextChoices):
        OPEN = "open"
        FROZEN = "frozen"
        CLOSED = "closed"

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=34, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    currency = models.CharField(max_length=3)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts", null=True)
    holder_name = models.CharField(max_length=70)
    striped = models.BooleanField(db_default=False)
    status = models.CharField(max_length=6, choices=Status, db_default=Status.OPEN)
    balance_minor = models.BigIntegerField(db_default=0)
    held_minor = models.BigIntegerField(db_default=0)
    floor_minor = models.BigIntegerField(null=True)
    ceiling_minor = models.BigIntegerField(null=True)
    last_seq = models.BigIntegerField(db_default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(held_minor__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(
                condition=Q(floor_minor__isnull=True) | Q(balance_minor__gte=F("floor_minor") + F("held_minor")), name="account_above_floor"
            ),
            models.CheckConstraint(
                condition=Q(ceiling_minor__isnull=True) | Q(balance_minor__lte=F("ceiling_minor")), name="account_below_ceiling"
            ),
            models.CheckConstraint(condition=~Q(status="closed") | Q(balance_minor=0, held_minor=0), name="account_closed_empty"),
            models.CheckConstraint(
                condition=Q(striped=False)
                | Q(balance_minor=0, held_minor=0, last_seq=0, floor_minor__isnull=True, ceiling_minor__isnull=True),
                name="account_striped_plain",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=CUSTOMER_KINDS, customer__isnull=False, floor_minor__isnull=False, striped=False)
                | (~Q(kind__in=CUSTOMER_KINDS) & Q(customer__isnull=True)),
                name="account_owner",
            ),
            models.CheckConstraint(condition=Q(floor_minor__isnull=True) | Q(floor_minor__lte=0), name="account_floor_not_positive"),
            models.CheckConstraint(condition=Q(last_seq__gte=0), name="account_seq_not_negative"),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False) | (~Q(status="closed") & Q(closed_at__isnull=True)),
                name="account_closed_at",
            ),
        )
        indexes = (models.Index(fields=["customer", "id"], name="account_customer"),)
        permissions = (
            ("freeze_account", "Can freeze accounts and block cards"),
            ("unfreeze_account", "Can ask for and decide the unfreezing of accounts"),
            ("close_account", "Can close accounts"),
            ("limit_account", "Can ask for and decide credit limits"),
        )


class BalanceStripe(models.Model):
    """One of the rows whose sum is a striped account's balance, so that no row is hot."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="stripes")
    stripe = models.SmallIntegerField()
    credits_minor = models.BigIntegerField(db_default=0)
    debits_minor = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "stripe"], name="stripe_once"),
            models.CheckConstraint(condition=Q(credits_minor__gte=0, debits_minor__gte=0), name="stripe_not_negative"),
        )


class Posting(models.Model):
    """One amount moved from the debited to the credited account; written once, never changed."""

    id = models.BigAutoField(primary_key=True)
    transfer_id = models.UUIDField()
    leg = models.CharField(max_length=12)
    debit_account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    credit_account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    debit_seq = models.BigIntegerField(null=True)
    debit_balance_after = models.BigIntegerField(null=True)
    credit_seq = models.BigIntegerField(null=True)
    credit_balance_after = models.BigIntegerField(null=True)
    booked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["transfer_id", "leg"], name="posting_once"),
            models.UniqueConstraint(fields=["debit_account", "debit_seq"], condition=Q(debit_seq__isnull=False), name="posting_debit_seq"),
            models.UniqueConstraint(
                fields=["credit_account", "credit_seq"], condition=Q(credit_seq__isnull=False), name="posting_credit_seq"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=1, amount_minor__lte=10**15), name="posting_amount_bounds"),
            models.CheckConstraint(
                condition=Q(debit_seq__isnull=True, debit_balance_after__isnull=True)
                | Q(debit_seq__isnull=False, debit_seq__gte=1, debit_balance_after__isnull=False),
                name="posting_debit_place",
            ),
            models.CheckConstraint(
                condition=Q(credit_seq__isnull=True, credit_balance_after__isnull=True)
                | Q(credit_seq__isnull=False, credit_seq__gte=1, credit_balance_after__isnull=False),
                name="posting_credit_place",
            ),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="posting_two_accounts"),
        )


class Hold(models.Model):
    """An amount set aside on an account until it is captured, released or expires."""

    class Status(models.TextChoices):
        PLACED = "placed"
        CAPTURED = "captured"
        RELEASED = "released"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds", db_index=False)
    amount_minor = models.BigIntegerField()
    purpose = models.CharField(max_length=80, blank=True, db_default="")
    status = models.CharField(max_length=8, choices=Status, db_default=Status.PLACED)
    captured_minor = models.BigIntegerField(db_default=0)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(condition=Q(captured_minor__gte=0, captured_minor__lte=F("amount_minor")), name="hold_captured_within"),
            models.CheckConstraint(
                condition=Q(status="placed", ended_at__isnull=True, captured_minor=0)
                | Q(status="captured", ended_at__isnull=False, captured_minor__gte=1)
                | Q(status__in=("released", "expired"), ended_at__isnull=False, captured_minor=0),
                name="hold_end",
            ),
        )
        indexes = (
            models.Index(fields=["account", "id"], name="hold_account"),
            models.Index(fields=["account", "expires_at"], condition=Q(status="placed"), name="hold_placed"),
            models.Index(fields=["expires_at", "id"], condition=Q(status="placed", expires_at__isnull=False), name="hold_expiring"),
        )
        permissions = (("place_hold", "Can place and release holds"),)


class Card(models.Model):
    """A debit card, known by a random token; the full number is shown once at issue and kept nowhere."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        BLOCKED = "blocked"
        REPLACED = "replaced"

    id = models.UUIDField(primary_key=True, default=uuid7)
    token = models.CharField(max_length=43, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="cards")
    brand = models.CharField(max_length=20)
    last_four = models.CharField(max_length=4)
    expires_date = models.DateField()
    status = models.CharField(max_length=8, choices=Status, db_default=Status.ACTIVE)
    issued_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["last_four", "id"], name="card_last_four"),)
        permissions = (("issue_card", "Can issue, replace and unblock cards"),)

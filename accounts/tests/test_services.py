"""Opening customers and accounts: who may, what is refused, and what is remembered of it."""

import pytest
from uuid_utils.compat import uuid7

from access.errors import ClientUnknown, DomainError, NotAllowed
from access.models import AuditEvent, User
from access.tests.people import employ
from accounts import errors, iban, ledger, selectors, services
from accounts.models import Account, BalanceStripe, Customer
from accounts.tests.people import CASH, NOON, euros, move, open_anna, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bank() -> None:
    services.open_internal_accounts(numbers=[CASH, "FEES.EUR", "TILL.TESS.EUR"], now=NOON)


class TestOpenCustomer:
    def test_gives_a_checking_and_a_savings_account_and_a_card(self, tess: User) -> None:
        anna = open_anna(tess)

        accounts = selectors.accounts_of(customer_id=anna.id)
        assert [(row.number, row.kind, row.currency, row.available_minor) for row in accounts] == [
            (anna.checking, "checking", "EUR", 0),
            (anna.savings, "savings", "EUR", 0),
        ]
        assert [(row.id, row.account) for row in selectors.cards_of(customer_id=anna.id)] == [(anna.card_id, anna.checking)]
        assert selectors.customer_by_id(customer_id=anna.id).phone == "+31612345678"

    def test_numbers_accounts_one_after_the_other(self, tess: User) -> None:
        anna, bram = open_anna(tess), open_anna(tess, phone="0612345679")

        assert [iban.make("NL", "BNKA", serial) for serial in (1, 2, 3, 4)] == [anna.checking, anna.savings, bram.checking, bram.savings]

    def test_is_remembered(self, tess: User) -> None:
        anna = open_anna(tess)

        event = AuditEvent.objects.get(action="customer.opened")
        assert (event.actor, event.subject, event.after) == (tess, str(anna.id), {"name": "Anna", "phone": "+31612345678"})

    @pytest.mark.parametrize(
        ("faults", "refusal"),
        [
            ({"name": "  "}, errors.NameInvalid),
            ({"name": "x" * 71}, errors.NameInvalid),
            ({"name": "An\x00na"}, errors.NameInvalid),
            ({"phone": "12345"}, errors.PhoneInvalid),
            ({"phone": "٠٦١٢٣٤٥٦٧٨"}, errors.PhoneInvalid),
            ({"email": "anna"}, errors.EmailInvalid),
            ({"email": f"{'a' * 60}@{'b.' * 100}com"}, errors.EmailInvalid),
            ({"currency": "GBP"}, errors.CurrencyNotOffered),
        ],
    )
    def test_refuses_what_cannot_be(self, tess: User, faults: dict[str, str], refusal: type[DomainError]) -> None:
        with pytest.raises(refusal):
            open_anna(tess, **faults)

        assert not Customer.objects.exists()

    def test_refuses_a_phone_number_twice(self, tess: User) -> None:
        open_anna(tess)

        with pytest.raises(errors.PhoneTaken):
            open_anna(tess, name="Another Anna", phone="+31-6-12345678")

        assert Account.objects.filter(customer__isnull=False).count() == 2


class TestOpenAccount:
    def test_lends_nothing_before_a_second_person_agreed(self, tess: User, sam: User) -> None:
        number = services.open_account(customer_id=open_anna(tess).id, kind="credit", currency="EUR", by=tess, now=NOON).number

        before = post(move(number, CASH, "500.00"))
        approval = services.set_credit_limit(number=number, limit_minor=50_000, reason="salary", by=tess, now=NOON)
        assert approval
        services.raise_credit_limit(approval_id=approval, by=sam, now=NOON)

        assert [type(outcome) for outcome in before] == [errors.InsufficientFunds]
        assert post(move(number, CASH, "500.00")) == [ledger.Posted()]

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"kind": "cash"}, errors.KindNotOffered),
            ({"currency": "XXX"}, errors.CurrencyNotOffered),
            ({"customer_id": uuid7()}, errors.CustomerUnknown),
        ],
    )
    def test_refuses_what_is_not_offered(self, tess: User, changes: dict[str, object], refusal: type[DomainError]) -> None:
        wanted = {"customer_id": open_anna(tess).id, "kind": "checking", "currency": "EUR"} | changes

        with pytest.raises(refusal):
            services.open_account(**wanted, by=tess, now=NOON)  # type: ignore[arg-type]


class TestInternalAccounts:
    def test_are_opened_once(self) -> None:
        before = (Account.objects.count(), BalanceStripe.objects.count())

        services.open_internal_accounts(numbers=[CASH, "FEES.EUR"], now=NOON)

        assert (Account.objects.count(), BalanceStripe.objects.count()) == before

    @pytest.mark.parametrize("number", ["CASH.euro", "CASH", "VAULT.EUR", "CLEARING.EUR", "TILL..EUR", "CASH.EUR\n", "TILL.A B.EUR"])
    def test_have_names_of_their_own_form(self, number: str) -> None:
        with pytest.raises(ValueError, match="names no account"):
            services.open_internal_accounts(numbers=[number], now=NOON)

    def test_have_drawers_that_pay_out_what_they_hold(self, tess: User) -> None:
        anna = open_anna(tess)

        outcomes = post(
            move("TILL.TESS.EUR", anna.checking, "10.00"),
            move(anna.checking, "TILL.TESS.EUR", "10.00"),
            move(CASH, "TILL.TESS.EUR", "0.01"),
        )

        assert [type(outcome).__name__ for outcome in outcomes] == ["Posted", "Posted", "TillShort"]


class TestMandates:
    def test_let_a_client_act_for_a_customer(self, tess: User) -> None:
        anna, shop = open_anna(tess), employ("shop")

        for _ in range(2):
            services.grant_mandate(user=shop, customer_id=anna.id, by=tess, now=NOON)

        assert selectors.mandates_of(user=shop) == [anna.id]
        assert selectors.is_mandated(user=shop, customer_id=anna.id)
        assert not selectors.is_mandated(user=tess, customer_id=anna.id)

    def test_are_for_active_users(self, tess: User) -> None:
        anna, shop = open_anna(tess), employ("shop")
        shop.is_active = False

        with pytest.raises(ClientUnknown):
            services.grant_mandate(user=shop, customer_id=anna.id, by=tess, now=NOON)


class TestPermissions:
    @pytest.mark.parametrize(
        ("service", "arguments"),
        [
            (services.open_customer, {"name": "A", "phone": "123456"}),
            (services.open_account, {"customer_id": uuid7(), "kind": "checking", "currency": "EUR"}),
            (services.close_customer, {"customer_id": uuid7()}),
            (services.freeze_account, {"number": "x", "reason": "x"}),
            (services.ask_unfreeze, {"number": "x", "reason": "x"}),
            (services.set_credit_limit, {"number": "x", "limit_minor": 1, "reason": "x"}),
            (services.close_account, {"number": "x"}),
            (services.issue_card, {"number": "x"}),
            (services.block_card, {"card_id": uuid7(), "reason": "x"}),
            (services.unblock_card, {"card_id": uuid7(), "reason": "x"}),
            (services.replace_card, {"card_id": uuid7(), "reason": "x"}),
            (services.place_hold, {"number": "x", "amount": euros("1.00"), "expires_at": NOON}),
            (services.release_hold, {"hold_id": uuid7()}),
        ],
    )
    def test_are_asked_first(self, service: object, arguments: dict[str, object]) -> None:
        with pytest.raises(NotAllowed):
            service(**arguments, by=employ("visitor"), now=NOON)  # type: ignore[operator]


class TestFindCustomers:
    def test_looks_at_names_phones_and_account_numbers(self, tess: User) -> None:
        anna, bram = open_anna(tess), open_anna(tess, name="Bram", phone="0612345679")
        spaced = " ".join(bram.savings[place : place + 4] for place in range(0, 18, 4)).lower()

        found = {text: [row.name for row in selectors.find_customers(text=text)] for text in ("nn", "06 1234", spaced, "nobody", "\x00zz")}

        assert found == {"nn": ["Anna"], "06 1234": ["Bram"], spaced: ["Bram"], "nobody": [], "\x00zz": []}
        assert selectors.account_by_number(number=anna.checking).holder_name == "Anna"

    def test_says_when_there_is_no_such_customer(self) -> None:
        with pytest.raises(errors.CustomerUnknown):
            selectors.customer_by_id(customer_id=uuid7())

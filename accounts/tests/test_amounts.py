"""Amounts on the wire: whole minor units of a currency, and nothing else."""

import msgspec
import pytest

from accounts.amounts import Amount
from accounts.errors import CurrencyUnknown
from accounts.money import Money


def read(amount: str, currency: str = '"EUR"') -> Amount:
    return msgspec.json.decode(f'{{"amount_minor": {amount}, "currency": {currency}}}', type=Amount)


@pytest.mark.money
class TestAnAmount:
    @pytest.mark.parametrize("minor", [1, 1250, 10**15])
    def test_is_money(self, minor: int) -> None:
        assert read(str(minor)).money == Money(minor, "EUR")

    def test_is_written_as_it_is_read(self) -> None:
        written = msgspec.json.encode(Amount.of(Money(1250, "EUR")))

        assert written == b'{"amount_minor":1250,"currency":"EUR"}'
        assert msgspec.json.decode(written, type=Amount).money == Money(1250, "EUR")

    @pytest.mark.parametrize(
        "amount",
        ['"1250"', "12.5", "1250.0", "1e3", "0", "-1", "-0", str(10**15 + 1), str(10**30), "true", "null", "NaN", "[1]", "{}", "01", "+1"],
    )
    def test_is_no_other_number_or_text(self, amount: str) -> None:
        with pytest.raises(msgspec.DecodeError):
            read(amount)

    @pytest.mark.parametrize("currency", ['"eur"', '"EURO"', '"EU"', '"EUR\\n"', "978", "null", '"ÉUR"'])
    def test_is_of_a_currency_in_three_capitals(self, currency: str) -> None:
        with pytest.raises(msgspec.ValidationError):
            read("1", currency)

    def test_is_of_a_currency_that_exists(self) -> None:
        with pytest.raises(CurrencyUnknown):
            _ = read("1", '"XYZ"').money

    def test_needs_both_fields_and_no_others(self) -> None:
        for text in ('{"amount_minor": 1}', '{"currency": "EUR"}', '{"amount_minor": 1, "currency": "EUR", "exponent": 2}'):
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(text, type=Amount)

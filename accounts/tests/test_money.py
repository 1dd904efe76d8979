"""Text becomes money exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import AmountInvalid, CurrencyUnknown
from accounts.money import MAX_AMOUNT_MINOR, Money, exponent, format_minor

pytestmark = pytest.mark.money


class TestParse:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [("12.50", "EUR", 1250), ("12.5", "EUR", 1250), (" 12 ", "EUR", 1200), ("7", "JPY", 7), ("1.234", "BHD", 1234), ("0.01", "EUR", 1)],
    )
    def test_reads_a_decimal_in_the_currency_s_own_places(self, text: str, currency: str, minor: int) -> None:
        assert Money.parse(text, currency) == Money(minor, currency)

    @pytest.mark.parametrize(
        "text",
        [
            "12.505",
            "0",
            "0.00",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1_000",
            ".5",
            "5.",
            "",
            "NaN",
            "Infinity",
            "0x10",
            "12.50\n",
            "1\x00",
            "\x001",
            "1\xa0",
        ],
    )
    def test_refuses_what_it_would_have_to_guess_or_round(self, text: str) -> None:
        with pytest.raises(AmountInvalid):
            Money.parse(text, "EUR")

    @pytest.mark.parametrize("text", ["١٢", "१२", "²", "Ⅻ", "\uff11\uff12", "\U0001d7cf"])
    def test_refuses_digits_of_other_scripts(self, text: str) -> None:
        with pytest.raises(AmountInvalid):
            Money.parse(text, "EUR")

    def test_refuses_places_a_currency_has_not(self) -> None:
        with pytest.raises(AmountInvalid):
            Money.parse("7.0", "JPY")

    def test_takes_up_to_ten_to_the_fifteenth_minor_units(self) -> None:
        assert Money.parse("10000000000000.00", "EUR").amount_minor == MAX_AMOUNT_MINOR

        with pytest.raises(AmountInvalid):
            Money.parse("10000000000000.01", "EUR")

    @given(st.integers(1, MAX_AMOUNT_MINOR), st.sampled_from(["EUR", "JPY", "BHD"]))
    def test_reads_back_what_was_written(self, minor: int, currency: str) -> None:
        assert Money.parse(format_minor(minor, currency), currency) == Money(minor, currency)


class TestMoney:
    @pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT_MINOR + 1, True, 1.0, "1", None])
    def test_is_a_whole_positive_number_of_minor_units(self, amount: object) -> None:
        with pytest.raises(AmountInvalid):
            Money(amount, "EUR")  # type: ignore[arg-type]

    def test_shows_itself_as_people_write_it(self) -> None:
        assert (str(Money(5, "EUR")), str(Money(5, "JPY")), format_minor(-1250, "EUR")) == ("0.05 EUR", "5 JPY", "-12.50")

    @pytest.mark.parametrize("currency", ["DEM", "ZZZ"])
    def test_is_shown_in_a_currency_that_does_not_exist(self, currency: str) -> None:
        assert format_minor(1250, currency) == "12.50"


class TestExponent:
    @pytest.mark.parametrize(
        ("currency", "places"),
        [
            ("EUR", 2),
            ("JPY", 0),
            ("KRW", 0),
            ("ISK", 0),
            ("BHD", 3),
            ("IQD", 3),
            ("LBP", 2),
            ("IRR", 2),
            ("ALL", 2),
            ("RSD", 2),
            ("XOF", 0),
        ],
    )
    def test_is_iso_4217_s_and_not_the_one_for_display(self, currency: str, places: int) -> None:
        assert exponent(currency) == places

    @pytest.mark.parametrize("currency", ["DEM", "XAU", "XXX", "eur", "EU", "EURO", "", "EU\x00"])
    def test_exists_for_legal_tender_only(self, currency: str) -> None:
        with pytest.raises(CurrencyUnknown):
            exponent(currency)

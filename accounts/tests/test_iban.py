"""IBANs are judged as the registry's own reader judges them, only faster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from accounts import iban

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _registry_accepts(text: str) -> bool:
    try:
        return IBAN(text).compact == text
    except SchwiftyException:
        return False


class TestIsIban:
    @pytest.mark.parametrize(
        "text",
        [
            "NL06BNKA0000000001",
            "GB29NWBK60161331926819",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "MT84MALT011000012345MTLCAST001S",
        ],
    )
    def test_accepts_each_country_s_form(self, text: str) -> None:
        assert iban.is_iban(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "NL",
            "NL06BNKA0000000002",
            "NL06 BNKA 0000 0000 01",
            "nl06bnka0000000001",
            "NL06BNKA000000001",
            "NL06BNKA00000000011",
            "XX06BNKA0000000001",
            "NL06BNKA000000000\x00",
            "NL06BNKA000000000\uff11",
            "NL0٦BNKA0000000001",
            "NL06BNKA0000000001\n",
            "CASH.EUR",
        ],
    )
    def test_refuses_anything_else(self, text: str) -> None:
        assert not iban.is_iban(text)

    @given(st.sampled_from(["NL", "GB", "BE", "CH", "AT"]), st.integers(0, 10**10 - 1), st.integers(0, 17), st.sampled_from(_SIGNS))
    def test_agrees_with_the_registry_on_right_and_misprinted_ones(self, country: str, serial: int, place: int, sign: str) -> None:
        right = iban.make("NL", "BNKA", serial)
        printed = country + right[2:place] + sign + right[place + 1 :] if place > 1 else right

        assert iban.is_iban(printed) == _registry_accepts(printed)


class TestMake:
    @given(st.integers(0, 10**10 - 1))
    def test_makes_what_names_the_bank(self, serial: int) -> None:
        number = iban.make("NL", "BNKA", serial)

        assert (iban.bank_code_of(number), _registry_accepts(number), int(number[-10:])) == ("BNKA", True, serial)

    @pytest.mark.parametrize(
        ("country", "code", "serial"), [("XX", "BNKA", 1), ("NL", "BNKA", 10**10), ("NL", "BANKA", 1), ("DE", "BNKA", 1)]
    )
    def test_refuses_what_does_not_fit_the_country(self, country: str, code: str, serial: int) -> None:
        with pytest.raises(ValueError, match=country):
            iban.make(country, code, serial)

"""Where a request comes from, whatever the client writes into it."""

from typing import Any

import pytest
from axes.helpers import get_client_ip_address
from django.test import RequestFactory

from access.addresses import client_address


def seen(header: str, here: str) -> str:
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=header, REMOTE_ADDR=here)
    assert get_client_ip_address(request) == client_address(request), "sign-ins are counted by the same address"
    return client_address(request)


class TestAnAddress:
    @pytest.mark.parametrize(
        ("proxies", "header", "here", "client"),
        [
            (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
            (1, "203.0.113.9", "10.0.0.1", "203.0.113.9"),
            (1, "198.51.100.1, 203.0.113.9", "10.0.0.1", "203.0.113.9"),
            (2, "203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9"),
            (2, "198.51.100.1, 198.51.100.2, 203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9"),
            (2, "198.51.100.7, 203.0.113.10, 10.0.0.2", "10.0.0.1", "203.0.113.10"),
            (2, "10.0.0.2", "10.0.0.1", "10.0.0.2"),
            (1, "", "10.0.0.1", "10.0.0.1"),
            (1, "no address", "10.0.0.1", "10.0.0.1"),
            (1, "203.0.113.9:41234", "10.0.0.1", "203.0.113.9"),
            (1, "[2001:db8:1:2::5]:443", "10.0.0.1", "2001:db8:1:2::"),
        ],
    )
    def test_is_what_the_outermost_proxy_of_ours_saw(self, settings: Any, proxies: int, header: str, here: str, client: str) -> None:
        settings.TRUSTED_PROXIES = proxies

        assert seen(header, here) == client

    @pytest.mark.parametrize("address", ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"])
    def test_of_the_sixth_version_is_its_line(self, address: str) -> None:
        assert seen("", address) == "2001:db8:1:2::"

    def test_of_the_fourth_written_as_the_sixth_is_the_fourth(self) -> None:
        assert seen("", "::ffff:203.0.113.9") == "203.0.113.9"

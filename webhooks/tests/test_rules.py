"""Where webhooks may lead, and what a signature is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from django.test import override_settings

from webhooks import lookup, rules, signing, vault
from webhooks.errors import WebhookAddressRefused, WebhookUrlInvalid
from webhooks.rules import Answer, Health, Patience, Policy, Target

STRICT = Policy(allow_http=False, allow_private=False)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATIENCE = Patience(first_s=5, longest_s=21_600, give_up=timedelta(days=3))


@pytest.fixture(autouse=True)
def bank() -> None:
    """Rules need no bank."""


class TestAUrl:
    def test_is_taken_apart_once(self) -> None:
        assert rules.target_of("https://ERP.example:8443/a/b?c=d") == Target(scheme="https", host="erp.example", port=8443, path="/a/b?c=d")
        assert rules.target_of("https://[2001:db8::1]") == Target(scheme="https", host="2001:db8::1", port=443, path="/")

    @pytest.mark.parametrize(
        "url",
        [
            *(
                "",
                "erp.example/hook",
                "ftp://erp.example/",
                "//erp.example/",
                "https://",
                "https:///hook",
                "https://:443/",
                "file:///etc/passwd",
            ),
            *("https://user@erp.example/", "https://user:pw@erp.example/", "https://erp.example/#part", "https://erp.example\\@10.0.0.1/"),
            *(
                "https://erp.example/a b",
                "https://erp.example/\n",
                "https://érp.example/",
                "https://erp..example/",
                "https://-erp.example/",
            ),
            *(
                "https://erp.example:99999/",
                "https://erp.example:0/",
                "https://erp.example:x/",
                "https://[::1/",
                "https://[fe80::1%25eth0]/",
            ),
            "https://erp.example/" + "x" * 500,
        ],
    )
    def test_that_could_be_read_differently_is_refused(self, url: str) -> None:
        with pytest.raises(WebhookUrlInvalid):
            rules.target_of(url)


class TestAnAddress:
    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200"),
            *("169.254.169.254", "168.63.129.16", "192.0.0.192", "198.18.0.1", "203.0.113.7", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
            *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff0e::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:93.184.216.34"),
            *("64:ff9b::a00:1", "2002:a00:1::1", "2001:0:1234::1", "::127.0.0.1"),
        ],
    )
    def test_inside_somebodys_network_is_refused(self, address: str) -> None:
        found = rules.refusal_of(target=rules.target_of("https://erp.example/"), addresses=["93.184.216.34", address], policy=STRICT)

        assert found == WebhookAddressRefused(address=address)

    @pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
    def test_on_the_public_internet_is_fine(self, address: str) -> None:
        assert rules.refusal_of(target=rules.target_of("https://erp.example/"), addresses=[address], policy=STRICT) is None

    @pytest.mark.parametrize(
        "url", ["https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/", "https://localhost/", "https://[::1]/"]
    )
    def test_in_disguise_is_found_out(self, url: str) -> None:
        found = rules.refusal_of(target=rules.target_of(url), addresses=lookup.addresses_in_time(url), policy=STRICT)

        assert found is not None

    def test_is_needed(self) -> None:
        found = rules.refusal_of(target=rules.target_of("https://erp.example/"), addresses=[], policy=STRICT)

        assert isinstance(found, WebhookUrlInvalid)

    def test_may_be_private_and_plain_where_the_bank_says_so(self) -> None:
        target = rules.target_of("http://127.0.0.1:9/")
        lenient = Policy(allow_http=True, allow_private=True)

        assert rules.refusal_of(target=target, addresses=["127.0.0.1"], policy=lenient) is None
        assert isinstance(rules.refusal_of(target=target, addresses=["8.8.8.8"], policy=STRICT), WebhookUrlInvalid)


class TestASignature:
    def test_is_what_every_receiver_of_standard_webhooks_expects(self) -> None:
        """The example that the libraries of Standard Webhooks are tested with."""
        said = signing.headers(
            name="msg_p5jXN8AQM9LWM0D4loKWxJek",
            body=b'{"test": 2432232314}',
            secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            now=datetime.fromtimestamp(1614265330, UTC),
        )

        assert said == {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }

    def test_of_each_secret_is_there(self) -> None:
        secrets = [signing.new_secret(), signing.new_secret()]

        both = signing.headers(name="a", body=b"b", secrets=secrets, now=NOON)["webhook-signature"]

        assert both.split() == [signing.headers(name="a", body=b"b", secrets=[each], now=NOON)["webhook-signature"] for each in secrets]


class TestASecretAtRest:
    def test_is_read_again_with_its_endpoint_alone(self) -> None:
        endpoint = uuid4()
        sealed = vault.seal("whsec_x", of=endpoint)

        assert vault.unseal(sealed, of=endpoint) == "whsec_x"
        assert b"whsec" not in sealed
        with pytest.raises(InvalidTag):
            vault.unseal(sealed, of=uuid4())

    def test_outlives_a_change_of_key_that_names_the_one_before(self) -> None:
        endpoint = uuid4()
        with override_settings(SECRET_KEY="the old one"):
            sealed = vault.seal("whsec_x", of=endpoint)

        with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["the old one"]):
            assert vault.unseal(sealed, of=endpoint) == "whsec_x"
        with override_settings(SECRET_KEY="the new one"), pytest.raises(InvalidTag):
            vault.unseal(sealed, of=endpoint)


class TestHealth:
    def test_waits_longer_each_time_up_to_a_limit(self) -> None:
        health, waits = Health(failures=0, failing_since=None, next_at=NOON), []
        for _ in range(16):
            now = health.next_at
            health.note(Answer(status=500, text=""), now=now, patience=PATIENCE, chance=0.5)
            waits.append((health.next_at - now).total_seconds())

        assert waits[:4] == [5, 10, 20, 40]
        assert waits[-1] == 21_600

    def test_counts_what_fails_at_the_same_time_once(self) -> None:
        health = Health(failures=0, failing_since=None, next_at=NOON)

        for _ in range(8):
            health.note(Answer(status=None, text="reset"), now=NOON, patience=PATIENCE, chance=0.5)

        assert (health.failures, health.next_at) == (1, NOON + timedelta(seconds=5))

    def test_is_restored_by_one_success(self) -> None:
        health = Health(failures=9, failing_since=NOON - timedelta(days=2), next_at=NOON)

        health.note(Answer(status=204, text=""), now=NOON, patience=PATIENCE, chance=0.5)

        assert (health.failures, health.failing_since, health.disabled_why) == (0, None, "")

    @pytest.mark.parametrize("status", [199, 301, 302, 400, 404, 500, None])
    def test_is_hurt_by_everything_but_2xx(self, status: int | None) -> None:
        assert not Answer(status=status, text="").is_taken

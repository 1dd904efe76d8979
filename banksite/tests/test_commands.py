"""Opening, filling, watching and tidying a bank."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from access.models import AuditEvent, User
from access.roles import BANK_ROLES
from access.site import Site, acting_as, this_bank
from access.tests.people import NOON
from accounts.models import Account, Customer
from banksite.housekeeping import tidy
from banksite.opening import open_bank
from banksite.seeding import seed_demo
from messaging.models import OwnKey
from transfers.models import Transfer


@pytest.fixture(autouse=True)
def bank(tmp_path: Path, db: None) -> Iterator[Site]:
    files = {"message_key_file": tmp_path / "messages.pem", "token_key_file": tmp_path / "tokens.pem"}
    with acting_as(replace(this_bank(), currencies=("EUR", "USD"), **files)) as site:  # type: ignore[arg-type]
        yield site


class TestOpenBank:
    def test_makes_everything_a_bank_needs(self, bank: Site) -> None:
        open_bank(now=NOON)

        assert set(Group.objects.values_list("name", flat=True)) == set(BANK_ROLES)
        assert set(Account.objects.values_list("number", flat=True)) == {
            f"{kind}.{currency}" for kind in ("CASH", "FEES", "SUSPENSE", "SETTLEMENT") for currency in ("EUR", "USD")
        }
        assert {key.use for key in OwnKey.objects.all()} == {"messages", "tokens"}

    def test_notes_what_the_environment_sets_otherwise_than_before(self, bank: Site) -> None:
        for site in (bank, bank, replace(bank, approval_limits={"EUR": 5_000})):
            with acting_as(site):
                open_bank(now=NOON)

        first, second = AuditEvent.objects.filter(action="settings.changed").order_by("id")
        assert first.before == {}
        assert [name for name, value in second.after.items() if value != second.before[name]] == ["approval_limits"]
        assert "key_file" not in str(second.after)

    def test_keeps_private_keys_to_their_owner(self, bank: Site) -> None:
        open_bank(now=NOON)

        assert bank.message_key_file
        assert stat.S_IMODE(bank.message_key_file.stat().st_mode) == 0o600

    def test_changes_nothing_the_second_time(self, bank: Site) -> None:
        first = open_bank(now=NOON)
        accounts, users = Account.objects.count(), User.objects.count()

        second = open_bank(now=NOON)

        assert second == first
        assert (Account.objects.count(), User.objects.count()) == (accounts, users)

    def test_gives_the_bank_itself_no_password(self, bank: Site) -> None:
        open_bank(now=NOON)

        system = User.objects.get(username="system")
        assert not system.has_usable_password()
        assert not system.has_perm("transfers.approve")

    def test_opens_no_accounts_at_the_head_bank(self, bank: Site) -> None:
        with acting_as(replace(bank, role="headbank")):
            open_bank(now=NOON)

        assert not Account.objects.exists()


@pytest.mark.money
class TestSeedDemo:
    def test_makes_customers_with_money_of_which_one_is_frozen_and_one_closed(self) -> None:
        open_bank(now=NOON)

        seeded = seed_demo(now=NOON)

        assert (seeded.staff, seeded.customers) == (6, 12)
        statuses = list(Account.objects.filter(customer__isnull=False).values_list("status", flat=True))
        assert (statuses.count("frozen"), statuses.count("closed")) == (1, 1)
        assert Transfer.objects.filter(kind="deposit", status="completed").count() == 12

    def test_gives_the_same_numbers_every_time(self) -> None:
        open_bank(now=NOON)

        seed_demo(now=NOON)

        first = Account.objects.filter(customer__name="Maria Jansen", currency="EUR", kind="checking").get()
        assert first.number.endswith("BNKA0000000001")

    def test_changes_nothing_the_second_time(self) -> None:
        open_bank(now=NOON)
        seed_demo(now=NOON)

        again = seed_demo(now=NOON)

        assert (again.staff, again.customers) == (0, 0)
        assert Customer.objects.count() == 12

    def test_gives_the_head_bank_staff_without_tellers_or_customers(self, bank: Site, capsys: pytest.CaptureFixture[str]) -> None:
        with acting_as(replace(bank, role="headbank")):
            open_bank(now=NOON)
            call_command("seed_demo")

        listed = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
        assert listed == ["supervisor", "deputy", "admin", "adjunct", "auditor"]
        assert not Customer.objects.exists()

    def test_is_refused_where_others_are_served(self, settings: Any) -> None:
        settings.HTTPS = True

        with pytest.raises(CommandError):
            call_command("seed_demo")


class TestHousekeep:
    def test_deletes_what_is_over_and_is_safe_twice(self) -> None:
        Session.objects.create(session_key="old", session_data="", expire_date=NOON - timedelta(days=1))
        Session.objects.create(session_key="new", session_data="", expire_date=NOON + timedelta(days=1))

        first, second = tidy(now=NOON), tidy(now=NOON)

        assert (first["sessions"], second["sessions"]) == (1, 0)
        assert Session.objects.get().session_key == "new"


class TestStatus:
    def test_names_what_is_red_and_exits_3(self, capsys: pytest.CaptureFixture[str], settings: Any) -> None:
        settings.KAFKA = {**settings.KAFKA, "bootstrap.servers": "127.0.0.1:9", "socket.timeout.ms": 500}

        with pytest.raises(SystemExit) as ended:
            call_command("status", "--json")

        report = json.loads(capsys.readouterr().out)
        signs = {sign["code"]: sign["is_red"] for sign in report["signs"]}
        assert ended.value.code == 3
        assert (signs["triggers"], signs["directory"], signs["relay"], signs["broker"]) == (False, True, True, True)

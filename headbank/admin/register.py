"""The register of banks in the admin, and what one or two persons decide about a bank."""

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from access.admin import Asked, BankAdmin, Told, coloured, deed, list_link
from access.site import this_bank
from accounts.admin.showing import shown_amount
from accounts.models import Account
from accounts.numbers import settlement_of
from headbank import permissions, services
from headbank.admin.asking import CapForm, CoverForm, InviteForm, KeyForm, PartitionsForm, RegisterForm
from headbank.models import Bank, BankKey

Status = Bank.Status
GRANT = "Ask, or grant what was asked"
_TWO = "The first person asks, a second one grants it."


def _ask(asked: Asked, action: str, code: str, facts: Mapping[str, Any] | None = None) -> str:
    """Ask as the first person, or grant as the second what the first asked for."""
    done = services.ask_or_approve(action=action, code=code, facts=facts or {}, by=asked.by, reason=asked.reason, now=asked.now)
    return "Done, and announced to all banks." if done else "A second person must do the same, or decide it under Approvals."


@admin.register(Bank)
class RegisteredBankAdmin(BankAdmin):
    """The banks the head bank vouches for."""

    list_display = ("code", "name", "state", "contact", "caps", "registered_at")
    list_filter = ("status",)
    search_fields = ("code", "name")
    search_help_text = "Part of the code or the name"
    ordering = ("code",)
    fields = (
        ("code", "name"),
        ("state", "registered_at"),
        ("contact", "caps"),
        ("site_url", "api_url"),
        ("topic", "partitions"),
        ("keys", "settlement_accounts"),
    )
    readonly_fields = ("state", "caps", "keys", "settlement_accounts")
    actions_list = ("invite", "register", "announce")
    actions_detail = ("approve", "suspend", "reactivate", "set_cap", "set_cover", "set_partitions", "add_key", "close")

    def name_of(self, row: Any) -> str:
        """Return the bank's code and name."""
        return f"{row.code}, {row.name}"

    @coloured("status")
    def state(self, bank: Bank) -> str:
        """Show whether the bank takes part."""
        return bank.status

    @admin.display(description="net debit caps")
    def caps(self, bank: Bank) -> SafeString | str:
        """Show how much the bank may owe all others together."""
        caps = cast(dict[str, int], bank.debit_caps)
        return format_html_join("", "{}", ((shown_amount(cap, currency),) for currency, cap in sorted(caps.items()))) if caps else "none"

    @admin.display(description="keys")
    def keys(self, bank: Bank) -> SafeString:
        """Lead to the bank's keys."""
        return list_link(BankKey, "Show the keys", q=bank.code)

    @admin.display(description="settlement accounts")
    def settlement_accounts(self, bank: Bank) -> SafeString:
        """Lead to the bank's accounts at the head bank."""
        links = (list_link(Account, f"in {currency}", q=settlement_of(bank.code, currency)) for currency in this_bank().currencies)
        return format_html_join(", ", "{}", ((link,) for link in links))

    @deed(
        title="Invite a bank",
        explains="A one-time code is made and shown once. With it the bank may apply within a week: `apply_to_head_bank` at the bank. "
        "Nothing is told to other banks before two persons approve its application.",
        submit="Invite",
        permission=permissions.MANAGE_BANKS,
        form_class=InviteForm,
        icon="mail",
    )
    def invite(self, asked: Asked) -> Told:
        """Let a bank apply."""
        code = asked.values["code"]
        one_time = services.invite_bank(code=code, reason=asked.reason, by=asked.by, now=asked.now)
        return Told(text=f"The invitation of {code}", lines=[("One-time code, good for a week", one_time)])

    @deed(
        title="Register a bank",
        explains=f"A bank that does not apply itself is taken into the register with its first key, and every bank may send to it. {_TWO}",
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        form_class=RegisterForm,
        icon="domain_add",
    )
    def register(self, asked: Asked) -> str:
        """Ask a second person to take a bank in, or grant it."""
        facts = {name: asked.values[name] for name in ("name", "contact", "site_url", "api_url", "partitions", "public_key")}
        return _ask(asked, services.REGISTER, asked.values["code"], facts)

    @deed(
        title="Publish the directory",
        explains="The relay signs and publishes what the register says now. Every change is published by itself: "
        "this is for a register that was changed otherwise. One that has not changed keeps its version.",
        submit="Publish",
        permission=permissions.PUBLISH_DIRECTORY,
        icon="campaign",
    )
    def announce(self, asked: Asked) -> str:
        """Have the register published as it is."""
        version = services.announce_register(reason=asked.reason, by=asked.by, now=asked.now)
        return f"Version {version} says what the register says; the relay publishes it within seconds."

    @deed(
        title="Approve the application",
        explains=lambda bank: (
            f"{bank.code}, {bank.name}, becomes a bank of the directory and may send and receive. "
            f"Compare its key with what its contact ({bank.contact or 'none given'}) tells you. {_TWO}"
        ),
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        icon="check_circle",
        offered=lambda bank: bank.status == Status.APPLIED,
    )
    def approve(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person to take an applicant in, or grant it."""
        return _ask(asked, services.APPROVE, bank.code)

    @deed(
        title="Suspend",
        explains=lambda bank: (
            f"Within seconds no bank sends anything new to {bank.code}, and what is new from it is refused. "
            "What is under way still finishes. Ending the suspension takes two persons."
        ),
        permission=permissions.MANAGE_BANKS,
        icon="pause_circle",
        is_dangerous=True,
        offered=lambda bank: bank.status == Status.ACTIVE,
    )
    def suspend(self, asked: Asked, bank: Bank) -> str:
        """Let nothing new go to or come from a bank."""
        services.suspend_bank(code=bank.code, reason=asked.reason, by=asked.by, now=asked.now)
        return f"{bank.code} is suspended; every bank is told."

    @deed(
        title="End the suspension",
        explains=lambda bank: f"{bank.code} may send and receive again. {_TWO}",
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        icon="play_circle",
        offered=lambda bank: bank.status == Status.SUSPENDED,
    )
    def reactivate(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person to let a bank take part again, or grant it."""
        return _ask(asked, services.REACTIVATE, bank.code)

    @deed(
        title="Close for good",
        explains=lambda bank: (
            f"{bank.code}, {bank.name}, never takes part again and all its keys end. "
            f"What other banks still wait for from it they give back, by two persons each. {_TWO}"
        ),
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        icon="block",
        is_dangerous=True,
        offered=lambda bank: bank.status in {Status.ACTIVE, Status.SUSPENDED},
    )
    def close(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person to close a bank, or grant it."""
        return _ask(asked, services.CLOSE, bank.code)

    @deed(
        title="Set the debit cap",
        explains=lambda bank: f"{bank.code} sends nothing more once it owes all other banks together this much, until it settles. {_TWO}",
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        form_class=CapForm,
        icon="speed",
        offered=lambda bank: bank.status != Status.CLOSED,
    )
    def set_cap(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person for another cap, or grant it."""
        return _ask(asked, services.SET_CAP, bank.code, {name: asked.values[name] for name in ("currency", "cap_minor")})

    @deed(
        title="Set the cover",
        explains=lambda bank: f"A settlement in which {bank.code} would owe more than this leaves it out with all its pairs. {_TWO}",
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        form_class=CoverForm,
        icon="shield",
        offered=lambda bank: bank.status != Status.CLOSED,
    )
    def set_cover(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person for another cover, or grant it."""
        return _ask(asked, services.SET_COVER, bank.code, {name: asked.values[name] for name in ("currency", "cover_minor")})

    @deed(
        title="Set the partitions",
        explains=lambda bank: (
            f"The inbound topic of {bank.code} was given more partitions: "
            f"all banks write to as many as this says, {bank.partitions} now. {_TWO}"
        ),
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        form_class=PartitionsForm,
        icon="view_column",
        offered=lambda bank: bank.status != Status.CLOSED,
    )
    def set_partitions(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person for another number of partitions, or grant it."""
        return _ask(asked, services.SET_PARTITIONS, bank.code, {"partitions": asked.values["partitions"]})

    @deed(
        title="Add a key",
        explains=lambda bank: (
            f"Whoever holds the other half of this key speaks for {bank.code}, beside the keys it has. "
            f"A bank that still has a key announces its next one itself (`rotate_key`); this is for one that lost them all. {_TWO}"
        ),
        submit=GRANT,
        permission=permissions.MANAGE_BANKS,
        form_class=KeyForm,
        icon="vpn_key",
        is_dangerous=True,
        offered=lambda bank: bank.status != Status.CLOSED,
    )
    def add_key(self, asked: Asked, bank: Bank) -> str:
        """Ask a second person to let another key speak for a bank, or grant it."""
        return _ask(asked, services.ADD_KEY, bank.code, {"public_key": asked.values["public_key"]})

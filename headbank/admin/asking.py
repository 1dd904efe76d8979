"""What the dialogs of the register ask."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from access.admin import ReasonForm
from accounts.admin.asking import CurrencyField, amount_field, read_amounts


class BankCodeField(forms.RegexField):
    """The code of a bank, in capitals however it is typed."""

    def __init__(self) -> None:
        super().__init__(
            r"^[A-Z]{4}$",
            label="Code of the bank",
            max_length=4,
            widget=UnfoldAdminTextInputWidget(attrs={"autocapitalize": "characters"}),
            help_text="Four capital letters, as in its account numbers.",
            error_messages={"invalid": "A bank's code is four letters."},
        )

    def to_python(self, value: Any) -> Any:
        """Return the code in capitals."""
        return str(super().to_python(value) or "").upper()


class PublicKeyField(forms.CharField):
    """The public half of a key, in small letters however it is typed."""

    def __init__(self) -> None:
        super().__init__(
            label="Public key",
            max_length=64,
            widget=UnfoldAdminTextInputWidget,
            help_text="64 hexadecimal digits, as `show_key` at the bank prints them.",
        )

    def to_python(self, value: Any) -> Any:
        """Return the key in small letters."""
        return str(super().to_python(value) or "").lower()


def _text(label: str, length: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=required, widget=UnfoldAdminTextInputWidget)


class InviteForm(ReasonForm):
    """Ask which bank may apply."""

    field_order = ("code", "reason")
    code = BankCodeField()


class KeyForm(ReasonForm):
    """Ask for a public key."""

    field_order: tuple[str, ...] = ("public_key", "reason")
    public_key = PublicKeyField()


class RegisterForm(KeyForm):
    """Ask who a bank is."""

    field_order = ("code", "name", "contact", "site_url", "api_url", "public_key", "partitions", "reason")
    code = BankCodeField()
    name = _text("Name", 70)
    contact = _text("Contact", 140, required=False)
    site_url = _text("Address of its pages", 200, required=False)
    api_url = _text("Address of its API", 200, required=False)
    partitions = forms.IntegerField(label="Partitions of its letter box", initial=4, widget=UnfoldAdminIntegerFieldWidget)


class PartitionsForm(ReasonForm):
    """Ask how many partitions a bank's inbound topic has."""

    field_order = ("partitions", "reason")
    partitions = forms.IntegerField(
        label="Partitions of its inbound topic",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Not before the topic has them: what is sent to a partition that does not exist waits.",
    )


class CapForm(ReasonForm):
    """Ask how much a bank may owe."""

    field_order = ("currency", "cap", "reason")
    currency = CurrencyField()
    cap = amount_field("Most it may owe", required=False, help_text="Such as 250000.00. Empty takes the cap away.")

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        return read_amounts(self, super().clean(), "cap")


class CoverForm(ReasonForm):
    """Ask how far below zero a bank's settlement account may go."""

    field_order = ("currency", "cover", "reason")
    currency = CurrencyField()
    cover = amount_field("Cover", help_text="How far below zero its settlement account may go, such as 250000.00.")

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        return read_amounts(self, super().clean(), "cover")

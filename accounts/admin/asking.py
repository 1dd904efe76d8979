"""How dialogs ask for amounts and currencies."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from access.errors import DomainError
from access.site import this_bank
from accounts.money import Money


def amount_field(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    """Return a field for an amount as people write it; its currency is known only when the whole form is."""
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    return forms.CharField(label=label, max_length=20, required=required, widget=widget, help_text=help_text)


def minor_of(text: str, currency: str) -> int:
    """Return an amount in minor units, 0 included; raises forms.ValidationError."""
    if not text.strip().strip("0.,"):
        return 0
    try:
        return Money.parse(text.strip(), currency).amount_minor
    except DomainError as refusal:
        raise forms.ValidationError(str(refusal)) from refusal


class CurrencyField(forms.ChoiceField):
    """One of this bank's currencies."""

    def __init__(self) -> None:
        super().__init__(label="Currency", choices=_currencies, widget=UnfoldAdminSelectWidget)


def read_amounts(form: forms.Form, values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Read the amounts of a form in its currency, into `NAME_minor`; one left empty is None, one that is none is an error beside it."""
    for name in names:
        if values.get("currency") and name in values:
            try:
                values[f"{name}_minor"] = minor_of(values[name], values["currency"]) if values[name] else None
            except forms.ValidationError as error:
                form.add_error(name, error)
    return values


def _currencies() -> list[tuple[str, str]]:
    return [(currency, currency) for currency in this_bank().currencies]

"""Forms as the bank's pages show them: one label, hint and error beside each field, and refusals at the field they are about."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _


class BankRenderer(TemplatesSetting):
    """Draw forms and fields with the templates of the site."""

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"


class BankForm(forms.Form):
    """A form. `places` names for each refusal's code the field it is shown at; the others are shown above the form."""

    default_renderer = BankRenderer
    required_css_class = "field--required"
    places: ClassVar[Mapping[str, str]] = {}
    is_filter: ClassVar[bool] = False  # every field of a filter may be left out, which then needs no saying

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.refusal_code = ""
        self.use_required_attribute = False  # the page says what is missing, in one place and in the page's language

    def refuse(self, *, code: str, text: str) -> None:
        """Show a refusal at its field, and let the page link to what it means."""
        self.refusal_code = code
        place = self.places.get(code)
        self.add_error(place if place in self.fields else None, text)


class ReasonForm(BankForm):
    """Why something exceptional is done."""

    places = {"reason-missing": "reason"}

    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("A few words, kept in the audit trail under your name."),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        error_messages={"required": _("Say in a few words why.")},
    )

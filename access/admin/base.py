"""What every list of the admin derives from."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from access import services
from access.admin import parameters
from access.admin.deeds import Asked, Told, deed
from access.admin.exporting import ExportForm, columns_of, download, narrowed, rows_of
from access.admin.searching import matching
from access.errors import FilterUnknown
from access.masking import shorten, veil
from access.permissions import EXPORT_LISTS, KNOW_CUSTOMERS, REVEAL_CUSTOMERS
from access.plans import planned_anew


class BankAdmin(ModelAdmin):  # type: ignore[misc]  # Unfold ships no types
    """A read-only list: nothing is added, changed or deleted here; what may be done is a `deed` with a dialog, which calls a service.

    Counts nothing and orders by the key alone, so that a journal of any length opens at once. `masks` names the fields that may tell of
    customers in a list that also those see who need not know them; `shortened` those of which nobody sees more than the ends.
    `links` names the parameters that other pages lead here with, and which of them; every other one that is no filter's is ignored.
    """

    checks_class = ModelAdminChecks  # Unfold's look for permissions in a database that may not be migrated yet
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a facet is a count
    sortable_by: Sequence[str] = ()
    list_per_page = 50
    list_fullwidth = True
    ordering: Sequence[str] = ("-pk",)
    masks: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()
    links: Mapping[str, str] = {}
    never_exported: tuple[str, ...] = ()
    actions_list: Sequence[str] = ()
    actions_detail: Sequence[str] = ()

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.actions_list = (*self.actions_list, "export")
        self.actions_detail = (*self.actions_detail, "reveal") if self.masks else tuple(self.actions_detail)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: rows come from services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: changes are deeds."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002  # Django passes them
        """Refuse: nothing is ever deleted."""
        return False

    def name_of(self, row: Any) -> str:
        """Return what a row is called at the top of its page."""
        return str(row.pk)

    def is_masked_for(self, request: HttpRequest) -> bool:
        """Return whether the user sees only what does not tell of customers."""
        return bool(self.masks) and not request.user.has_perm(KNOW_CUSTOMERS)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002  # Django passes them
        """Return whether an address may narrow the list by this: what a filter or a link of ours uses."""
        return lookup in parameters.declared(self.model, self.list_filter, self.links)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:  # noqa: ARG002  # Django passes them
        """Return whether an address may name rows by this column: by their key alone."""
        return bool(to_field == self.model._meta.pk.name)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the page of the list, masked where it must be, and say which parameters were ignored."""
        known = parameters.declared(self.model, self.list_filter, self.links)
        vars(request)["GET"], unknown = parameters.split(request.GET, known=known)
        if unknown:
            text = f"This list cannot be narrowed or sorted by {parameters.written(unknown)}: that was ignored."
            messages.warning(request, text, fail_silently=True)
        with planned_anew():  # what the list is narrowed to decides which index is best
            page = super().get_changelist_instance(request)
            page.result_list = list(page.result_list)
        for row in page.result_list:
            self._hide(request, row)
        return page

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ARG002  # Django passes it
        """Return what the search box finds: by the indexes of the fields named with `=`, where Django would read the whole list."""
        text = search_term.strip()
        if not (text and self.search_fields):
            return queryset, False
        return matching(queryset, fields=self.search_fields, text=text, also=self.also_found(text)), False

    def also_found(self, text: str) -> Sequence[models.Q]:  # noqa: ARG002  # what others look for
        """Return what else than the search fields finds rows: conditions for whose columns together there is an index."""
        return ()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row of a page, read once a request, masked where it must be."""
        rows = vars(request).setdefault("rows_read", {})
        if (name := (self.opts.label, object_id)) not in rows:
            rows[name] = super().get_object(request, object_id, from_field)
            if rows[name] is not None:
                self._hide(request, rows[name])
        return rows[name]

    def _hide(self, request: HttpRequest, row: models.Model) -> None:
        """Mask a row that is only looked at."""
        shorten(row, self.shortened)
        if self.is_masked_for(request):
            veil(row, self.masks)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the deeds the user may do that make sense for the row."""
        actions: list[Any] = super().get_actions_detail(request, object_id)
        row = self.get_object(request, object_id) if actions else None
        return [action for action in actions if row is not None and action.method.offered(row)]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Name the row instead of printing it."""
        if row := kwargs.get("obj"):
            name = vars(request)["row_name"] = self.name_of(row)  # for the path at the top of the page, which knows the request alone
            context |= {"subtitle": name}
        return super().render_change_form(request, context, *args, **kwargs)

    @deed(
        title="Export",
        explains="Every row of the current filter as a file, with amounts in minor units. Who took it, and why, is in the audit trail.",
        submit="Download",
        permission=EXPORT_LISTS,
        form_class=ExportForm,
        icon="download",
        downloads=True,
    )
    def export(self, asked: Asked) -> Any:
        """Hand the list over as a file."""
        given = narrowed(asked.values["filters"])
        filters, unknown = parameters.split(given, known=parameters.declared(self.model, self.list_filter, self.links))
        if unknown:
            raise FilterUnknown(names=parameters.written(unknown))
        vars(asked.request)["GET"] = filters
        try:
            rows = super().get_changelist_instance(asked.request).get_queryset(asked.request)
        except IncorrectLookupParameters as error:
            raise BadRequest from error
        narrowed_by = {key: str(value) for key, value in filters.items()}
        name, file_format = self.model._meta.label_lower, asked.values["file_format"]
        services.export_list(
            name=name,
            filters=narrowed_by,
            file_format=file_format,
            reason=asked.reason,
            by=asked.by,
            now=asked.now,
        )
        columns = columns_of(self.model, {*self.never_exported, *(self.exclude or ())})
        masks = self.masks if self.is_masked_for(asked.request) else ()
        lines = rows_of(rows, columns, masks=masks, shortened=self.shortened)
        return download(f"{name}-{asked.now:%Y-%m-%d}", file_format, columns, lines)

    @deed(
        title="Reveal",
        explains="Shows once what is masked here of customers. Who saw it, and why, is in the audit trail.",
        submit="Show",
        permission=REVEAL_CUSTOMERS,
        icon="visibility",
    )
    def reveal(self, asked: Asked, row: models.Model) -> Told:
        """Show what is masked, to whom may ask."""
        services.reveal(subject=f"{self.model._meta.label_lower}:{row.pk}", reason=asked.reason, by=asked.by, now=asked.now)
        whole = self.get_queryset(asked.request).get(pk=row.pk)
        return Told(
            text="What is masked", lines=[(field.replace("_", " ").capitalize(), _text(getattr(whole, field))) for field in self.masks]
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

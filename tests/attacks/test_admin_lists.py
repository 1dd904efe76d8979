"""What the address of a list may ask of the database: what its filters and links ask, and nothing else."""

import re
from contextlib import suppress
from itertools import islice, product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import models
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import resolve

from access.admin import parameters
from access.models import AuditEvent, IdempotencyKey, User
from access.roles import ADMINISTRATOR, AUDITOR
from tests.desk.bank import STAFF, browser, user
from tests.desk.conftest import Work
from tests.desk.test_registry import LISTS as REGISTERED
from tests.desk.test_registry import address

LISTS: list[Any] = list(REGISTERED)
HOSTILE = 100  # addresses a list
SUFFIXES = {
    "__startswith": "zz",
    "__contains": "zz",
    "__icontains": "zz",
    "__endswith": "zz",
    "__gte": "zzzz",
    "__lt": "0",
    "__regex": "^zz(a+)+$",
    "__iregex": "^zz",
    "__in": "zz,zy",
    "__range": "zz,zy",
    "__isnull": "1",
    "__iexact": "zz",
    "__word": "zz",
    "": "zz",
}
ALWAYS = {
    "o": "1.-2",
    "all": "",
    "_facets": "1",
    "_popup": "1",
    "_to_field": "password",
    "p": "999999999999999999999",
    "pk__in": "1",
    "pk": "0",
    "password__gte": "z",
    "user__password__startswith": "z",
    "after__name__startswith": "zz",
    "body__contains": "zz",
    "facts__debtor__regex": "^zz",
    "logentry__user__password__startswith": "z",
    "nothing_of_the_kind": "zz",
    "__": "zz",
    "a__b__c__d": "zz",
}


def hostile(shown: Any) -> dict[str, str]:
    """Return about a hundred parameters that no page of ours asks a list for, with values that would leave no row."""
    names = [field.name for field in shown.model._meta.concrete_fields]
    joined = [f"{name}__{part}" for name in _relations(shown.model) for part in ("password", "id", "name", "username", "number")]
    joined += [f"{field.name}__name" for field in shown.model._meta.concrete_fields if isinstance(field, models.JSONField)]
    made = {f"{name}{suffix}": value for name, (suffix, value) in product((*joined, *names), SUFFIXES.items())}
    known = parameters.declared(shown.model, shown.list_filter, shown.links)
    step = max(1, len(made) // (HOSTILE - len(ALWAYS)))
    spread = dict(islice(made.items(), 0, None, step))
    return {name: value for name, value in (spread | ALWAYS).items() if name not in known or name == "p"}


def _relations(model: Any) -> list[str]:
    """Return the names by which an address could join other tables."""
    return [field.name for field in model._meta.get_fields() if field.is_relation and field.related_model]


def listed(shown: Any, who: str, given: dict[str, str]) -> tuple[list[Any], int]:
    """Return the keys of the rows that an address lists, and how many messages say that something was ignored."""
    request: Any = RequestFactory().get("/", given)
    request.user, request._messages = user(who), CookieStorage(RequestFactory().get("/"))
    page = shown.get_changelist_instance(request)
    return [row.pk for row in page.result_list], len(request._messages)


class TestALookupOfTheAddress:
    @pytest.mark.parametrize(("site", "of_head_bank"), [("bank", False), ("head_bank", True)], indirect=["site"])
    def test_changes_no_list(self, site: Work, of_head_bank: bool) -> None:
        site(1)
        wrong, tried = [], 0

        for shown, name in product(LISTS, (STAFF[AUDITOR], STAFF[ADMINISTRATOR])):
            if not shown.has_view_permission(_request(name)):
                continue
            plain = listed(shown, name, {})
            for lookup, value in hostile(shown).items():
                tried += 1
                if listed(shown, name, {lookup: value}) != (plain[0], 1):
                    wrong.append((shown.model._meta.label, name, lookup))

        assert wrong == []
        assert tried > HOSTILE * (10 if of_head_bank else 30)

    def test_ends_in_a_page_that_says_so(self, bank: Work) -> None:
        client = browser(STAFF[AUDITOR])

        for shown in LISTS:
            if shown.has_view_permission(_request(STAFF[AUDITOR])):
                answer = client.get(f"{address(shown, 'changelist')}?{urlencode(hostile(shown))}")
                assert answer.status_code == 200, shown
                assert "that was ignored" in answer.content.decode(), shown

    def test_spells_no_password_for_the_auditor(self, bank: Work) -> None:
        User.objects.filter(username="supervisor").update(password="argon2$zzz")
        client = browser(STAFF[AUDITOR])

        found = [client.get("/admin/access/user/", {"password__gte": text}).context["cl"].result_list for text in ("a", "argon2$zzzz")]

        assert len(found[0]) == len(found[1]) == User.objects.count()

    def test_finds_no_masked_customer_for_the_administrator(self, bank: Work) -> None:
        event = AuditEvent.objects.filter(after__has_key="name").order_by("pk")[0]
        client = browser(STAFF[ADMINISTRATOR])

        pages = [client.get("/admin/access/auditevent/", {"after__name__startswith": text}) for text in (event.after["name"][:2], "zz")]

        assert len({tuple(row.pk for row in page.context["cl"].result_list) for page in pages}) == 1

    @pytest.mark.parametrize("hidden", ["password__gte=z", "o=1", "groups__user__password__startswith=z", "q=a&pk__in=1"])
    def test_is_refused_among_the_filters_of_an_export(self, bank: Work, hidden: str) -> None:
        form = {"reason": "the annual audit", "file_format": "csv", "filters": hidden}

        answer = browser(STAFF[AUDITOR]).post("/admin/access/user/export/", form)

        assert "cannot be narrowed by that" in answer.content.decode()
        assert not AuditEvent.objects.filter(action="list.exported").exists()

    def test_with_a_value_that_no_page_has_is_no_failure(self, bank: Work) -> None:
        for shown in LISTS:
            if shown.has_view_permission(_request(STAFF[AUDITOR])):
                known = parameters.declared(shown.model, shown.list_filter, shown.links)
                for name, value in product(known, ("\0", "z" * 3_000, "'; --")):
                    with suppress(IncorrectLookupParameters):  # Django leads to the whole list
                        listed(shown, STAFF[AUDITOR], {name: value})

    def test_of_many_words_is_no_failure(self, bank: Work) -> None:
        answer = browser(STAFF[AUDITOR]).get("/admin/access/user/", {"q": "a " * 3_000})

        assert answer.status_code == 200


class TestTheAdmin:
    def test_names_rows_by_their_key_alone(self, bank: Work) -> None:
        client = browser(STAFF[AUDITOR])

        assert client.get("/admin/access/user/supervisor/change/", {"_to_field": "username"}).status_code == 400

    def test_completes_nothing_and_finds_its_lists_on_one_page(self, bank: Work) -> None:
        client = browser(STAFF[AUDITOR])
        of = {"app_label": "transfers", "model_name": "transfer", "field_name": "asked_by", "term": "a"}

        assert client.get("/admin/autocomplete/", of).status_code == 404
        assert client.get("/admin/search/", {"s": "transf"}).status_code == 200
        assert [client.get("/admin/search/", {"s": "transf", "page": page}).status_code for page in ("x", "2", "-1")] == [404] * 3

    def test_shows_only_the_ends_of_keys_and_of_whose_they_are(self, bank: Work) -> None:
        IdempotencyKey.objects.create(principal="user:4711", key="order-2026-03-02-0001-of-maria", fingerprint="f" * 64)
        row, client = IdempotencyKey.objects.latest("pk"), browser(STAFF[AUDITOR])

        pages = [client.get(f"/admin/access/idempotencykey/{page}") for page in ("", f"{row.pk}/change/")]
        form = {"reason": "the annual audit", "file_format": "csv", "filters": ""}
        answer: Any = client.post("/admin/access/idempotencykey/export/", form)
        file = b"".join(answer.streaming_content)

        for text in [page.content.decode() for page in pages] + [file.decode()]:
            assert "orde••••aria" in text
            assert "2026-03-02-0001" not in text
            assert "user:4711" not in text
            assert "f" * 64 not in text


class TestWhatPagesAskFor:
    @pytest.mark.parametrize("site", ["bank", "head_bank"], indirect=True)
    def test_is_what_lists_know(self, site: Work) -> None:
        site(1)
        client, ignored, followed = browser("supervisor"), [], 0

        pages = ["/admin/"]
        for shown in LISTS:
            if shown.has_view_permission(_request("supervisor")):
                key = shown.model._default_manager.order_by("pk").values_list("pk", flat=True).first()
                pages += [address(shown, "changelist"), *([address(shown, "change", key)] if key is not None else [])]
        links = {link for page in pages for link in _links(client.get(page).content.decode(), page)}
        by_address = {resolve(address(shown, "changelist")).route: shown for shown in LISTS}
        for link in sorted(links):
            path, _, query = link.partition("?")
            shown = by_address.get(resolve(path).route)
            if shown is not None:
                followed += 1
                _, messages = listed(shown, "supervisor", QueryDict(query).dict())
                ignored += [link] * messages

        assert ignored == []
        assert followed > 50


def _links(html: str, page: str) -> list[str]:
    """Return where a page leads within the admin, narrowed: at most thirty places."""
    found = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"#]*\?[^"]+)"', html)]
    whole = [f"{page.partition('?')[0]}{link}" if link.startswith("?") else link for link in found]
    return [link for link in dict.fromkeys(whole) if link.startswith("/admin/") and "/static/" not in link][:30]


def _request(name: str) -> Any:
    request = RequestFactory().get("/")
    request.user = user(name)
    return request

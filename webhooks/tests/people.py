"""Programs with webhooks, a courier that only writes down, and ways to let time pass."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import msgspec
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Max

from access.models import ApiClient, User
from accounts.models import Customer, Mandate
from banksite.machine.processes import wait_until
from transfers import stream
from transfers.models import TransferEvent
from transfers.tests.people import NOON
from webhooks import services
from webhooks.deliverer import Deliverer
from webhooks.models import Delivery
from webhooks.rules import Answer
from webhooks.services import Parcel, Registered

PUBLIC = ["93.184.216.34"]
PERMISSIONS = ("transfers.view_transfer", "webhooks.view_endpoint", "webhooks.manage_endpoint")
OK, ERROR, GONE, SILENCE = (Answer(status=status, text=text) for status, text in ((200, "ok"), (500, "?"), (410, ""), (None, "no answer")))


def program(username: str = "erp", *numbers: str, whole_bank: bool = False, scopes: list[str] | None = None) -> User:
    """Return a program that may have webhooks and acts for the holders of the accounts."""
    user = User.objects.create_user(username=username)
    for permission in PERMISSIONS:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    ApiClient.objects.create(user=user, whole_bank=whole_bank, scopes=scopes)
    for customer in Customer.objects.filter(accounts__number__in=numbers):
        Mandate.objects.create(user=user, customer=customer, granted_at=NOON)
    return User.objects.get(pk=user.pk)


def registered(by: User, *events: str, url: str = "https://erp.example/hook", now: datetime = NOON) -> Registered:
    """Register a webhook on the public internet."""
    return services.register_endpoint(url=url, events=events, after=None, addresses=PUBLIC, by=by, now=now)


def with_test(endpoint: UUID, by: User, *, now: datetime = NOON) -> Delivery:
    """Queue a delivery that is about nothing."""
    return Delivery.objects.get(id=services.send_test(endpoint_id=endpoint, by=by, now=now))


def by_hand(endpoint: UUID, event: TransferEvent, *, sequence: int = 1) -> Delivery:
    """Queue an event by hand, where no stream would show it yet."""
    return Delivery.objects.create(
        endpoint_id=endpoint, sequence=sequence, event=event, type="transfer.x", body="{}", created_at=NOON, asked_at=NOON, next_at=NOON
    )


def told(endpoint: UUID) -> list[tuple[int, str, str]]:
    """Return what is queued for an endpoint, in order: its number, its type, and whom it is for."""
    bodies = Delivery.objects.filter(endpoint_id=endpoint).order_by("sequence").values_list("body", flat=True)
    read = [msgspec.json.decode(body) for body in bodies]
    return [(letter["sequence"], letter["type"], letter["data"]["creditor"]) for letter in read]


def settle() -> None:
    """Wait until nothing that runs elsewhere in this PostgreSQL, other tests' transactions too, holds back what was written here."""

    def is_shown() -> bool:
        last = TransferEvent.objects.aggregate(Max("xid"))["xid__max"]
        return not last or stream.end().xid == last

    if connection.vendor == "postgresql":
        assert wait_until(is_shown, limit_s=60)


@dataclass
class Notebook:
    """A courier that writes down what it is given; `says` answers at once, None leaves it under way."""

    says: Callable[[Parcel], Answer | None] = lambda _: OK
    sent: list[Parcel] = field(default_factory=list)
    left: dict[UUID, "Future[Answer]"] = field(default_factory=dict)

    def send(self, parcel: Parcel) -> "Future[Answer]":
        answer: Future[Answer] = Future()
        self.sent.append(parcel)
        if (said := self.says(parcel)) is not None:
            answer.set_result(said)
        else:
            self.left[parcel.delivery] = answer
        return answer

    def close(self) -> None:
        """Do nothing: no thread was begun."""


@dataclass
class Clock:
    """One deliverer and the time it is for it."""

    notebook: Notebook
    now: datetime = NOON
    seed: int = 1
    deliverer: Deliverer = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.deliverer = Deliverer(carrier=self.notebook, random=self.random, holder=uuid4().hex)

    def turn(self, *, after: timedelta = timedelta(), times: int = 1) -> None:
        """Let time pass, then let the deliverer work until it has noted what was answered at once."""
        self.now += after
        for _ in range(times + 1):
            self.deliverer.turn(now=self.now)

    def days(self, number: float, *, every: timedelta = timedelta(hours=2)) -> None:
        """Let days pass, with a turn now and then."""
        for _ in range(int(timedelta(days=number) / every)):
            self.turn(after=every)

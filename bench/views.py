"""The views that the API is measured beside, and the addresses of all: plain Django, plain Django REST framework."""

import hashlib
import json
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import tokens
from access.idempotency import Answer, once
from accounts.models import Posting
from accounts.money import Money
from banksite.urls import urlpatterns as bank
from transfers import services
from transfers.orders import Accepted, Payment


@csrf_exempt
def pay(request: HttpRequest) -> JsonResponse:
    """Check the token, pay once, answer: the same statements as `POST transfers`, and no framework between."""
    now = timezone.now()
    token = request.headers["Authorization"].partition(" ")[2]
    user = tokens.user_of(token=tokens.read_access(token=token, now=now), now=now)
    body = json.loads(request.body)
    amount = Money(body["amount"]["amount_minor"], body["amount"]["currency"])
    texts = {name: body[name] for name in ("debtor", "creditor", "creditor_name", "reference", "end_to_end_id")}

    def effect() -> Answer:
        [outcome] = services.submit(orders=[Payment(**texts, amount=amount)], by=user, now=now)
        assert isinstance(outcome, Accepted), outcome
        return Answer(status=201, body={"id": str(outcome.transfer_id), "kind": outcome.kind, "status": outcome.status})

    fingerprint = hashlib.sha256(request.body).hexdigest()
    answer = once(principal=f"user:{user.pk}", key=request.headers["Idempotency-Key"], fingerprint=fingerprint, effect=effect)
    return JsonResponse(answer.body, status=answer.status)


class Nothing(APIView):
    """Checks the token and does nothing."""

    renderer_classes = (JSONRenderer,)
    throttle_classes = ()

    def post(self, request: Request) -> Response:
        """Answer for somebody who is known."""
        assert request.user.is_authenticated
        return Response({})


class Line(serializers.ModelSerializer[Posting]):
    """A posting with both its accounts, as one writes it first."""

    debit = serializers.CharField(source="debit_account.number")
    credit = serializers.CharField(source="credit_account.number")
    debit_name = serializers.CharField(source="debit_account.holder_name")
    credit_name = serializers.CharField(source="credit_account.holder_name")

    class Meta:
        model = Posting
        fields = ("id", "transfer_id", "leg", "debit", "credit", "debit_name", "credit_name", "amount_minor", "currency", "booked_at")


class Pages(CursorPagination):
    """Fifty lines, newest first."""

    page_size = 50
    ordering = "-id"

    def get_paginated_response(self, data: Any) -> Response:
        """Answer as the API's lists do."""
        return Response({"data": data, "next": self.get_next_link()})


class Statement(ListAPIView[Posting]):
    """An account's postings through a plain ModelSerializer."""

    renderer_classes = (JSONRenderer,)
    throttle_classes = ()
    serializer_class = Line
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Posting]:
        """Return what is on either side of the account."""
        number = self.kwargs["number"]
        rows = Posting.objects.filter(Q(debit_account__number=number) | Q(credit_account__number=number))
        return rows.select_related("debit_account", "credit_account")


urlpatterns = [
    path("bench/pay", pay),
    path("bench/nothing", Nothing.as_view()),
    path("bench/statement/<str:number>", Statement.as_view()),
    *bank,
]

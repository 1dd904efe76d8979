"""The base of every endpoint: who may call it, and doing once what a client may send twice."""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

import msgspec
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.errors import DomainError, KeyMissing, RequestInvalid, RequestTooLarge, TokenMissing, TooManyRequests
from access.idempotency import Answer, once
from access.models import User
from access.permissions import require
from access.rest.bodies import Because, raw_body, read_body
from access.rest.problem import Fault
from access.retry import retrying

ANYONE, SIGNED_IN = "anyone", "signed-in"
Said = tuple[int, msgspec.Struct]
_LONGEST_KEY, _DIGITS = 255, 12


class Endpoint(APIView):
    """One address. `needs` names for each method the permission it takes, or SIGNED_IN; a method not named does not exist."""

    needs: ClassVar[Mapping[str, str]] = {}
    longest_body: ClassVar[int] = 16 * 1024  # bytes

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Demand that exactly the methods which exist say who may call them."""
        super().__init_subclass__(**kwargs)
        there = {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(cls, method)}
        assert there == set(cls.needs), f"{cls.__name__}: `needs` and its methods differ"

    @property
    def allowed_methods(self) -> list[str]:
        """Return what the header Allow names."""
        return [*self.needs, "HEAD"] if "GET" in self.needs else [*self.needs]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check what comes before the method; raises RequestTooLarge for a body that says it is longer, before a byte of it is read."""
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and (len(length) > _DIGITS or int(length) > self.longest_body):
            raise RequestTooLarge(limit=self.longest_body)

    def check_permissions(self, request: Request) -> None:
        """Raise TokenMissing, MethodNotAllowed or NotAllowed."""
        need = self.needs.get("GET" if request.method == "HEAD" else request.method or "")
        if need == ANYONE:
            return
        if self.authentication_classes and not request.user.is_authenticated:
            raise TokenMissing
        if need is None:
            raise MethodNotAllowed(request.method or "")
        if need != SIGNED_IN:
            require(by=user_of(request), permission=need)

    def throttled(self, request: Request, wait: float | None) -> NoReturn:  # noqa: ARG002  # DRF passes it
        """Raise TooManyRequests."""
        raise TooManyRequests(wait_s=math.ceil(wait or 1))

    def once(self, request: Request, effect: Callable[[], Said]) -> Response:
        """Answer what `effect` says (status and body), the first time the Idempotency-Key is used; the same answer ever after.

        The effect runs in the transaction that keeps its answer; a refusal it raises undoes it and is kept too. With `?dry_run=true`
        it says what would happen, takes no key and changes nothing.
        """

        def judged() -> Answer:
            try:
                with transaction.atomic():  # a refusal leaves the transaction around it usable
                    status, body = effect()
            except DomainError as refusal:
                return self._refusal(refusal)
            return Answer(status=status, body=msgspec.Raw(msgspec.json.encode(body)))

        if is_dry_run(request):
            return self._response(retrying(lambda: _rehearse(judged)), **{"Dry-Run": "true"})
        key = _key(request)
        answer = once(principal=f"user:{request.user.pk}", key=key, fingerprint=_fingerprint(request), effect=judged)
        return self._response(answer, **({"Idempotent-Replayed": "true"} if answer.replayed else {}))

    def once_because(
        self,
        request: Request,
        deed: Callable[..., object],
        *,
        show: Callable[[], msgspec.Struct],
        reach: Callable[..., object] | None = None,
    ) -> Response:
        """Do a deed to what the address names, once, for the reason in the body; answer how that stands then.

        `deed` is called as services are, with `reason`, `by` and `now`; `reach` with `by`, to refuse who does not act for its owner.
        """
        reason, by = read_body(request, Because).reason, user_of(request)

        def effect() -> Said:
            if reach:
                reach(by=by)
            deed(reason=reason, by=by, now=timezone.now())
            return 200, show()

        return self.once(request, effect)

    def _refusal(self, refusal: DomainError) -> Answer:
        """Return the refusal as it will be answered, now and ever after."""
        response = self.get_exception_handler()(refusal, {"view": self})
        assert response is not None, "every refusal has a row in the table of problems"
        return Answer(status=response.status_code, body=msgspec.to_builtins(response.data), headers=_later(response))

    def _response(self, answer: Answer, **headers: str) -> Response:
        is_problem = not answer.is_success
        headers |= answer.headers
        return Response(answer.body, status=answer.status, headers=headers, content_type="application/problem+json" if is_problem else None)


class OpenEndpoint(Endpoint):
    """An address for people who are not signed in; a token sent along is not looked at."""

    authentication_classes = ()


def user_of(request: Request) -> User:
    """Return who asks, at an endpoint that lets only the known in."""
    assert isinstance(request.user, User), "an open endpoint knows nobody"
    return request.user


def is_dry_run(request: Request) -> bool:
    """Return whether the client only wants to know what would happen; raises RequestInvalid for anything but true and false."""
    given = request.query_params.get("dry_run", "false")
    if given not in {"true", "false"}:
        raise RequestInvalid(faults=(Fault(parameter="dry_run", detail="Say true or false."),))
    return given == "true"


def _rehearse(judged: Callable[[], Answer]) -> Answer:
    """Return what would be answered, with 200 where something would have been made; undo it all."""
    with transaction.atomic():
        answer = judged()
        transaction.set_rollback(True)
    return Answer(status=200 if answer.is_success else answer.status, body=answer.body, headers=answer.headers)


def _later(response: Response) -> dict[str, str]:
    """Return the header that says when to ask again, if there is one."""
    return {name: value for name, value in response.headers.items() if name == "Retry-After"}


def _key(request: Request) -> str:
    """Return the Idempotency-Key; raises KeyMissing, also for one of no, too many or invisible characters."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise KeyMissing
    return key


def _fingerprint(request: Request) -> str:
    """Return what must be the same when a key comes again: method, path and body, byte for byte."""
    return hashlib.sha256(b"\n".join([str(request.method).encode(), request.path.encode(), raw_body(request)])).hexdigest()

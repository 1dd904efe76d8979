"""Refusals as HTTP says them (RFC 9457): the one table of statuses, and the answers that carry a problem."""

import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from axes.helpers import get_cool_off
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults
from rest_framework.exceptions import APIException
from rest_framework.response import Response

import access.errors
import accounts.errors
import headbank.errors
import messaging.errors
import transfers.errors
import webhooks.errors
from access import request_id
from access.database_errors import is_unavailable
from access.errors import DomainError
from access.rest import Fault, Problem
from banksite.http_problems import PLAIN
from banksite.outages import say_when_to_retry

CONTENT_TYPE = "application/problem+json"
_ERRORS: Mapping[int, tuple[type[DomainError], ...]] = {
    400: (access.errors.RequestInvalid, access.errors.KeyMissing),
    401: (
        access.errors.TokenMissing,
        access.errors.TokenRefused,
        access.errors.CredentialsWrong,
        access.errors.CodeMissing,
        access.errors.CodeWrong,
    ),
    403: (
        access.errors.NotAllowed,
        access.errors.OwnApproval,
        access.errors.OwnUser,
        access.errors.PasswordGiven,
        headbank.errors.NotTheHeadBank,
        transfers.errors.NotYourFile,
        webhooks.errors.NotYourWebhook,
    ),
    404: (
        access.errors.UserUnknown,
        access.errors.NotAPerson,
        access.errors.ApprovalUnknown,
        access.errors.ClientUnknown,
        accounts.errors.AccountUnknown,
        accounts.errors.HoldUnknown,
        accounts.errors.CustomerUnknown,
        accounts.errors.CardUnknown,
        messaging.errors.OffsetUnknown,
        transfers.errors.TransferUnknown,
        transfers.errors.DayUnknown,
        transfers.errors.BreakUnknown,
        transfers.errors.PaymentsFileUnknown,
        headbank.errors.BankUnknown,
        headbank.errors.KeyUnknown,
        webhooks.errors.WebhookUnknown,
        webhooks.errors.DeliveryUnknown,
        headbank.errors.WindowUnknown,
        headbank.errors.InvitationUnknown,
        headbank.errors.DirectoryUnpublished,
    ),
    409: (  # true now, may be otherwise later
        access.errors.InProgress,
        access.errors.ApprovalNotWaiting,
        access.errors.ClientNameTaken,
        access.errors.UserNameTaken,
        access.errors.AdministratorsEnough,
        access.errors.ApprovalOutdated,
        access.errors.NoSecondPerson,
        accounts.errors.AccountClosed,
        accounts.errors.AccountFrozen,
        accounts.errors.HoldEnded,
        accounts.errors.PhoneTaken,
        accounts.errors.CustomerClosed,
        accounts.errors.AccountNotFrozen,
        accounts.errors.AccountNotEmpty,
        accounts.errors.CustomerHasAccounts,
        accounts.errors.LimitInUse,
        accounts.errors.HoldReserved,
        accounts.errors.CardStatusWrong,
        accounts.errors.TillNotOpen,
        accounts.errors.TillOpenAlready,
        messaging.errors.NotInRecovery,
        messaging.errors.InRecovery,
        messaging.errors.RecordNotNext,
        messaging.errors.DeadLetterNotOpen,
        messaging.errors.DeadLettersNone,
        transfers.errors.NetDebitCapReached,
        transfers.errors.ListsMissing,
        transfers.errors.BankSuspended,
        transfers.errors.BankClosed,
        transfers.errors.OrderExpired,
        transfers.errors.OrderCancelled,
        transfers.errors.NotPending,
        transfers.errors.NotReversible,
        transfers.errors.AlreadyReversed,
        transfers.errors.TillBusy,
        transfers.errors.CountWaiting,
        transfers.errors.CountRefused,
        transfers.errors.PaymentEnded,
        transfers.errors.DayOver,
        transfers.errors.DayNotOver,
        transfers.errors.TillsOpen,
        transfers.errors.NothingToRefund,
        transfers.errors.DayNotBegun,
        transfers.errors.NothingToRepair,
        transfers.errors.ApprovalRefused,
        transfers.errors.ApprovalExpired,
        headbank.errors.BankExists,
        headbank.errors.BankClosed,
        headbank.errors.BankStatusWrong,
        headbank.errors.TooManyKeys,
        headbank.errors.KeyLast,
        headbank.errors.KeyTaken,
        headbank.errors.NothingToPublish,
        webhooks.errors.TooManyWebhooks,
        webhooks.errors.WebhookDisabled,
        webhooks.errors.WebhookActive,
        headbank.errors.WindowOpen,
        messaging.errors.HeadBankKeyFixed,
    ),
    410: (messaging.errors.EventStreamRestarted,),
    413: (access.errors.RequestTooLarge, access.errors.TooManyRows, messaging.errors.MessageTooLarge, transfers.errors.FileTooLong),
    422: (
        access.errors.KeyReused,
        access.errors.FilterUnknown,
        access.errors.ReasonMissing,
        access.errors.ClientNameInvalid,
        access.errors.UserNameInvalid,
        access.errors.RoleUnknown,
        access.errors.ClientLimitInvalid,
        access.errors.ScopeUnknown,
        accounts.errors.AmountInvalid,
        accounts.errors.CurrencyUnknown,
        accounts.errors.CurrencyMismatch,
        accounts.errors.SameAccount,
        accounts.errors.HoldExceeded,
        accounts.errors.InsufficientFunds,
        accounts.errors.CeilingExceeded,
        accounts.errors.TillShort,
        accounts.errors.NameInvalid,
        accounts.errors.PhoneInvalid,
        accounts.errors.EmailInvalid,
        accounts.errors.CurrencyNotOffered,
        accounts.errors.KindNotOffered,
        accounts.errors.AccountInternal,
        accounts.errors.StatementTooLong,
        accounts.errors.PeriodInvalid,
        accounts.errors.LimitInvalid,
        accounts.errors.ExpiryInvalid,
        messaging.errors.DirectoryRefused,
        transfers.errors.TextInvalid,
        transfers.errors.IbanInvalid,
        transfers.errors.NotOurAccount,
        transfers.errors.AmountTooLarge,
        transfers.errors.TransferLimitExceeded,
        transfers.errors.OrderMalformed,
        transfers.errors.VersionUnknown,
        transfers.errors.BankUnknown,
        transfers.errors.AdjustmentNotInternal,
        transfers.errors.AdjustmentOfTill,
        transfers.errors.FloatTooLarge,
        transfers.errors.OthersRefused,
        transfers.errors.FileUnusable,
        transfers.errors.FileEmpty,
        transfers.errors.LineMalformed,
        headbank.errors.BankInvalid,
        webhooks.errors.WebhookUrlInvalid,
        webhooks.errors.WebhookAddressRefused,
        headbank.errors.CoverInvalid,
        headbank.errors.ApplicationRefused,
        messaging.errors.ApplicationInvalid,
        headbank.errors.CapInvalid,
    ),
    429: (access.errors.TooManyAttempts, access.errors.SignInBusy, access.errors.TooManyRequests, accounts.errors.DailyLimitExceeded),
    503: (messaging.errors.KeyFileUnusable, messaging.errors.HeadBankUnreachable),
}
STATUS: Mapping[type[DomainError], int] = {kind: status for status, kinds in _ERRORS.items() for kind in kinds}


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001  # DRF passes it
    """Return what an endpoint answers to an error, None for one that is nobody's refusal: that is a 500."""
    if isinstance(error, DomainError):
        problem = problem_of(error)
        return Response(problem, status=problem.status, headers=_headers(error), content_type=CONTENT_TYPE)
    status = _status(error)
    if status is None:
        return None
    return Response(plain(status), status=status, content_type=CONTENT_TYPE)


def problem_of(refusal: DomainError) -> Problem:
    """Return a refusal as it is said over HTTP."""
    faults: tuple[Fault, ...] = refusal.facts.get("faults", ())
    problem = _problem(refusal.code, refusal.title, STATUS[type(refusal)], refusal.detail, faults)
    return msgspec.structs.replace(problem, next=refusal.facts.get("next"))


def plain(status: int) -> Problem:
    """Return a problem of HTTP itself."""
    code, title, detail = PLAIN.get(status, PLAIN[400])
    return _problem(code, title, status, detail)


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None) -> HttpResponse:  # noqa: ARG001  # axes passes them
    """Answer a sign-in from where it failed too often: 429, as a page or a problem."""
    cool_off = get_cool_off(request)
    wait_s = int(cool_off.total_seconds()) if cool_off else 0
    if _is_api(request):
        said = _as_django(problem_of(access.errors.TooManyAttempts(wait_s=wait_s)))
    else:
        said = render(request, "banksite/locked_out.html", status=429)
    said["Retry-After"] = str(wait_s)
    return said


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request Django cannot understand."""
    return _as_django(plain(400)) if _is_api(request) else defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that is none."""
    return _as_django(plain(404)) if _is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an error of ours, or of a database that is away before any view was asked."""
    error = sys.exception()
    if error is not None and is_unavailable(error):
        return unavailable(request, error)
    return _as_django(plain(500)) if _is_api(request) else defaults.server_error(request)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Answer where the database does not: 503, as a page or a problem."""
    said = _as_django(plain(503)) if _is_api(request) else HttpResponse(loader.render_to_string("503.html"), status=503)
    return say_when_to_retry(said, error)


def _problem(code: str, title: str, status: int, detail: str, errors: tuple[Fault, ...] = ()) -> Problem:
    return Problem(
        type=f"/problems/{code}", title=title, status=status, code=code, detail=detail, errors=errors, request_id=request_id.current()
    )


def _status(error: Exception) -> int | None:
    """Return the status of an error that Django or DRF raise."""
    if isinstance(error, APIException):
        return error.status_code
    return 404 if isinstance(error, Http404) else 403 if isinstance(error, PermissionDenied) else None


def _headers(refusal: DomainError) -> dict[str, str]:
    """Return what HTTP wants said beside the problem."""
    if isinstance(refusal, access.errors.TokenRefused):
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    if isinstance(refusal, _ERRORS[401]):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(refusal, access.errors.InProgress):
        return {"Retry-After": "1"}
    return {"Retry-After": str(refusal.facts["wait_s"])} if "wait_s" in refusal.facts else {}


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _as_django(problem: Problem) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(problem), status=problem.status, content_type=CONTENT_TYPE)

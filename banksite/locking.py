"""Sessions that nobody sits at lock, and open again with the password, where they were; each ends for good after a time."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

_BEGAN, _SEEN, _LOCKED = "began_at", "seen_at", "locked"
OPEN_WHILE_LOCKED = frozenset({"locked", "lock", "sign-out", "sign-in", "sign-in-code", "set_language"})


def lock(session: SessionBase) -> None:
    """Let nobody see anything in this session until its owner's password is given."""
    session[_LOCKED] = True


def unlock(session: SessionBase) -> None:
    """Let its owner go on."""
    session.pop(_LOCKED, None)
    session[_SEEN] = int(timezone.now().timestamp())


def is_locked(session: SessionBase) -> bool:
    """Return whether the session waits for its owner's password."""
    return bool(session.get(_LOCKED))


class IdleLockMiddleware:
    """Lock a session in which nothing was asked for IDLE_LOCK_S; show the page that unlocks instead of any other while it is locked.

    End one that began SESSION_ENDS_AFTER_S ago, however busy it is: who took it over does not keep it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Answer instead of the page where the session is locked."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return None
        session, now = request.session, int(timezone.now().timestamp())
        if now - session.setdefault(_BEGAN, now) > settings.SESSION_ENDS_AFTER_S:
            logout(request)
            return lead(request, reverse("sign-in"))
        seen = session.get(_SEEN, now)
        if now - seen > settings.IDLE_LOCK_S:
            lock(session)
        elif now - seen > settings.IDLE_LOCK_S // 15 or _SEEN not in session:
            session[_SEEN] = now  # not at every request: each is a write
        name = request.resolver_match.url_name if request.resolver_match else ""
        if not is_locked(session) or name in OPEN_WHILE_LOCKED:
            return None
        return _to_lock(request)


def _to_lock(request: HttpRequest) -> HttpResponse:
    """Lead to the page that unlocks and then back."""
    is_part = request.headers.get("HX-Request") == "true"
    back = request.headers.get("HX-Current-URL", "/") if is_part else request.get_full_path() if request.method == "GET" else "/"
    address = f"{reverse('locked')}?{urlencode({'next': back})}"
    return lead(request, address)


def lead(request: HttpRequest, address: str) -> HttpResponse:
    """Lead to another page; a part of a page makes the whole page go there."""
    is_part = request.headers.get("HX-Request") == "true"
    return HttpResponse(headers={"HX-Redirect": address}) if is_part else HttpResponseRedirect(address)

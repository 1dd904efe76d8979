"""The second factor of a sign-in: a code from an app, or one of the recovery codes that came with it."""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access import audit
from access.models import User
from access.site import this_bank

_PERIOD_S = 30


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library ships no types
    """Keeps the secrets of apps and recovery codes encrypted under the site's SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        """Return the text as it is stored."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text again."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A secret that nobody uses yet, as an app reads it: typed, or from a picture."""

    secret: str
    picture: str

    @property
    def grouped(self) -> str:
        """Return the secret in groups of four, to be typed."""
        return " ".join(self.secret[place : place + 4] for place in range(0, len(self.secret), 4))


def has_second_factor(user: User) -> bool:
    """Return whether the user signs in with a code too."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def new_secret() -> str:
    """Return a secret for an app."""
    return str(generate_totp_secret())


def offer(*, user: User, secret: str) -> Offer:
    """Return the secret as it is shown to its owner."""
    label = quote(f"{this_bank().name}:{user.get_username()}")
    address = f"otpauth://totp/{label}?secret={secret}&issuer={quote(this_bank().name)}"
    drawing = DefaultMFAAdapter().build_totp_svg(address).encode()
    return Offer(secret=secret, picture=f"data:image/svg+xml;base64,{b64encode(drawing).decode()}")


def enrol(*, user: User, secret: str, code: str) -> list[str] | None:
    """Ask for a code at every sign-in from now on, if this code is the secret's; return the recovery codes, which are shown once."""
    if not validate_totp_code(secret, code.replace(" ", "")):
        return None
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        TOTP.activate(user, secret)
        codes = list(RecoveryCodes.activate(user).generate_codes())
        audit.record(actor=user, action="second-factor.enrolled", subject=f"user:{user.pk}", now=timezone.now())
    return codes


def give_up(*, user: User) -> None:
    """Ask for no code any more."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        audit.record(actor=user, action="second-factor.given-up", subject=f"user:{user.pk}", now=timezone.now())


def is_right(*, user: User, code: str) -> bool:
    """Return whether the code is the app's of this half minute, or a recovery code; each is right once, on whatever server it is asked."""
    plain, now = code.replace(" ", ""), timezone.now()
    with transaction.atomic():
        for authenticator in Authenticator.objects.select_for_update(no_key=True).filter(user=user).order_by("id"):
            last: Any = authenticator.last_used_at
            is_app = authenticator.type == Authenticator.Type.TOTP
            if is_app and last is not None and last.timestamp() // _PERIOD_S == now.timestamp() // _PERIOD_S:
                continue
            if authenticator.wrap().validate_code(plain):
                Authenticator.objects.filter(pk=authenticator.pk).update(last_used_at=now)
                return True
    return False


def _cipher() -> MultiFernet:
    """Return what encrypts under SECRET_KEY, and still reads what was encrypted under the keys before it."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(urlsafe_b64encode(sha256(b"second-factor\0" + key.encode()).digest())) for key in keys])

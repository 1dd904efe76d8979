"""Forged, stolen, stretched and misused tokens: none of them opens a door."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from access import tokens
from access.errors import TokenRefused
from access.models import User
from access.roles import SUPERVISOR, TELLER
from access.signed_tokens import REFRESH_VALID
from access.site import acting_as, this_bank
from messaging import services
from messaging.models import OwnKey
from tests.api.bank import Api, employ

ME = "/api/v1/me"


def now() -> int:
    """Return the second in which a token is forged: a run may take longer than a token lives."""
    return int(time.time())


class Forger:
    """Has everything an attacker may have, and for some attacks more: our key, to show that it alone is not enough."""

    def __init__(self) -> None:
        self.sam, self.tess = employ("sam", SUPERVISOR), employ("tess", TELLER)
        self.issued = tokens.issue(user=self.sam, now=timezone.now())
        file = this_bank().token_key_file
        assert file is not None
        key = load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self.key, self.file = key, file
        self.claims: dict[str, Any] = jwt.decode(self.issued.access, options={"verify_signature": False})
        self.header: dict[str, Any] = jwt.get_unverified_header(self.issued.access)

    def signed(
        self, *, header: dict[str, Any] | None = None, key: Ed25519PrivateKey | None = None, without: str = "", **claims: Any
    ) -> str:
        """Sign with our key (or another) what we would sign, but for the changes."""
        body = {name: value for name, value in (self.claims | claims).items() if name != without}
        head = _part(self.header | (header or {})) + "." + _part(body)
        return head + "." + _text((key or self.key).sign(head.encode()))

    def keyed(self, secret: bytes, algorithm: str = "HS256") -> str:
        """Sign with a shared secret."""
        head = _part(self.header | {"alg": algorithm}) + "." + _part(self.claims)
        return head + "." + _text(hmac.new(secret, head.encode(), hashlib.sha256).digest())

    @property
    def parts(self) -> list[str]:
        return self.issued.access.split(".")

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _part(value: object) -> str:
    return _text(json.dumps(value).encode())


def _unsigned(forger: Forger, algorithm: str) -> str:
    return _part(forger.header | {"alg": algorithm}) + "." + forger.parts[1] + "."


def _of_another_bank(forger: Forger) -> str:
    """Return what bank B gave to somebody with the same number, signed by B's own good key, which we have never heard of."""
    file = forger.file.with_name("other.key")
    with acting_as(replace(this_bank(), code="BNKB", token_key_file=file)):
        services.ensure_own_key(use="tokens", file=file, now=timezone.now())
        token = tokens.issue(user=forger.sam, now=timezone.now()).access
    OwnKey.objects.exclude(key_id=forger.header["kid"]).delete()
    return token


def _after_logout(forger: Forger) -> str:
    tokens.end(token=forger.issued.refresh, now=timezone.now())
    return forger.issued.access


def _after_theft(forger: Forger) -> str:
    now = timezone.now()
    second = tokens.refresh(token=forger.issued.refresh, now=now)
    with pytest.raises(TokenRefused):
        tokens.refresh(token=forger.issued.refresh, now=now + tokens.REPEAT_VALID * 2)
    return second.access


def _of_the_disabled(forger: Forger) -> str:
    User.objects.filter(pk=forger.sam.pk).update(is_active=False)
    return forger.issued.access


def _of_an_old_key(forger: Forger) -> str:
    services.rotate_own_key(use="tokens", file=forger.file, now=timezone.now() - REFRESH_VALID)
    return forger.signed()


def _by_a_message_key(forger: Forger) -> str:
    """Return a token signed by the key that is meant for messages to other banks."""
    file = forger.file.with_name("messages.key")
    services.ensure_own_key(use="messages", file=file, now=timezone.now())
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return forger.signed(key=key, header={"kid": OwnKey.objects.get(use="messages").key_id})


STRANGER = Ed25519PrivateKey.generate()
STRANGERS_JWK = {"kty": "OKP", "crv": "Ed25519", "x": _text(STRANGER.public_key().public_bytes_raw())}
ATTACKS: dict[str, Callable[[Forger], str]] = {
    # no signature, or one of another kind
    "alg none": lambda f: _unsigned(f, "none"),
    "alg None": lambda f: _unsigned(f, "None"),
    "alg empty": lambda f: _unsigned(f, ""),
    "signature taken off": lambda f: ".".join(f.parts[:2]) + ".",
    "two parts": lambda f: ".".join(f.parts[:2]),
    "four parts": lambda f: f.issued.access + ".x",
    "five parts, as if encrypted": lambda f: f.issued.access + ".x.y",
    "HS256 with the raw public key": lambda f: f.keyed(f.public),
    "HS256 with the public key in hex": lambda f: f.keyed(f.public.hex().encode()),
    "HS256 with the public key in PEM": lambda f: f.keyed(f.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    "HS256 with the key id": lambda f: f.keyed(f.header["kid"].encode()),
    "HS256 with our SECRET_KEY": lambda f: f.keyed(settings.SECRET_KEY.encode()),
    "HS256 with nothing": lambda f: f.keyed(b""),
    "alg says HS256 over our signature": lambda f: f.signed(header={"alg": "HS256"}),
    "alg says ES256 over our signature": lambda f: f.signed(header={"alg": "ES256"}),
    "alg in another case": lambda f: f.signed(header={"alg": "eddsa"}),
    "a list of algorithms": lambda f: f.signed(header={"alg": ["EdDSA", "none"]}),
    # somebody else's signature
    "a stranger's key under our key id": lambda f: f.signed(key=STRANGER),
    "a stranger's key sent along": lambda f: f.signed(key=STRANGER, header={"jwk": STRANGERS_JWK}),
    "our key, and one sent along": lambda f: f.signed(header={"jwk": STRANGERS_JWK}),
    "a place to fetch the key from": lambda f: f.signed(key=STRANGER, header={"jku": "https://attacker.example/jwks.json"}),
    "a certificate sent along": lambda f: f.signed(key=STRANGER, header={"x5c": ["MIIB"]}),
    "critical extensions": lambda f: f.signed(header={"crit": ["exp"]}),
    "an unknown key id": lambda f: f.signed(key=STRANGER, header={"kid": "0123456789abcdef"}),
    "a key id that is a path": lambda f: f.signed(key=STRANGER, header={"kid": "../../../../dev/null"}),
    "a key id that is SQL": lambda f: f.signed(key=STRANGER, header={"kid": "' OR 1=1 --"}),
    "a key id with a zero byte": lambda f: f.signed(header={"kid": "\0"}),
    "a key id that is a number": lambda f: f.signed(header={"kid": 1}),
    "no key id": lambda f: f.signed(header={"kid": None}),
    "a key for messages": _by_a_message_key,
    "a key retired long ago": _of_an_old_key,
    "another bank's": _of_another_bank,
    # ours, but changed
    "another payload under our signature": lambda f: ".".join([f.parts[0], _part(f.claims | {"sub": str(f.tess.pk)}), f.parts[2]]),
    "a signature with one bit changed": lambda f: ".".join([*f.parts[:2], ("A" if f.parts[2][0] != "A" else "B") + f.parts[2][1:]]),
    "a signature spelled otherwise": lambda f: f.issued.access + "==",
    "a signature cut short": lambda f: f.issued.access[:-8],
    "spaces inside": lambda f: f.issued.access.replace(".", ". "),
    # signed by us, but not what we give
    "the refresh token": lambda f: f.issued.refresh,
    "a refresh token as short as an access token": lambda f: f.signed(header={"typ": "rt+jwt"}),
    "an access token called JWT": lambda f: f.signed(header={"typ": "JWT"}),
    "another issuer": lambda f: f.signed(iss="BNKB"),
    "another audience": lambda f: f.signed(aud="BNKB"),
    "several audiences": lambda f: f.signed(aud=["BNKA", "BNKB"]),
    "no audience": lambda f: f.signed(without="aud"),
    "no issuer": lambda f: f.signed(without="iss"),
    "expired": lambda f: f.signed(iat=now() - 400, exp=now() - 100),
    "expired this second, and by no clock of ours": lambda f: f.signed(iat=now() - 311, exp=now() - 11),
    "never ending": lambda f: f.signed(without="exp"),
    "ending in a thousand years": lambda f: f.signed(exp=now() + 10**11),
    "ending too late": lambda f: f.signed(exp=now() + 3600),
    "ending at infinity": lambda f: f.signed(exp=float("inf")),
    "ending in text": lambda f: f.signed(exp="tomorrow"),
    "ending before it began": lambda f: f.signed(iat=now(), exp=now() - 11),
    "given in the future": lambda f: f.signed(iat=now() + 40, exp=now() + 240),
    "not valid before the future": lambda f: f.signed(nbf=now() + 200),
    "roles of its own": lambda f: f.signed(roles=["Administrator"]),
    "somebody else's sign-in": lambda f: f.signed(sub=str(f.tess.pk)),
    "nobody": lambda f: f.signed(sub="999999"),
    "a user that is no text": lambda f: f.signed(sub=f.sam.pk),
    "no user": lambda f: f.signed(without="sub"),
    "a sign-in that never was": lambda f: f.signed(sid=str(uuid4())),
    "no sign-in": lambda f: f.signed(without="sid"),
    "a sign-in that is no id": lambda f: f.signed(sid="1"),
    # no token at all
    "nothing after the scheme": lambda f: "",
    "three dots": lambda f: "...",
    "a megabyte": lambda f: "A" * 1_000_000 + ".a.a",
    "deeply nested": lambda f: _text(b"[" * 1000) + "." + _text(b"[" * 400) + ".x",
    "not text": lambda f: "é.é.é",
    # ours once
    "after signing out": _after_logout,
    "after its sign-in was ended by a thief": _after_theft,
    "of somebody who was disabled": _of_the_disabled,
}


@pytest.fixture
def forger() -> Forger:
    return Forger()


class TestAnAccessToken:
    def test_that_is_sound_opens_the_door(self, api: Api, forger: Forger) -> None:
        sent = [forger.issued.access, forger.signed()]

        assert [api.get(ME, token=token).status_code for token in sent] == [200, 200]

    @pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
    def test_is_refused_when_it_is(self, api: Api, forger: Forger, attack: Callable[[Forger], str]) -> None:
        token = attack(forger)

        answer = api.get(ME, Authorization=f"Bearer {token}".encode().decode("latin-1"))

        assert (answer.status_code, answer.json()["code"]) == (401, "token-refused")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert token == "" or token not in answer.content.decode()

    @pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer,", "JWT"])
    def test_is_refused_under_another_scheme(self, api: Api, forger: Forger, scheme: str) -> None:
        assert api.get(ME, Authorization=f"{scheme} {forger.issued.access}").status_code == 401

    def test_is_not_taken_from_elsewhere(self, api: Api, forger: Forger) -> None:
        token = forger.issued.access
        api.client.cookies["access_token"] = token

        assert api.get(f"{ME}?access_token={token}").status_code == 401

    def test_of_a_session_counts_for_nothing(self, api: Api, forger: Forger) -> None:
        api.client.force_login(forger.sam, backend="access.backends.RoleBackend")

        assert api.get(ME).status_code == 401


class TestARefreshToken:
    ATTACKS: dict[str, Callable[[Forger], str]] = {
        "the access token": lambda f: f.issued.access,
        "a later turn": lambda f: f.signed(header={"typ": "rt+jwt"}, jti=uuid4().hex, exp=now() + 600),
        "another bank's": lambda f: f.signed(header={"typ": "rt+jwt"}, iss="BNKB", exp=now() + 600),
        "expired": lambda f: f.signed(header={"typ": "rt+jwt"}, iat=now() - 600, exp=now() - 11),
        "valid for a year": lambda f: f.signed(header={"typ": "rt+jwt"}, exp=now() + 365 * 86_400),
        "unsigned": lambda f: _unsigned(f, "none"),
        "no token": lambda f: "x",
    }

    @pytest.mark.parametrize("address", ["refresh", "logout"])
    @pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
    def test_is_refused_when_it_is(self, api: Api, forger: Forger, attack: Callable[[Forger], str], address: str) -> None:
        answer = api.post(f"/api/v1/auth/{address}", {"refresh_token": attack(forger)})

        may_sign_out = address == "logout" and answer.status_code == 204  # whoever signs with our key may end what it began
        assert may_sign_out or (answer.status_code, answer.json()["code"]) == (401, "token-refused")

    def test_of_an_unknown_sign_in_changes_nothing(self, api: Api, forger: Forger) -> None:
        stray = forger.signed(header={"typ": "rt+jwt"}, sid=str(uuid4()), exp=now() + 600)

        answer = api.post("/api/v1/auth/refresh", {"refresh_token": stray})

        assert answer.status_code == 401
        assert not BlacklistedToken.objects.exists()

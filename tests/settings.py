"""Settings of a bank under test: the bank's own, with an environment that names nobody's real bank."""

import os

_ENVIRONMENT = {
    "BANK_CODE": "BNKA",
    "BANK_NAME": "Bank A",
    "BANK_COUNTRY": "NL",
    "CURRENCIES": "EUR,USD,JPY",
    "DATABASE_URL": "sqlite://:memory:",
    "ENV_FILE": os.devnull,  # a developer's .env must not change what the tests prove
    "SECRET_KEY": "tests-only",
}
for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

from banksite.settings import *  # noqa: E402, F403  # only now can they be read

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 takes 118 ms by design

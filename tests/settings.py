"""Settings of a bank under test: the bank's own, with an environment that names nobody's real bank."""

import os
import tempfile

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
if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405  # from the bank's settings
    # A file, as a bank has it: connections to a database in memory would share a cache and lock each other's tables.
    DATABASES["default"]["TEST"] = {"NAME": f"{tempfile.gettempdir()}/bank-under-test-{os.getpid()}.sqlite3"}  # noqa: F405  # see above
    _PRAGMAS = DATABASES["default"]["OPTIONS"]["init_command"]  # noqa: F405  # see above
    DATABASES["default"]["OPTIONS"]["init_command"] = _PRAGMAS.replace("=EXTRA", "=OFF")  # noqa: F405  # no test outlives a power cut

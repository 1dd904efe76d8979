"""Settings of one bank, read from the environment; `.env.example` names every variable."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env_file = env("ENV_FILE", default=str(BASE_DIR / ".env"))
if Path(env_file).is_file():
    env.read_env(env_file)


def _minor_by_currency(text: str) -> dict[str, int]:
    """Read `EUR:1000000,USD:500` as minor units per currency."""
    pairs = (part.split(":") for part in text.split(",") if part)
    return {currency.strip(): int(amount) for currency, amount in pairs}


def _file(name: str) -> Path | None:
    """Read a path that may be unset."""
    value = env(name, default="")
    return Path(value) if value else None


SITE = {
    "role": env("SITE_ROLE", default="bank"),
    "code": env("BANK_CODE"),
    "name": env("BANK_NAME"),
    "country": env("BANK_COUNTRY", default="NL"),
    "currencies": tuple(env.list("CURRENCIES", default=["EUR"])),
    "approval_limits": _minor_by_currency(env("APPROVAL_LIMITS", default="EUR:1000000")),
    "outgoing_fees": _minor_by_currency(env("OUTGOING_FEES", default="")),
    "transfer_valid_s": env.int("TRANSFER_VALID_S", default=86_400),
    "approval_valid_s": env.int("APPROVAL_VALID_S", default=86_400),
    "resend_first_s": env.float("RESEND_FIRST_S", default=2.0),
    "resend_max_s": env.float("RESEND_MAX_S", default=60.0),
    "letter_box_partitions": env.int("LETTER_BOX_PARTITIONS", default=4),
    "head_bank_code": env("HEAD_BANK_CODE", default="HEAD"),
    "head_bank_key": env("HEAD_BANK_KEY", default=""),
    "message_key_file": _file("MESSAGE_KEY_FILE"),
    "token_key_file": _file("TOKEN_KEY_FILE"),
}
KAFKA = {
    "bootstrap.servers": env("KAFKA_BOOTSTRAP_SERVERS", default="127.0.0.1:9092"),
    "security.protocol": env("KAFKA_SECURITY_PROTOCOL", default="PLAINTEXT"),
    "sasl.mechanism": env("KAFKA_SASL_MECHANISM", default=""),
    "sasl.username": env("KAFKA_SASL_USERNAME", default=""),
    "sasl.password": env("KAFKA_SASL_PASSWORD", default=""),
    "ssl.ca.location": env("KAFKA_SSL_CA_LOCATION", default=""),
}
KAFKA_TRANSACTIONS = env.bool("KAFKA_TRANSACTIONS", default=True)
KAFKA_EMBEDDED = env.bool("KAFKA_EMBEDDED", default=False)
KAFKA_AUTO_OFFSET_RESET = "earliest"

SECRET_KEY = env("SECRET_KEY")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
INTERNAL_IPS: list[str] = []

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "banksite",
    "access",
    "accounts",
    "messaging",
    "transfers",
    "headbank",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "banksite.urls"
WSGI_APPLICATION = "banksite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA mmap_size=0;",
}
_POSTGRESQL_OPTIONS = {
    "server_side_binding": True,
    "prepare_threshold": 1,
    "options": "-c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=30s -c synchronous_commit=on",
}
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'bank.sqlite3'}")}
DATABASES["default"]["OPTIONS"] = (_POSTGRESQL_OPTIONS if "postgresql" in DATABASES["default"]["ENGINE"] else _SQLITE_OPTIONS) | DATABASES[
    "default"
].get("OPTIONS", {})
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
TIME_ZONE = env("TIME_ZONE", default="Europe/Amsterdam")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

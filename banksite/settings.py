"""Settings of one bank, read from the environment; `.env.example` names every variable."""

from datetime import timedelta
from pathlib import Path

import environ

from banksite import log, navigation

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
    "settlement_every_s": env.int("SETTLEMENT_EVERY_S", default=0),
    "settlement_wait_s": env.int("SETTLEMENT_WAIT_S", default=3_600),
    "letter_box_partitions": env.int("LETTER_BOX_PARTITIONS", default=4),
    "key_overlap_s": env.int("MESSAGE_KEY_OVERLAP_S", default=3_600),
    "head_bank_url": env("HEAD_BANK_URL", default=""),
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
METRICS_LISTEN = env("METRICS_LISTEN", default="")

SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
HTTPS = env.bool("HTTPS", default=False)

INSTALLED_APPS = [
    "unfold",
    "banksite.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its widgets' templates, for forms drawn by the site's own
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_structlog",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "banksite",
    "access",
    "accounts",
    "messaging",
    "transfers",
    "headbank",
    "webhooks",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "banksite.middleware.RequestMiddleware",
    "banksite.web_metrics.RequestMetrics",
    "banksite.middleware.DatabaseMiddleware",
    "csp.middleware.CSPMiddleware",
    "banksite.middleware.AdminPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "banksite.middleware.LanguageMiddleware",
    "banksite.middleware.NamesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "banksite.locking.IdleLockMiddleware",
    "banksite.passwords.GivenPasswordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "banksite.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it turns a locked-out sign-in into 429
]
ROOT_URLCONF = "banksite.urls_headbank" if SITE["role"] == "headbank" else "banksite.urls"
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
                "banksite.context.bank",
            ]
        },
    }
]

_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA mmap_size=0;"
    ),
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
PASSWORD_HASHERS = ["access.hashers.BoundedArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "access.backends.RoleBackend"]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a stranger elsewhere cannot lock out a teller
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "banksite.problems.locked_out"  # a page for people, a problem for programs
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False  # banksite.admin shows its tables read-only
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "access.addresses.client_address"
SIMPLE_JWT = {  # access.tokens signs; left to itself, simplejwt would with SECRET_KEY
    "ALGORITHM": "EdDSA",
    "SIGNING_KEY": None,
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
}
TOKEN_KEYRING = "banksite.token_keys.BankKeys"  # noqa: S105  # a place, no secret

API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=6_000)
API_REQUESTS_PER_MINUTE_UNKNOWN = env.int("API_REQUESTS_PER_MINUTE_UNKNOWN", default=120)
WEBHOOKS_ALLOW_HTTP = env.bool("WEBHOOKS_ALLOW_HTTP", default=False)
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=False)
WEBHOOKS_RETRY_FIRST_S = env.float("WEBHOOKS_RETRY_FIRST_S", default=5.0)
WEBHOOKS_RETRY_MAX_S = env.float("WEBHOOKS_RETRY_MAX_S", default=21_600.0)
WEBHOOKS_GIVE_UP_S = env.int("WEBHOOKS_GIVE_UP_S", default=259_200)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # a batch of 1,000 transfers with every text at its longest has half of it
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["access.rest.authentication.Bearer"],
    "DEFAULT_PERMISSION_CLASSES": [],  # access.rest.Endpoint demands what its `needs` says
    "DEFAULT_THROTTLE_CLASSES": ["access.rest.limits.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["access.rest.rendering.Json"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],  # named in the schema; bodies are read by access.rest.read_body
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "banksite.problems.answer",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Distributed Banking System",
    "DESCRIPTION": "One bank's API: customers, accounts, payments inside the bank and to other banks.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayOperationId": True, "persistAuthorization": False},
}

MFA_ADAPTER = "access.second_factor.MfaAdapter"
IDLE_LOCK_S = env.int("IDLE_LOCK_S", default=900)
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "/", "/sign-in"

# Browsers share cookies among the ports of a host: without the bank's code two banks on one machine would sign each other's staff out.
_HOST_ONLY = "__Host-" if HTTPS else ""  # browsers then take such a cookie from this host alone, over HTTPS, for all of its paths
SESSION_COOKIE_NAME = f"{_HOST_ONLY}session-{SITE['code'].lower()}"
CSRF_COOKIE_NAME = f"{_HOST_ONLY}csrf-{SITE['code'].lower()}"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_ENDS_AFTER_S = env.int("SESSION_ENDS_AFTER_S", default=12 * 3600)  # however busy it is
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]  # asked from inside, past the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
LANGUAGE_COOKIE_NAME = f"{_HOST_ONLY}language-{SITE['code'].lower()}"
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = env("TIME_ZONE", default="Europe/Amsterdam")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
_COLLECTED = STATIC_ROOT.is_dir()  # made before `collectstatic`, so that it writes the files under the names they will be asked by
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not _COLLECTED  # a bank on one machine starts without a build step
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False  # what is not ours could be anything, of any length
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOGGING = log.configuration(as_json=env.bool("LOG_JSON", default=not DEBUG), level=env("LOG_LEVEL", default="INFO"))
log.configure()

UNFOLD = {
    "SITE_TITLE": SITE["name"],
    "SITE_HEADER": SITE["name"],
    "SITE_SUBHEADER": "Head bank" if SITE["role"] == "headbank" else f"Bank {SITE['code']}",
    "SITE_SYMBOL": "account_balance",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"/{STATIC_URL}banksite/mark.svg"}],
    "SITE_URL": "/",
    "STYLES": [f"/{STATIC_URL}banksite/admin.css"],
    "COLORS": {"primary": navigation.ACCENT},
    "DASHBOARD_CALLBACK": "banksite.dashboard.dashboard",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": navigation.sidebar},
}

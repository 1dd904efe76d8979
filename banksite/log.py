"""Log lines: JSON with the request's id in production, and nothing in them that names a customer or opens a door."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from access.database_errors import WithoutTraceback

HIDDEN = "[hidden]"
_KEYS = re.compile(
    r"name|phone|email|password|secret|token|authorization|cookie|iban|account|debtor|creditor|reference|signature", re.IGNORECASE
)
_KEPT = frozenset({"logger_name", "view_name", "thread_name", "code", "level", "event", "timestamp", "request_id"})
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TEXTS = re.compile(
    r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"  # an IBAN, with or without its spaces
    r"|\bey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a token (JWT)
    r"|\b(?:Bearer|Basic) [A-Za-z0-9._~+/=-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)"  # user and password of an address
    r"|\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+\b"  # an e-mail address
    r"|\b[0-9](?:[ -]?[0-9]){12,18}\b",  # a card's number
    re.DOTALL,
)


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001  # the signature of a processor
    """Hide names, account numbers, tokens, keys and passwords, wherever in the event they are."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    """Return the value as it may be written down."""
    if key not in _KEPT and _KEYS.search(key) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return value if _ID.fullmatch(value) else _TEXTS.sub(HIDDEN, value)  # an id's digits may look like a card's number
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", each) for each in value]
    if isinstance(value, int | float | bool | type(None)):
        return value
    return _TEXTS.sub(HIDDEN, str(value))


def _before_rendering() -> list[Processor]:
    """Return what happens to each line, ours and the libraries', before it is written."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configuration(*, as_json: bool, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to stderr, one line each."""
    renderer: Processor = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    formatting = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        renderer,
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": structlog.stdlib.ProcessorFormatter, "processors": formatting, "foreign_pre_chain": _before_rendering()}
        },
        "filters": {"database": {"()": WithoutTraceback}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["database"]},  # each request has its own line already
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        },
    }


def configure() -> None:
    """Send structlog's own lines the same way as everybody else's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_before_rendering(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

"""gunicorn's own lines, written like all others of the bank: JSON with the time in UTC, and nothing hidden shown."""

import logging
import logging.config
import os
from typing import Any

from gunicorn.glogging import Logger


class BankLogger(Logger):  # type: ignore[misc]  # ships no types
    """Sends what gunicorn says of itself the way LOG_JSON and LOG_LEVEL ask for."""

    def setup(self, cfg: Any) -> None:
        """Take over the bank's configuration of logging, which the site sets again when it is loaded."""
        super().setup(cfg)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banksite.settings")
        from django.conf import settings  # noqa: PLC0415  # only now are they named

        logging.config.dictConfig(settings.LOGGING)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

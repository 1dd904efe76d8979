"""The banksite app."""

import gc
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core.checks import CheckMessage, Tags, register

from banksite import checks


class AdminConfig(SimpleAdminConfig):
    """Find the lists of the admin when pages are served or checked: relay, consumer and commands start in half the time without them."""

    def ready(self) -> None:
        """Register the admin's checks."""
        register(check_dependencies, Tags.admin)
        register(_check_lists, Tags.admin)


class BanksiteConfig(AppConfig):
    """Register what the site refuses to start with."""

    name = "banksite"
    default = True  # of the two here, the one that "banksite" among INSTALLED_APPS means

    def ready(self) -> None:
        """Register every check; let garbage collection spare what was loaded, and look less often at what a batch makes."""
        for check in checks.ALL:
            register(check)
        gc.freeze()  # it lives as long as the process; looking through it again and again took a quarter of a batch's time
        gc.set_threshold(50_000, 20, 20)  # a batch of 1,000 makes 30,000 objects and no circles; 700 is for programs that hold few


def _check_lists(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **options)

"""The banksite app."""

from django.apps import AppConfig


class BanksiteConfig(AppConfig):
    """Name the app for Django."""

    name = "banksite"

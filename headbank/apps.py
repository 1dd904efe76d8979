"""The headbank app."""

from django.apps import AppConfig


class HeadbankConfig(AppConfig):
    """Name the app for Django."""

    name = "headbank"

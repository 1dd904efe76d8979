"""The access app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Name the app for Django."""

    name = "access"

"""The transfers app."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    """Name the app for Django."""

    name = "transfers"

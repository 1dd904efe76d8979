"""The messaging app."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Name the app for Django."""

    name = "messaging"

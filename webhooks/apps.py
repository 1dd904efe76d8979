"""The webhooks app."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Name the app for Django."""

    name = "webhooks"

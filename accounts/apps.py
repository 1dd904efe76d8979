"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Name the app for Django."""

    name = "accounts"

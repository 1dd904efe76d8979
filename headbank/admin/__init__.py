"""The head bank's register and settlements in the admin."""

from headbank.admin import keys, register, settlement

__all__ = ["keys", "register", "settlement"]

"""What people and programs have in common: a name that is given once, and a password or secret whose end ends the sign-ins made with it."""

from datetime import datetime

from django.db import IntegrityError, transaction

from access import tokens
from access.errors import DomainError
from access.models import User


def add_user(user: User, password: str, *, taken: DomainError) -> User:
    """Insert a new user with the password; raises `taken` where somebody has or had the name."""
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise taken from error
    return user


def replace_password(user: User, password: str, *, given: bool, why: str, now: datetime) -> None:
    """Give a user another password inside the caller's transaction and end every sign-in made with the old one.

    `given`: somebody else than the user knows it and is to know it no longer. `why` is kept with the sign-ins.
    """
    user.set_password(password)
    User.objects.filter(pk=user.pk).update(password=user.password, password_given=given)  # first: holds what a sign-in begins with
    user.password_given = given
    tokens.end_all(user=user, why=why, now=now)

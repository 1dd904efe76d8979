"""What is done with webhooks: registering and changing them, queueing events for them, handing over what is due, noting the answers."""

from webhooks.services.asking import send_again, send_test
from webhooks.services.configuration import patience, policy
from webhooks.services.endpoints import (
    Registered,
    change_endpoint,
    disable_endpoint,
    enable_endpoint,
    register_endpoint,
    rotate_secret,
)
from webhooks.services.fan_out import fan_out
from webhooks.services.noting import note_answers
from webhooks.services.taking import Parcel, take_due
from webhooks.services.tidying import delete_over

__all__ = [
    "Parcel",
    "Registered",
    "change_endpoint",
    "delete_over",
    "disable_endpoint",
    "enable_endpoint",
    "fan_out",
    "note_answers",
    "patience",
    "policy",
    "register_endpoint",
    "rotate_secret",
    "send_again",
    "send_test",
    "take_due",
]

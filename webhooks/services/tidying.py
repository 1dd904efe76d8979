"""Forgetting deliveries that went well."""

from datetime import datetime, timedelta

from django.db.models import Q

from webhooks.models import Delivery

_DELIVERED_KEPT, _OTHERS_KEPT = timedelta(days=7), timedelta(days=30)


def delete_over(*, now: datetime, limit: int) -> int:
    """Delete deliveries that were delivered a week ago, failed or were withdrawn a month ago; return how many."""
    delivered = Q(status=Delivery.Status.DELIVERED, finished_at__lt=now - _DELIVERED_KEPT)
    over = Delivery.objects.filter(delivered | Q(finished_at__lt=now - _OTHERS_KEPT), finished_at__lt=now - _DELIVERED_KEPT)
    return Delivery.objects.filter(id__any=list(over.order_by("finished_at", "id").values_list("id", flat=True)[:limit])).delete()[0]

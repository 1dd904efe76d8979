"""The addresses of webhooks under /api/v1/."""

from django.urls import path

from webhooks.api import deliveries, endpoints

urlpatterns = [
    path("webhooks", endpoints.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:endpoint_id>", endpoints.Webhook.as_view(), name="webhook"),
    path("webhooks/<uuid:endpoint_id>/disable", endpoints.Disable.as_view(), name="webhook-disable"),
    path("webhooks/<uuid:endpoint_id>/enable", endpoints.Enable.as_view(), name="webhook-enable"),
    path("webhooks/<uuid:endpoint_id>/rotate-secret", endpoints.RotateSecret.as_view(), name="webhook-rotate-secret"),
    path("webhooks/<uuid:endpoint_id>/test", endpoints.Test.as_view(), name="webhook-test"),
    path("webhooks/<uuid:endpoint_id>/deliveries", deliveries.Deliveries.as_view(), name="webhook-deliveries"),
    path("webhook-deliveries/<uuid:delivery_id>", deliveries.Delivery.as_view(), name="webhook-delivery"),
    path("webhook-deliveries/<uuid:delivery_id>/send-again", deliveries.SendAgain.as_view(), name="webhook-delivery-send-again"),
]

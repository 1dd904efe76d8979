"""The addresses of transfers under /api/v1/."""

from django.urls import path

from transfers.api import batches, events, orders, statements

urlpatterns = [
    path("deposits", orders.Deposits.as_view(), name="deposits"),
    path("withdrawals", orders.Withdrawals.as_view(), name="withdrawals"),
    path("transfers", orders.Transfers.as_view(), name="transfers"),
    path("transfers/<uuid:transfer_id>", orders.OneTransfer.as_view(), name="transfer"),
    path("transfers/<uuid:transfer_id>/cancel", orders.Cancel.as_view(), name="transfer-cancel"),
    path("transfers/<uuid:transfer_id>/reverse", orders.Reverse.as_view(), name="transfer-reverse"),
    path("transfer-batches", batches.Batches.as_view(), name="transfer-batches"),
    path("accounts/<str:number>/statement.pdf", statements.StatementDocument.as_view(), name="accounts-statement-pdf"),
    path("events", events.Events.as_view(), name="events"),
]

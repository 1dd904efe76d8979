"""The addresses of the head bank's pages."""

from django.urls import path

from headbank import views

urlpatterns = [
    path("settlements", views.Settlements.as_view(), name="settlements"),
    path("settlements/<uuid:window>", views.Settlement.as_view(), name="settlement"),
    path("settlements/<uuid:window>.csv", views.SettlementCsv.as_view(), name="settlement-csv"),
    path("settlements/<uuid:window>.pdf", views.SettlementPdf.as_view(), name="settlement-pdf"),
]

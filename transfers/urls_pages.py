"""The pages of the counter."""

from datetime import date

from django.urls import path, register_converter

from transfers.statements import EARLIEST, LATEST
from transfers.views import files, following, ordering, statements, tills


class DayConverter:
    """A day as ISO 8601 writes it."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """Return the day; a ValueError is no such address, as for a day on which there cannot have been a bank."""
        day = date.fromisoformat(value)
        if not EARLIEST <= day <= LATEST:
            raise ValueError(value)
        return day

    def to_url(self, value: date) -> str:
        """Return the day as it stands in addresses."""
        return value.isoformat()


register_converter(DayConverter, "day")
app_name = "transfers"
urlpatterns = [
    path("deposit", ordering.DepositPage.as_view(), name="deposit"),
    path("withdraw", ordering.WithdrawalPage.as_view(), name="withdraw"),
    path("pay", ordering.PayPage.as_view(), name="pay"),
    path("pay/creditor", ordering.CreditorHint.as_view(), name="creditor"),
    path("transfers", following.TransferList.as_view(), name="list"),
    path("transfers/<uuid:transfer_id>", following.TransferPage.as_view(), name="transfer"),
    path("transfers/<uuid:transfer_id>/story", following.StoryPart.as_view(), name="story"),
    path("transfers/<uuid:transfer_id>/done", following.Done.as_view(), name="done"),
    path("transfers/<uuid:transfer_id>/receipt", following.Receipt.as_view(), name="receipt"),
    path("transfers/<uuid:transfer_id>/cancel", following.CancelPage.as_view(), name="cancel"),
    path("transfers/<uuid:transfer_id>/reverse", following.ReversePage.as_view(), name="reverse"),
    path("payment-files", files.Files.as_view(), name="files"),
    path("payment-files/new", files.Upload.as_view(), name="file-new"),
    path("payment-files/<uuid:file_id>", files.FilePage.as_view(), name="file"),
    path("payment-files/<uuid:file_id>/go-on", files.GoOn.as_view(), name="file-go-on"),
    path("payment-files/<uuid:file_id>/outcomes.csv", files.Outcomes.as_view(), name="file-outcomes"),
    path("accounts/<str:number>", statements.AccountPage.as_view(), name="account"),
    path("accounts/<str:number>/statement.pdf", statements.StatementPdf.as_view(), name="statement-pdf"),
    path("till", tills.TillPage.as_view(), name="till"),
    path("till/open", tills.OpenTill.as_view(), name="till-open"),
    path("till/<str:number>/carry", tills.Carry.as_view(), name="till-carry"),
    path("till/<str:number>/count", tills.Count.as_view(), name="till-count"),
    path("till/<str:number>/close", tills.CloseTill.as_view(), name="till-close"),
    path("day", tills.Today.as_view(), name="today"),
    path("day/<day:day>", tills.Day.as_view(), name="day"),
]

"""The pages of accounts."""

from django.urls import path

from accounts.views import accounts, cards, customers, holds

app_name = "accounts"
urlpatterns = [
    path("customers/new", customers.NewCustomer.as_view(), name="customer-new"),
    path("customers/<uuid:customer_id>", customers.CustomerPage.as_view(), name="customer"),
    path("customers/<uuid:customer_id>/change", customers.ChangeCustomer.as_view(), name="customer-change"),
    path("customers/<uuid:customer_id>/close", customers.CloseCustomer.as_view(), name="customer-close"),
    path("customers/<uuid:customer_id>/accounts/new", customers.NewAccount.as_view(), name="account-new"),
    path("accounts/<str:number>/statement.csv", accounts.StatementCsv.as_view(), name="statement-csv"),
    path("accounts/<str:number>/freeze", accounts.Freeze.as_view(), name="account-freeze"),
    path("accounts/<str:number>/unfreeze", accounts.Unfreeze.as_view(), name="account-unfreeze"),
    path("accounts/<str:number>/close", accounts.CloseAccount.as_view(), name="account-close"),
    path("accounts/<str:number>/limit", accounts.SetLimit.as_view(), name="account-limit"),
    path("accounts/<str:number>/holds/new", holds.PlaceHold.as_view(), name="hold-new"),
    path("accounts/<str:number>/cards/new", cards.IssueCard.as_view(), name="card-issue"),
    path("holds/<uuid:hold_id>/release", holds.ReleaseHold.as_view(), name="hold-release"),
    path("cards/<uuid:card_id>/block", cards.BlockCard.as_view(), name="card-block"),
    path("cards/<uuid:card_id>/unblock", cards.UnblockCard.as_view(), name="card-unblock"),
    path("cards/<uuid:card_id>/replace", cards.ReplaceCard.as_view(), name="card-replace"),
]

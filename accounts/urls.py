"""The addresses of accounts under /api/v1/."""

from django.urls import path

from accounts.api import accounts, cards, customers, holds, mandates, statements

urlpatterns = [
    path("customers", customers.Customers.as_view(), name="customers"),
    path("customers/<uuid:customer_id>", customers.Customer.as_view(), name="customer"),
    path("customers/<uuid:customer_id>/close", customers.CloseCustomer.as_view(), name="customers-close"),
    path("accounts", accounts.Accounts.as_view(), name="accounts"),
    path("accounts/<str:number>", accounts.Account.as_view(), name="account"),
    path("accounts/<str:number>/freeze", accounts.Freeze.as_view(), name="accounts-freeze"),
    path("accounts/<str:number>/unfreeze", accounts.Unfreeze.as_view(), name="accounts-unfreeze"),
    path("accounts/<str:number>/close", accounts.CloseAccount.as_view(), name="accounts-close"),
    path("accounts/<str:number>/credit-limit", accounts.CreditLimit.as_view(), name="accounts-credit-limit"),
    path("accounts/<str:number>/balance", statements.BalanceOf.as_view(), name="accounts-balance"),
    path("accounts/<str:number>/statement", statements.Statement.as_view(), name="accounts-statement"),
    path("accounts/<str:number>/statement.csv", statements.StatementFile.as_view(), name="accounts-statement-csv"),
    path("cards", cards.Cards.as_view(), name="cards"),
    path("cards/<uuid:card_id>/block", cards.Block.as_view(), name="cards-block"),
    path("cards/<uuid:card_id>/unblock", cards.Unblock.as_view(), name="cards-unblock"),
    path("cards/<uuid:card_id>/replace", cards.Replace.as_view(), name="cards-replace"),
    path("clients/<str:username>/mandates", mandates.Mandates.as_view(), name="clients-mandates"),
    path("clients/<str:username>/mandates/<uuid:customer_id>/revoke", mandates.RevokeMandate.as_view(), name="clients-mandates-revoke"),
    path("holds", holds.Holds.as_view(), name="holds"),
    path("holds/<uuid:hold_id>/release", holds.Release.as_view(), name="holds-release"),
]

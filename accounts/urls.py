"""The addresses of accounts under /api/v1/."""

from django.urls import path

from accounts.api import accounts, customers

urlpatterns = [
    path("customers", customers.Customers.as_view(), name="customers"),
    path("customers/<uuid:customer_id>", customers.Customer.as_view(), name="customer"),
    path("customers/<uuid:customer_id>/close", customers.CloseCustomer.as_view(), name="customers-close"),
    path("accounts", accounts.Accounts.as_view(), name="accounts"),
    path("accounts/<str:number>", accounts.Account.as_view(), name="account"),
    path("accounts/<str:number>/freeze", accounts.Freeze.as_view(), name="accounts-freeze"),
    path("accounts/<str:number>/unfreeze", accounts.Unfreeze.as_view(), name="accounts-unfreeze"),
    path("accounts/<str:number>/close", accounts.CloseAccount.as_view(), name="accounts-close"),
]

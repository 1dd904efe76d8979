"""The addresses of the register under /api/v1/ of the head bank."""

from django.urls import path

from headbank.api import banks, keys, outside

urlpatterns = [
    path("banks", banks.Banks.as_view(), name="register"),
    path("banks/<str:code>", banks.Bank.as_view(), name="register-bank"),
    path("banks/<str:code>/approve", banks.Approve.as_view(), name="register-approve"),
    path("banks/<str:code>/suspend", banks.Suspend.as_view(), name="register-suspend"),
    path("banks/<str:code>/reactivate", banks.Reactivate.as_view(), name="register-reactivate"),
    path("banks/<str:code>/close", banks.Close.as_view(), name="register-close"),
    path("banks/<str:code>/keys", keys.Keys.as_view(), name="register-keys"),
    path("banks/<str:code>/debit-cap", banks.Cap.as_view(), name="register-cap"),
    path("keys/<str:key_id>/revoke", keys.RevokeKey.as_view(), name="register-revoke-key"),
    path("applications", outside.Applications.as_view(), name="register-applications"),
    path("directory", outside.Directory.as_view(), name="directory"),
]

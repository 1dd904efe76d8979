"""What every page for staff stands on: who may see it, forms in the bank's own dress, and doing once what a browser may send twice."""

from access.pages.deeds import DeedPage
from access.pages.forms import BankForm, ReasonForm
from access.pages.staff import StaffPage, id_or_none, is_live, user_of
from access.pages.words import TIED, grouped, said

__all__ = ["TIED", "BankForm", "DeedPage", "ReasonForm", "StaffPage", "grouped", "id_or_none", "is_live", "said", "user_of"]

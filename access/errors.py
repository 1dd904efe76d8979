"""The base of every refusal, and the refusals of access, in the order in which they are checked."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from access.currencies import format_minor


class DomainError(Exception):
    """A refusal a user can act on: `code` is stable, `facts` carry the numbers.

    `advice` is a format string over the facts that says what to do; facts that end in `_minor` are written as amounts of `currency`.
    `iso_reason` is the ISO 20022 external reason code, where one exists. Refusals are equal when their class and facts are.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The order was refused."
    advice: ClassVar[str] = ""
    iso_reason: ClassVar[str] = "NARR"

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.title} {self.detail}".strip()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.facts.items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.facts == self.facts

    def __hash__(self) -> int:
        return hash((type(self), tuple(sorted((name, str(value)) for name, value in self.facts.items()))))

    @property
    def detail(self) -> str:
        """Return the advice with the facts filled in."""
        return self.advised(self.advice, lambda minor, currency: f"{format_minor(minor, currency)} {currency}")

    def advised(self, advice: str, amount: Callable[[int, str], str]) -> str:
        """Return an advice, this one's own or its translation, with the facts filled in and amounts written by `amount`."""
        currency = self.facts.get("currency") or ""
        return advice.format(**{n: amount(v, currency) if currency and n.endswith("_minor") else v for n, v in self.facts.items()})


def refusal_of(*, code: str, facts: Mapping[str, Any]) -> DomainError:
    """Return the refusal with this code again from what was kept of it; one whose class is no more is a refusal without advice."""
    return {kind.code: kind for kind in _kinds(DomainError)}.get(code, DomainError)(**facts)


def _kinds(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield from (each, *_kinds(each))


class TokenMissing(DomainError):
    """The request names nobody."""

    code, title = "token-missing", "Sign in first."
    advice = "Get an access token at /api/v1/auth/token and send it as `Authorization: Bearer ...`."


class TokenRefused(DomainError):
    """The token was not made here for this use, is over, or its owner may no longer come in; `facts` carry `why`."""

    code, title = "token-refused", "This token is not accepted."
    advice = "It {why}; get a new one at /api/v1/auth/token."


class CredentialsWrong(DomainError):
    """No active user has this name and password; which of them is wrong is not said."""

    code, title = "credentials-wrong", "The user name or the password is not right."
    advice = "Check both; after five failures this address has to wait."


class CodeMissing(DomainError):
    """Name and password are right, and this user signs in with a code of a second factor too."""

    code, title = "code-missing", "A code is needed as well."
    advice = "Send the six digits your app shows now, or one of your recovery codes, as `otp` beside the password."


class CodeWrong(DomainError):
    """The code is not the second factor's of this half minute, or was used before; it counts as a wrong password does."""

    code, title = "code-wrong", "This code is not right, or was used before."
    advice = "Take the next one your app shows; after five failures this address has to wait."


class TooManyAttempts(DomainError):
    """Signing in failed too often from one address; `facts` carry `wait_s`."""

    code, title = "too-many-attempts", "Signing in failed too often."
    advice = "Try again in {wait_s} seconds, or ask an administrator."


class SignInBusy(DomainError):
    """More passwords wait to be checked than one process checks; `facts` carry `wait_s`."""

    code, title = "sign-in-busy", "Too many people sign in at this moment."
    advice = "Try again in {wait_s} seconds."


class TooManyRequests(DomainError):
    """The client asked more often than it may; `facts` carry `wait_s`."""

    code, title = "too-many-requests", "You ask too often."
    advice = "Ask again in {wait_s} seconds."


class RequestTooLarge(DomainError):
    """The body is larger than any request needs to be; `facts` carry `limit` in bytes."""

    code, title = "request-too-large", "The request is too large."
    advice = "At most {limit} bytes are read; split it."


class RequestInvalid(DomainError):
    """The request does not fit its description; `facts` carry `faults`, each with the place it is about."""

    code, title = "request-invalid", "The request cannot be read as described."
    advice = "Mend what `errors` names; /docs describes every field."


class KeyMissing(DomainError):
    """What creates or moves something needs a key, so that it can be repeated without harm."""

    code, title = "idempotency-key-missing", "An idempotency key is needed."
    advice = "Send a header Idempotency-Key with 1 to 255 visible characters of your own; keep it when you repeat the request."


class UserUnknown(DomainError):
    """Nobody active has this user name; `facts` carry `user`."""

    code, title = "user-unknown", "There is no such user."
    advice = "Nobody who may sign in is called {user}; open_bank creates the user system."


class ClientNameInvalid(DomainError):
    """A program's user name is 1 to 60 small letters, digits, dots, dashes and underscores; `facts` carry `name`."""

    code, title = "client-name-invalid", "This cannot be a program's user name."
    advice = "Write small letters, digits, dots, dashes and underscores instead of {name!r}."


class ClientNameTaken(DomainError):
    """A user has this name already; `facts` carry `name`."""

    code, title = "client-name-taken", "This user name is taken."
    advice = "Choose another than {name}; users are never deleted."


class ScopeUnknown(DomainError):
    """A scope is no permission of the API client's role; `facts` carry `scopes` and `known`."""

    code, title = "scope-unknown", "There is no such scope."
    advice = "Leave out {scopes}; there are {known}."


class ClientUnknown(DomainError):
    """There is no active API client of this name; `facts` carry `user`."""

    code, title = "client-unknown", "There is no such API client."
    advice = "Check the user {user}."


class ClientLimitInvalid(DomainError):
    """A limit is 0 to 10^15 minor units, once in each currency of the bank; `facts` carry `currency`."""

    code, title = "client-limit-invalid", "This cannot be a program's limit."
    advice = "Name each currency of the bank at most once, with 0 to 10^15 minor units; look at {currency}."


class UserNameInvalid(DomainError):
    """A user name is 1 to 60 small letters, digits, dots, underscores and hyphens; `facts` carry `name`."""

    code, title = "user-name-invalid", "This cannot be a user name."
    advice = "Use 1 to 60 small letters, digits, dots, underscores and hyphens, beginning with a letter or digit: {name} does not fit."


class ApprovalOutdated(DomainError):
    """What was asked about is not what it was when it was asked; `facts` carry `approval`."""

    code, title = "approval-outdated", "What was asked about has changed since."
    advice = "Refuse it, look at how it stands now, and ask again where it is still wanted."


class NoSecondPerson(DomainError):
    """Nobody is there who could agree afterwards; `facts` carry `user`."""

    code, title = "no-second-person", "Nobody else could give back what this takes away."
    advice = "Let in another administrator first, or set the password at the bank's own machine: manage.py changepassword {user}."


class AdministratorsEnough(DomainError):
    """Two administrators are there, who let in everybody else; `facts` carry `users`."""

    code, title = "administrators-enough", "There are two administrators already."
    advice = "{users} let in everybody else, on the desk."


class PasswordGiven(DomainError):
    """Somebody else gave this password and knows it; `facts` carry nothing."""

    code, title = "password-given", "This password was given by somebody else."
    advice = "Sign in with it on the bank's pages, and choose one of your own there."


class UserNameTaken(DomainError):
    """Somebody has or had this user name, and names are never given twice; `facts` carry `name`."""

    code, title = "user-name-taken", "This user name is taken."
    advice = "Choose another name than {name}; names are never given twice, so that the audit trail stays clear."


class RoleUnknown(DomainError):
    """This site has no such role for a person; `facts` carry `roles` and `known`."""

    code, title = "role-unknown", "There is no such role for a person."
    advice = "Check {roles}; there are {known}."


class NotAPerson(DomainError):
    """No member of staff has this user name: nobody does, or a program or the bank itself; `facts` carry `user`."""

    code, title = "not-a-person", "This is no member of staff."
    advice = "Check the user {user}; programs are changed as API clients, and the bank's own user not at all."


class OwnUser(DomainError):
    """Nobody changes their own roles, password or standing; `facts` carry `user`."""

    code, title = "own-user", "Nobody decides about themselves here."
    advice = "Ask another administrator to change {user}."


class FilterUnknown(DomainError):
    """A list was to be taken away narrowed by what no filter of its page asks; `facts` carry the `names`."""

    code, title = "filter-unknown", "This list cannot be narrowed by that."
    advice = "Open the list again, choose among its filters, and export from there; not known here: {names}."


class TooManyRows(DomainError):
    """A list is too long for a spreadsheet; `facts` carry `most`."""

    code, title = "too-many-rows", "The list is too long for a spreadsheet."
    advice = "A spreadsheet has at most {most} rows: narrow the list, or take it as CSV."


class NotAllowed(DomainError):
    """The user's roles do not include the permission; `facts` carry `permission`."""

    code, title = "not-allowed", "You may not do this."
    advice = "It needs the permission {permission}; ask an administrator for a role that has it."


class KeyReused(DomainError):
    """The idempotency key was used before for another request; `facts` carry `key`."""

    code, title, iso_reason = "key-reused", "This key was used for another request.", "DUPL"
    advice = "Send the first request again unchanged, or use a new key instead of {key}."


class InProgress(DomainError):
    """Another request with the same key is still being worked on; `facts` carry `key`."""

    code, title = "in-progress", "The same request is being worked on."
    advice = "Ask again in a second with the same key {key}."


class ApprovalUnknown(DomainError):
    """There is no such question; `facts` carry `approval`."""

    code, title = "approval-unknown", "There is no such approval."
    advice = "Check the id {approval}."


class ApprovalNotWaiting(DomainError):
    """The approval was decided or does not exist; `facts` carry `approval` and `status`."""

    code, title = "approval-not-waiting", "Nothing waits for this approval."
    advice = "Approval {approval} is {status}."


class OwnApproval(DomainError):
    """Who asked may not decide; `facts` carry `approval`."""

    code, title = "own-approval", "You entered this; somebody else must decide it."
    advice = "Ask a colleague who may approve to decide {approval}."


class ReasonMissing(DomainError):
    """A decision or an exceptional act was given no reason."""

    code, title = "reason-missing", "A reason is needed."
    advice = "Say in a few words why; it is kept in the audit trail."

"""What the head bank says to anybody, and what a bank nobody knows yet may hand in."""

from typing import Annotated

import msgspec
from django.utils import timezone
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from access.rest import ANYONE, OpenEndpoint, operation, read_body
from headbank import services
from headbank.errors import (
    ApplicationRefused,
    BankExists,
    BankInvalid,
    DirectoryUnpublished,
    InvitationUnknown,
    KeyTaken,
)
from messaging import directory, documents
from messaging.documents import File


class ApplicationBody(File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's application as a file; what a later version may add to a file, nobody may add here."""

    value: Annotated[str, Meta(max_length=12_000)]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """An application was kept; two persons decide about it."""

    bank: str
    status: str = "applied"


class Applications(OpenEndpoint):
    """`applications`."""

    needs = {"POST": ANYONE}

    @operation(
        id="register_apply",
        summary="Apply",
        tag="register",
        body=ApplicationBody,
        answers={202: Applied},
        refuses=(ApplicationRefused, InvitationUnknown, BankInvalid, BankExists, KeyTaken),
    )
    def post(self, request: Request) -> Response:
        """Hand in a bank's application, signed with its own key; `apply_to_head_bank` does. The same document again changes nothing."""
        document = services.application_of(read_body(request, ApplicationBody))
        return Response(Applied(bank=services.receive_application(document=document, now=timezone.now())), status=202)


class Directory(OpenEndpoint):
    """`directory`."""

    needs = {"GET": ANYONE}

    @operation(id="directory_show", summary="The directory of banks", tag="register", answers={200: File}, refuses=(DirectoryUnpublished,))
    def get(self, request: Request) -> Response:
        """Show the newest directory as the head bank signed it; with its ETag in If-None-Match it is sent when there is a newer one."""
        document = directory.current()
        if document is None:
            raise DirectoryUnpublished
        tag = f'"{document.signature.hex()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in (request.headers.get("If-None-Match") or ""):
            return Response(status=304, headers=headers)
        return Response(documents.file_of(document), headers=headers)

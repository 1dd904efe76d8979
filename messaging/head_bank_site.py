"""What a bank asks of the head bank's site over HTTP: to take its application, and to give it the directory. Both are signed."""

from dataclasses import dataclass

import httpx

from access.site import this_bank
from messaging import documents
from messaging.documents import Document
from messaging.errors import HeadBankUnreachable

_LIMIT_S = 10.0
_LONGEST = 2_000_000  # bytes of an answer


@dataclass(frozen=True, kw_only=True)
class HeadBankSite:
    """The head bank's site at `url`, by default the one this bank was given; `transport` is httpx's, for tests."""

    url: str = ""
    transport: httpx.BaseTransport | None = None

    def fetch_directory(self) -> Document:
        """Return the directory it shows, whose taker judges it; raise HeadBankUnreachable."""
        try:
            return documents.unpack(self._ask("GET", "directory"))
        except ValueError as error:
            raise HeadBankUnreachable(why=f"its answer is no directory ({error})") from error

    def hand_in(self, application: Document) -> None:
        """Hand an application in; raise HeadBankUnreachable, also where it is refused."""
        self._ask("POST", "applications", content=documents.pack(application))

    def _ask(self, method: str, place: str, *, content: bytes | None = None) -> bytes:
        """Return the answer's body; raise HeadBankUnreachable with what the head bank says about a refusal."""
        base = (self.url or this_bank().head_bank_url).rstrip("/")
        if not base:
            raise HeadBankUnreachable(why="HEAD_BANK_URL is not set")
        address = f"{base}/api/v1/{place}"
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            with httpx.Client(timeout=_LIMIT_S, transport=self.transport, trust_env=False) as client:
                answer = client.request(method, address, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HeadBankUnreachable(why=f"{address} does not answer ({error})") from error
        if answer.is_success and len(answer.content) <= _LONGEST:
            return answer.content
        raise HeadBankUnreachable(why=f"{address} answers {answer.status_code}: {_words(answer)}")


def _words(answer: httpx.Response) -> str:
    """Return what a problem (RFC 9457) says, or the beginning of anything else."""
    try:
        said = answer.json()
        return f"{said['title']} {said.get('detail', '')}".strip().rstrip(".")
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]

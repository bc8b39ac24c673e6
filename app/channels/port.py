"""What a channel is: one object with a receiving and a sending half, and one line in the registry.

Receiving (see app/api/webhooks.py for the order): raw bytes once -> `references` -> accounts -> `verify` -> `parse` ->
a durable row per event -> the vendor's answer. Everything a channel does there is a pure function of the raw request:
no database, no clock but the one given, nothing slow.

Sending: a worker calls `send` with one part. It returns `Accepted` or `Refused`; when it cannot tell whether the vendor
took the part (the connection broke after the request went out) it lets `HttpLostError` through, and the caller does not
send again by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.domain.channel import (
    Account,
    InboundEvent,
    Limits,
    OutgoingPart,
    RefusalKind,
    Renewal,
    SendResult,
    Template,
    VendorReport,
)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came. `url` is the public one, from the configuration and not from the Host header, with the
    query string byte by byte; `headers` have lower-case names; `query` is decoded, in order, names may repeat."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class AccountField:
    """A field of an account, as `channel add --field NAME=VALUE` and the console ask for it."""

    name: str
    label: str
    required: bool = True
    secret: bool = False
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor wants to hear."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Parsed:
    """An event and the bytes it was read from, for the log."""

    event: InboundEvent
    raw: bytes


class BodyError(ValueError):
    """The body is signed but not what the vendor's documents promise: nothing in it can be read."""


class Receiver(Protocol):
    """The receiving half."""

    accepted: Answer
    refused: Answer  # wrong or missing signature, unknown account
    max_body_bytes: int

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """Answer the vendor's subscription check; None where the vendor has none. Works without the database."""

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return whom the request says it is for, unverified: per account, the names it may have, the best first.

        Reads no more of the body than that; returns nothing for one it cannot read.
        """

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Check the signature against the account's secrets, current and previous, in constant time."""

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return every event of a verified request, unknown kinds too.

        Raises: BodyError.
        """

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Return the headers with which a received file is fetched: credentials for the vendor's own hosts alone."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A vendor's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpLostError(Exception):
    """The request may have arrived, and no answer came."""


class AnswerTooLargeError(HttpLostError):
    """The answer was longer than any that is read: what it said is not known."""


class HttpUnreachableError(Exception):
    """The request surely did not arrive."""


class Http(Protocol):
    """How a channel reaches its vendor: time limits, TLS and forbidden addresses are the implementation's."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpAnswer:
        """Send one request; no redirects.

        Raises: HttpLostError (AnswerTooLargeError among them), HttpUnreachableError.
        """


class FetchRefusedError(Exception):
    """A file was not taken: too large, of a forbidden type, or not there. `reason` is fit to be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file."""

    content: bytes
    media_type: str


class Fetcher(Protocol):
    """How files are fetched from addresses that strangers name: forbidden ones are the implementation's."""

    async def fetch(
        self,
        url: str,
        *,
        headers_for: Callable[[str], Mapping[str, str]],
        max_bytes: int,
        allowed: Callable[[str], bool],
    ) -> Fetched:
        """Fetch a file; `headers_for` gives each address of a chain of redirects what it alone may see.

        Raises: FetchRefusedError, HttpLostError, HttpUnreachableError.
        """


class FileHttp(Http, Fetcher, Protocol):
    """Both."""


Locate = Callable[[str, Account, Http], Awaitable[str]]
"""Finds out where a received file really is, for vendors that tell no address in the event.

Raises: FetchRefusedError, HttpLostError, HttpUnreachableError.
"""


class Sender(Protocol):
    """The sending half. The send API's address is the account's field `api_base` where it has one."""

    limits: Limits

    async def send(self, part: OutgoingPart, account: Account, http: Http) -> SendResult:
        """Hand one part to the vendor, once.

        Raises: HttpLostError when it is unknown whether it arrived.
        """

    def classify(self, code: str) -> RefusalKind:
        """Say what an error code of the vendor means, told by its answer or by a receipt."""

    async def find(
        self, part: OutgoingPart, account: Account, sent_after: datetime, known: Collection[str], http: Http
    ) -> str | None:
        """Look in the vendor's list for a part whose answer was lost; return the vendor's id of it. None when it is
        not there, or there is no such list. `known`: ids that are other parts'.

        Raises: HttpLostError, HttpUnreachableError.
        """

    async def show_typing(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Show that an answer is coming; `last_inbound` is the vendor's id of the customer's last message."""

    async def mark_read(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Tell the customer that the message was read."""


class TemplateSource(Protocol):
    """Where a channel's approved templates are."""

    async def approved(self, account: Account, http: Http) -> Sequence[Template]:
        """Return the templates that may be sent.

        Raises: HttpLostError, HttpUnreachableError.
        """


class Upkeep(Protocol):
    """What is asked of a vendor about an account, besides sending."""

    async def inspect(self, account: Account, webhook_url: str, http: Http) -> VendorReport:
        """Ask whether our credentials are good and our webhook (`webhook_url`, without a fragment) is subscribed.

        Raises: HttpLostError, HttpUnreachableError.
        """

    async def subscribe(self, account: Account, webhook_url: str, http: Http) -> bool:
        """Have our app get the account's events; false where that is done by hand or was refused.

        Raises: HttpLostError, HttpUnreachableError.
        """

    async def missed(self, account: Account, since: datetime, http: Http) -> Sequence[Parsed]:
        """Return what customers wrote since a time, as their webhooks would have told it, oldest first; those that
        came are among them.

        Raises: HttpLostError, HttpUnreachableError.
        """

    async def renew(self, account: Account, http: Http) -> Renewal | None:
        """Have the vendor make the token good for longer; None where there is no such thing or it was refused.

        Raises: HttpLostError, HttpUnreachableError.
        """


API_BASE = AccountField("api_base", "Address of the send API", required=False)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `path` is its name in /api/webhooks/{path}/; `references` gives the names by which the vendor's
    requests call an account with these fields, the first being its external id; `handshake_field` is the field with
    the verify token."""

    kind: str
    name: str
    path: str | None = None
    fields: Sequence[AccountField] = ()
    references: Callable[[Mapping[str, str]], Sequence[str]] = lambda fields: ()
    handshake_field: str | None = None
    url_fragment: str = ""  # to be put behind the webhook's address: how the vendor shall try again
    receiver: Receiver | None = field(default=None, repr=False)
    sender: Sender | None = field(default=None, repr=False)
    upkeep: Upkeep | None = field(default=None, repr=False)
    templates: TemplateSource | None = field(default=None, repr=False)
    locate: Locate | None = field(default=None, repr=False)

    def webhook_url(self, public_url: str) -> str | None:
        """Return where the vendor sends its events; None for a channel without webhooks."""
        return None if self.path is None else f"{public_url}/api/webhooks/{self.path}/"

    @property
    def secret_fields(self) -> frozenset[str]:
        return frozenset(one.name for one in self.fields if one.secret)

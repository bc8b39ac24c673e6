"""A channel for any system that speaks HTTP: signed JSON in, signed JSON out.

In: `POST /api/webhooks/webhook/` with `{"id", "from", "text", "name"?}`. Out: the same signature on a POST to the
account's `url` with `{"id", "to", "text", "cards"?, "media"?}`; `id` is the delivery's and an idempotency key; any 2xx
takes it. The signature is `X-Assistify-Signature: sha256=<hex HMAC-SHA256(secret, body)>`, the account is named in
`X-Assistify-Account`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import msgspec
from msgspec import Struct

from app.channels import signatures
from app.channels.port import (
    AccountField,
    Answer,
    BodyError,
    Channel,
    Http,
    HttpLostError,
    Parsed,
    RawRequest,
)
from app.channels.text import bounded_key, clean
from app.domain.channel import (
    Accepted,
    Account,
    Limits,
    MessageReceived,
    OutgoingPart,
    RefusalKind,
    Refused,
    SendResult,
)

SIGNATURE_HEADER = "X-Assistify-Signature"
ACCOUNT_HEADER = "X-Assistify-Account"
TEXT_CHARS = 10_000
CARDS = 10
MEDIA_BYTES = 25_000_000


class _Posted(Struct):
    id: str
    sender: str = msgspec.field(name="from")
    text: str
    name: str | None = None


class WebhookReceiver:
    """See app.channels.port.Receiver."""

    accepted = Answer(200)
    refused = Answer(403, b"signature refused")
    max_body_bytes = 2**20

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """There is none."""
        return None

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return the name in the header."""
        name = request.headers.get(ACCOUNT_HEADER.lower(), "")
        return [[name]] if name else []

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Check the signature, as Meta's, which has the same form."""
        secrets = [account.secrets.get("secret", ""), account.secrets.get("previous_secret", "")]
        return signatures.meta(secrets, request.body, request.headers.get(SIGNATURE_HEADER.lower(), ""))

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return the message.

        Raises: BodyError.
        """
        try:
            posted = msgspec.json.decode(request.body, type=_Posted)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BodyError(str(error)) from error
        if not posted.id or not posted.sender:
            raise BodyError("id and from are needed")
        event = MessageReceived(
            key=bounded_key(posted.id),
            account=request.headers.get(ACCOUNT_HEADER.lower(), ""),
            address=clean(posted.sender),
            text=clean(posted.text),
            name=None if posted.name is None else clean(posted.name),
        )
        return [Parsed(event, request.body)]

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Return nothing: files are not fetched with our secret."""
        return {}


class WebhookSender:
    """See app.channels.port.Sender."""

    limits = Limits(
        text_chars=TEXT_CHARS,
        media_bytes=dict.fromkeys(("image", "video", "audio", "file"), MEDIA_BYTES),
        cards=CARDS,
    )

    async def send(self, part: OutgoingPart, account: Account, http: Http) -> SendResult:
        """Post one part.

        Raises: HttpLostError, HttpUnreachableError.
        """
        said = {"id": str(part.delivery), "to": part.address, "text": part.text}
        cards = {"cards": [asdict(card) for card in part.cards]} if part.cards else {}
        media = {"media": asdict(part.media)} if part.media is not None else {}
        body = json.dumps({**said, **cards, **media}).encode()
        digest = hmac.new(account.secrets.get("secret", "").encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: f"sha256={digest}",
            ACCOUNT_HEADER: account.external_id,
        }
        answer = await http.request("POST", account.fields.get("url", ""), headers=headers, content=body)
        if 200 <= answer.status < 300:
            return Accepted(str(part.delivery))
        if answer.status in (502, 504):
            raise HttpLostError(f"status {answer.status}")
        return Refused(self.classify(str(answer.status)), str(answer.status))

    def classify(self, code: str) -> RefusalKind:
        """Say what a status means."""
        if code in ("401", "403"):
            return RefusalKind.CREDENTIALS
        return RefusalKind.TEMPORARY if code == "429" or code.startswith("5") else RefusalKind.PERMANENT

    async def find(
        self, part: OutgoingPart, account: Account, sent_after: datetime, known: Collection[str], http: Http
    ) -> str | None:
        """Nothing to look up."""
        return None

    async def show_typing(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """There is no such sign."""

    async def mark_read(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """There is no such sign."""


SIGNED_WEBHOOK = Channel(
    kind="webhook",
    name="Webhook",
    path="webhook",
    fields=(
        AccountField("name", "Name of the account, as in the header"),
        AccountField("url", "Address that gets what the shop says"),
        AccountField("secret", "Secret of the signature", secret=True),
        AccountField("previous_secret", "Previous secret", required=False, secret=True),
    ),
    references=lambda fields: [fields["name"]] if fields.get("name") else [],
    receiver=WebhookReceiver(),
    sender=WebhookSender(),
)

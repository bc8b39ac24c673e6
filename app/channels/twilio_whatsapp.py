"""WhatsApp through Twilio: forms, or JSON with the same names, signed with the account's auth token.

Contract: https://www.twilio.com/docs/messaging/guides/webhook-request and .../usage/webhooks/webhooks-security.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from app.channels import signatures
from app.channels.port import API_BASE, AccountField, Answer, BodyError, Channel, Parsed, RawRequest
from app.channels.text import bounded_key, clean
from app.channels.twilio_message import account_of, message_of, reference, sid_of
from app.channels.twilio_send import DELIVERY_PARAMETER, VERSION, TwilioSender
from app.channels.twilio_templates import TwilioTemplates
from app.channels.twilio_upkeep import TwilioUpkeep
from app.domain.channel import (
    Account,
    Ignored,
    InboundEvent,
    Receipt,
    ReceiptStatus,
)

KIND = "whatsapp"
MAX_FIELDS = 500
TWILIO_HOST = "twilio.com"

_STATUSES = {
    "accepted": ReceiptStatus.SENT,
    "scheduled": ReceiptStatus.SENT,
    "queued": ReceiptStatus.SENT,
    "sending": ReceiptStatus.SENT,
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.READ,
    "failed": ReceiptStatus.FAILED,
    "undelivered": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
}


class TwilioReceiver:
    """See app.channels.port.Receiver."""

    accepted = Answer(200, b"<Response/>", "text/xml")
    refused = Answer(403, b"signature refused")
    max_body_bytes = 2**20

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """Twilio has none: a GET is a message, when the webhook is configured so."""
        return None

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return the number at its account, then the messaging service it may be pooled in."""
        form = dict(_parameters(request))
        ours = form.get("From" if _is_status(form) else "To", "")
        names = [reference(form.get("AccountSid", ""), ours), form.get("MessagingServiceSid", "")]
        return [[name for name in names if name]]

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Check the signature over the public address and, for a form, its parameters."""
        return signatures.twilio(
            [account.secrets.get("auth_token", ""), account.secrets.get("previous_auth_token", "")],
            request.url,
            _parameters(request) if request.method == "POST" else (),
            request.headers.get("x-twilio-signature", ""),
            body=None if request.method == "GET" or _is_form(request) else request.body,
            settings=request.headers.get("x-twilio-webhooks-signature-settings", ""),
        )

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return the one event of a request: a message, a pressed button, or news of something sent.

        Raises: BodyError.
        """
        form = {name: clean(value) for name, value in _parameters(request)}
        if not form.get("MessageSid", form.get("SmsSid", "")):
            raise BodyError("the form names no message")
        raw = request.body if request.method == "POST" else urlsplit(request.url).query.encode()
        if _is_status(form):
            return [Parsed(_receipt(form, request), raw)]
        return [Parsed(message_of(form), raw)]

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Twilio's own files need the account's credentials; nobody else may see them."""
        parts, base = urlsplit(url), account.fields.get("api_base", "").rstrip("/")
        host = parts.hostname or ""
        is_twilio = parts.scheme == "https" and (host == TWILIO_HOST or host.endswith("." + TWILIO_HOST))
        if not is_twilio and not (base and url.startswith(f"{base}/{VERSION}/")):
            return {}
        pair = f"{account.fields.get('account_sid', '')}:{account.secrets.get('auth_token', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def references(fields: Mapping[str, str]) -> Sequence[str]:
    """Return the names of an account: its number; the messaging service, if it is in one."""
    number = fields.get("number", "").replace(" ", "")
    names = [reference(fields.get("account_sid", ""), number), fields.get("messaging_service_sid", "")]
    return [name for name in names if name]


def _kind(request: RawRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_form(request: RawRequest) -> bool:
    return _kind(request) == "application/x-www-form-urlencoded"


def _parameters(request: RawRequest) -> Sequence[tuple[str, str]]:
    """Return the parameters in the order they came; none for a body that cannot be read, or has too many."""
    if request.method == "GET":
        return request.query
    if _kind(request) == "application/json":
        return _members(request.body)
    if not _is_form(request):
        return ()
    try:
        return parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return ()


def _members(body: bytes) -> Sequence[tuple[str, str]]:
    """Return the texts and numbers of a JSON object; none for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict) or len(found) > MAX_FIELDS:
        return ()
    plain = {name: value for name, value in found.items() if isinstance(value, str | int)}
    return [(clean(name), clean(str(value))) for name, value in plain.items() if not isinstance(value, bool)]


def _is_status(form: Mapping[str, str]) -> bool:
    return "MessageStatus" in form


def _receipt(form: Mapping[str, str], request: RawRequest) -> InboundEvent:
    told = form["MessageStatus"].lower()
    account, key = account_of(form, form.get("From", "")), bounded_key(f"{sid_of(form)}:{told}")
    address = form.get("To", "")
    status = _STATUSES.get(told)
    if status is None:
        return Ignored(key=key, account=account, address=address, kind=f"status {told}"[:64])
    return Receipt(
        key=key,
        account=account,
        address=address,
        status=status,
        message=sid_of(form),
        delivery=_delivery(dict(request.query).get(DELIVERY_PARAMETER, "")),
        error=form.get("ErrorCode") or None if status is ReceiptStatus.FAILED else None,
    )


def _delivery(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


WHATSAPP_FIELDS = (
    AccountField("account_sid", "Account SID"),
    AccountField("auth_token", "Auth token", secret=True),
    AccountField("previous_auth_token", "Previous auth token", required=False, secret=True),
    AccountField("number", "WhatsApp number"),
    AccountField("messaging_service_sid", "Messaging service SID", required=False),
    API_BASE,
)

WHATSAPP = Channel(
    kind=KIND,
    name="WhatsApp",
    path="whatsapp",
    fields=WHATSAPP_FIELDS,
    references=references,
    url_fragment="#rc=5&rp=all",
    receiver=TwilioReceiver(),
    sender=TwilioSender(),
    upkeep=TwilioUpkeep(),
    templates=TwilioTemplates(),
)

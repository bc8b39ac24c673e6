"""WhatsApp through Twilio: forms signed with the account's auth token.

Contract: https://www.twilio.com/docs/messaging/guides/webhook-request and .../usage/webhooks/webhooks-security.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from app.channels import signatures
from app.channels.port import API_BASE, AccountField, Answer, BodyError, Channel, Parsed, RawRequest
from app.channels.text import bounded_key, clean
from app.channels.twilio_send import DELIVERY_PARAMETER, TwilioSender
from app.channels.twilio_upkeep import TwilioUpkeep
from app.domain.channel import (
    Account,
    Ignored,
    InboundEvent,
    Media,
    MessageReceived,
    Postback,
    Receipt,
    ReceiptStatus,
)

KIND = "whatsapp"
SCHEME = "whatsapp:"
MAX_FIELDS = 500
MAX_MEDIA = 50
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
_PHONE = re.compile(r"whatsapp:(\+[1-9][0-9]{6,14})")
_PLACE = ("Latitude", "Longitude", "Address", "Label")
_NOTES = ("Forwarded", "FrequentlyForwarded", "MessageType", "WaId", "ExternalUserId", "OriginalRepliedMessageSender")


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
        return [Parsed(_message(form), raw)]

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """Twilio's own files need the account's credentials; nobody else may see them."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not (host == TWILIO_HOST or host.endswith("." + TWILIO_HOST)):
            return {}
        pair = f"{account.fields.get('account_sid', '')}:{account.secrets.get('auth_token', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def reference(account_sid: str, number: str) -> str:
    """Return how one number of one Twilio account is called here; empty without either."""
    return f"{account_sid}/{number.removeprefix(SCHEME)}" if account_sid and number else ""


def references(fields: Mapping[str, str]) -> Sequence[str]:
    """Return the names of an account: its number; the messaging service, if it is in one."""
    number = fields.get("number", "").replace(" ", "")
    names = [reference(fields.get("account_sid", ""), number), fields.get("messaging_service_sid", "")]
    return [name for name in names if name]


def _is_form(request: RawRequest) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


def _parameters(request: RawRequest) -> Sequence[tuple[str, str]]:
    """Return the parameters in the order they came; none for a body that is no form, or too long to be one."""
    if request.method == "GET":
        return request.query
    if not _is_form(request):
        return ()
    try:
        return parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return ()


def _is_status(form: Mapping[str, str]) -> bool:
    return "MessageStatus" in form


def _sid(form: Mapping[str, str]) -> str:
    return form.get("MessageSid") or form.get("SmsSid", "")


def _account(form: Mapping[str, str], ours: str) -> str:
    return reference(form.get("AccountSid", ""), ours) or form.get("MessagingServiceSid", "")


def _receipt(form: Mapping[str, str], request: RawRequest) -> InboundEvent:
    told = form["MessageStatus"].lower()
    account, key = _account(form, form.get("From", "")), bounded_key(f"{_sid(form)}:{told}")
    address = form.get("To", "")
    status = _STATUSES.get(told)
    if status is None:
        return Ignored(key=key, account=account, address=address, kind=f"status {told}"[:64])
    return Receipt(
        key=key,
        account=account,
        address=address,
        status=status,
        message=_sid(form),
        delivery=_delivery(dict(request.query).get(DELIVERY_PARAMETER, "")),
        error=form.get("ErrorCode") or None if status is ReceiptStatus.FAILED else None,
    )


def _delivery(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _message(form: Mapping[str, str]) -> InboundEvent:
    key, account, address = bounded_key(_sid(form)), _account(form, form.get("To", "")), form.get("From", "")
    if not address:
        return Ignored(key=key, account=account, kind="message without a sender")
    if "ButtonPayload" in form:
        title = form.get("ButtonText") or form.get("Body", "")
        return Postback(key=key, account=account, address=address, title=title, payload=form["ButtonPayload"])
    attachments = _media(form)
    text = form.get("Body", "") or _place_line(form)
    return MessageReceived(
        key=key,
        account=account,
        address=address,
        text=text,
        name=form.get("ProfileName") or None,
        phone=phone[1] if (phone := _PHONE.fullmatch(address)) else None,
        attachments=attachments,
        reply_to=form.get("OriginalRepliedMessageSid") or None,
        unsupported=not text and not attachments,
        context=_context(form),
    )


def _media(form: Mapping[str, str]) -> tuple[Media, ...]:
    count = form.get("NumMedia", "0")
    known = min(int(count), MAX_MEDIA) if count.isascii() and count.isdigit() and len(count) <= 3 else 0
    found = []
    for number in range(known):
        url, media_type = form.get(f"MediaUrl{number}", ""), form.get(f"MediaContentType{number}", "")
        if url:
            found.append(Media(kind=_kind(media_type), url=url, media_type=media_type or None))
    return tuple(found)


def _kind(media_type: str) -> str:
    family = media_type.partition("/")[0]
    return family if family in ("image", "video", "audio") else "file"


def _place_line(form: Mapping[str, str]) -> str:
    """A shared place, in words that can be read and answered."""
    if not (form.get("Latitude") and form.get("Longitude")):
        return ""
    names = ", ".join(form[name] for name in ("Label", "Address") if form.get(name))
    point = f"{form['Latitude']}, {form['Longitude']}"
    return f"Location: {names} ({point})" if names else f"Location: {point}"


def _context(form: Mapping[str, str]) -> dict[str, str]:
    """Keep what else tells about the message; advertisements come as Referral..."""
    return {
        name: value
        for name, value in form.items()
        if value and (name in _PLACE or name in _NOTES or name.startswith("Referral"))
    }


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
)

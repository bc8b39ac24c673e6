"""A customer's message on WhatsApp, as Twilio's form has it, in our words.

Contract: https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.channels.text import bounded_key, line, web_address
from app.domain.channel import Ignored, InboundEvent, Media, MessageReceived, Postback, Referral

SCHEME = "whatsapp:"
MAX_MEDIA = 50
_PHONE = re.compile(r"whatsapp:(\+[1-9][0-9]{6,14})")
_PLACE = ("Latitude", "Longitude", "Address", "Label")
_NOTES = ("Forwarded", "FrequentlyForwarded", "MessageType", "WaId", "ExternalUserId", "OriginalRepliedMessageSender")


def sid_of(form: Mapping[str, str]) -> str:
    """Return the message's id."""
    return form.get("MessageSid") or form.get("SmsSid", "")


def reference(account_sid: str, number: str) -> str:
    """Return how one number of one Twilio account is called here; empty without either."""
    return f"{account_sid}/{number.removeprefix(SCHEME)}" if account_sid and number else ""


def account_of(form: Mapping[str, str], ours: str) -> str:
    """Return the name of the account that a form is about."""
    return reference(form.get("AccountSid", ""), ours) or form.get("MessagingServiceSid", "")


def message_of(form: Mapping[str, str]) -> InboundEvent:
    """Read a message, or a pressed button."""
    key, account, address = bounded_key(sid_of(form)), account_of(form, form.get("To", "")), form.get("From", "")
    if not address:
        return Ignored(key=key, account=account, kind="message without a sender")
    if "ButtonPayload" in form:
        title = form.get("ButtonText") or form.get("Body", "")
        return Postback(
            key=key,
            account=account,
            address=address,
            title=title,
            payload=form["ButtonPayload"],
            referral=_referral(form),
        )
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
        referral=_referral(form),
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


def _referral(form: Mapping[str, str]) -> Referral | None:
    found = Referral(
        source=line(form.get("ReferralSourceType")),
        headline=line(form.get("ReferralHeadline")),
        url=web_address(form.get("ReferralSourceUrl")),
    )
    return found if found != Referral() else None


def _context(form: Mapping[str, str]) -> dict[str, str]:
    """Keep what else tells about the message; advertisements come as Referral..."""
    return {
        name: value
        for name, value in form.items()
        if value and (name in _PLACE or name in _NOTES or name.startswith("Referral"))
    }

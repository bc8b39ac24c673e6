"""One event of Messenger or Instagram, in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.channels.port import Parsed
from app.channels.text import bounded_key, clean, hashed_key, line, web_address
from app.domain.channel import (
    Echo,
    Handover,
    Ignored,
    InboundEvent,
    Media,
    MessageDeleted,
    MessageReceived,
    PolicyEnforced,
    Postback,
    Reaction,
    Receipt,
    ReceiptStatus,
    Referral,
    Story,
)

_MAX_MS = 10**14  # the year 5138: what is later is no time
_HANDOVERS = {
    "pass_thread_control": ("pass", "new_owner_app_id"),
    "take_thread_control": ("take", "new_owner_app_id"),
    "request_thread_control": ("request", "requested_owner_app_id"),
    "app_roles": ("roles", ""),
}
_KNOWN_KINDS = ("message", "postback", "delivery", "read", "reaction", "referral", "optin", *_HANDOVERS)
_POLICY = ("policy_enforcement", "policy-enforcement")  # Meta's pages write it both ways
_WORD_CHARS, _REASON_CHARS = 32, 500
Fields = Mapping[str, Any]


def read_event(raw: bytes, account: str, *, standby: bool = False, is_change: bool = False) -> Parsed:
    """Read one element of an entry; what cannot be understood is an Ignored event and no error."""
    event = msgspec.json.decode(raw.decode("utf-8", "replace"))
    if is_change and isinstance(event, dict) and isinstance(event.get("value"), dict) and "sender" in event["value"]:
        event = event["value"]  # a test sent from Meta's dashboard
    return Parsed(_Reader(event if isinstance(event, dict) else {}, raw, account, standby).event(), raw)


class _Reader:
    """What the kinds of one event have in common."""

    def __init__(self, event: Fields, raw: bytes, account: str, standby: bool) -> None:
        self._event = event
        self._raw = raw
        self._account = account
        self._standby = standby
        self._sender, self._recipient = _id(event.get("sender")), _id(event.get("recipient"))

    def event(self) -> InboundEvent:
        kind = next((name for name in _KNOWN_KINDS if isinstance(self._event.get(name), dict)), "")
        part: Fields = self._event.get(kind, {})
        if not kind and (policy := next(filter(None, (_dict(self._event.get(name)) for name in _POLICY)), None)):
            return self._policy(policy)
        if not self._sender:
            return self._ignored(kind)
        match kind:
            case "message":
                return self._message(part)
            case "postback":
                return self._postback(part)
            case "delivery" | "read":
                return self._receipt(kind, part)
            case "reaction":
                return self._reaction(part)
            case _ if kind in _HANDOVERS:
                action, owner = _HANDOVERS[kind]
                return Handover(**self._about(self._hashed(kind), self._sender), action=action, app=_id_of(part, owner))
            case _:
                return self._ignored(kind)

    def _about(self, key: str, address: str) -> dict[str, Any]:
        return {
            "key": bounded_key(key),
            "account": self._account,
            "at": _time(self._event.get("timestamp")),
            "address": address,
            "standby": self._standby,
        }

    def _hashed(self, kind: str) -> str:
        """A key for what has no id of the vendor: the same bytes are the same event."""
        return hashed_key(kind, self._raw)

    def _ignored(self, kind: str) -> InboundEvent:
        name = kind or next((str(key) for key in self._event if key not in ("sender", "recipient", "timestamp")), "")
        return Ignored(**self._about(self._hashed("other"), self._sender), kind=clean(name)[:64] or "nothing")

    def _message(self, part: Fields) -> InboundEvent:
        mid = _text(part.get("mid"))
        if not mid:
            return self._ignored("message")
        if part.get("is_echo") is True:
            return self._echo(mid, part)
        if part.get("is_deleted") is True:
            return MessageDeleted(**self._about(f"{mid}:deleted", self._sender), message=bounded_key(mid))
        text, attachments = _text(part.get("text")), _media(part.get("attachments"))
        reply = _dict(part.get("reply_to"))
        return MessageReceived(
            **self._about(mid, self._sender),
            text=text,
            attachments=attachments,
            reply_to=bounded_key(answered) if (answered := _text(reply.get("mid"))) else None,
            story=_story(reply.get("story")),
            referral=_referral(part.get("referral") or self._event.get("referral")),
            unsupported=part.get("is_unsupported") is True or not (text or attachments),
            context=_context(part, reply, self._event),
        )

    def _echo(self, mid: str, part: Fields) -> InboundEvent:
        return Echo(
            **self._about(mid, self._recipient),
            message=bounded_key(mid),
            text=_text(part.get("text")),
            attachments=_media(part.get("attachments")),
            app=_id_of(part, "app_id"),
            metadata=_text(part.get("metadata")) or None,
        )

    def _postback(self, part: Fields) -> InboundEvent:
        key = _text(part.get("mid")) or self._hashed("postback")
        title = _text(part.get("title")) or _text(part.get("payload"))
        return Postback(
            **self._about(key, self._sender),
            title=title,
            payload=_text(part.get("payload")),
            referral=_referral(part.get("referral") or self._event.get("referral")),
        )

    def _receipt(self, kind: str, part: Fields) -> InboundEvent:
        watermark, mids = part.get("watermark"), part.get("mids")
        message = _text(part.get("mid")) or (_text(mids[0]) if isinstance(mids, list) and len(mids) == 1 else "")
        until = _time(watermark)
        if until is None and not message:
            return self._ignored(kind)
        named = f"{self._sender}:{watermark if until is not None else message}"
        return Receipt(
            **self._about(hashed_key(kind, named), self._sender),
            status=ReceiptStatus.READ if kind == "read" else ReceiptStatus.DELIVERED,
            message=bounded_key(message) if message else None,
            until=until,
        )

    def _policy(self, part: Fields) -> InboundEvent:
        """It is about the page and nobody else: there is no sender."""
        action = line(part.get("action")) or "enforced"
        return PolicyEnforced(
            **self._about(self._hashed("policy"), ""),
            action=action[:_WORD_CHARS],
            reason=(line(part.get("reason")) or "")[:_REASON_CHARS],
        )

    def _reaction(self, part: Fields) -> InboundEvent:
        mid = _text(part.get("mid"))
        if not mid:
            return self._ignored("reaction")
        emoji = _text(part.get("emoji")) or _text(part.get("reaction")) or "?"
        is_taken_back = part.get("action") == "unreact"
        return Reaction(
            **self._about(self._hashed("reaction"), self._sender),
            message=bounded_key(mid),
            emoji=None if is_taken_back else emoji,
        )


def _dict(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _id(value: object) -> str:
    """Return the id in {"id": ...}; Meta writes ids as strings, now and then as numbers."""
    return _id_of(_dict(value), "id") or ""


def _id_of(part: Fields, name: str) -> str | None:
    value = part.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value) or None


def _time(value: object) -> datetime | None:
    """Read milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _MAX_MS:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _media(value: object) -> tuple[Media, ...]:
    """Return the files of a message. A sticker also comes as an image with the same address: that is one file."""
    found: dict[str, Media] = {}
    for one in value if isinstance(value, list) else ():
        payload = _dict(_dict(one).get("payload"))
        kind, url = _text(_dict(one).get("type")) or "file", _text(payload.get("url"))
        if not url:
            continue
        identity = str(payload.get("sticker_id") or url)
        if identity not in found or kind == "sticker":
            found[identity] = Media(kind=kind, url=url, name=_text(payload.get("title")) or None)
    return tuple(found.values())


def _story(value: object) -> Story | None:
    return Story(url=web_address(value.get("url"))) if isinstance(value, dict) else None


def _referral(value: object) -> Referral | None:
    """Read an advertisement, a shop's product or an m.me link; only advertisements have a title and a picture."""
    if not isinstance(value, dict) or not value:
        return None
    shown = _dict(value.get("ads_context_data"))
    found = Referral(
        source=line(value.get("source")),
        headline=line(shown.get("ad_title")),
        url=web_address(value.get("referer_uri")) or web_address(shown.get("photo_url")),
    )
    return found if found != Referral() else None


def _context(part: Fields, reply: Fields, event: Fields) -> dict[str, Any]:
    """Keep what else tells about the message: the pressed quick reply, the story, the advertisement."""
    named = {
        "quick_reply": _dict(part.get("quick_reply")).get("payload"),
        "story": reply.get("story"),
        "referral": part.get("referral") or event.get("referral"),
    }
    return {name: _cleaned(value) for name, value in named.items() if value}


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [_cleaned(one) for one in value]
    return value

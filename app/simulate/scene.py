"""A customer on a channel, with everything the vendor does between them and this server."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.simulate.loopback import Outgoing, Post, serving
from app.simulate.meta import MetaStandIn
from app.simulate.meta import SentMessage as MetaMessage
from app.simulate.meta_desk import FIELDS
from app.simulate.telegram import SentMessage as TelegramMessage
from app.simulate.telegram import TelegramStandIn
from app.simulate.twilio import TwilioStandIn
from app.simulate.twilio_pages import SentMessage as TwilioMessage

KINDS = ("whatsapp", "messenger", "instagram", "telegram")
NUMBER = "+15005550006"
TELEGRAM_UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
TEMPLATES = {
    "HX" + "1" * 32: ("approved", "Hello {{1}}, we have news about your order {{2}}. Please write to us."),
    "HX" + "2" * 32: ("approved", "Thank you for waiting. We are here again: just write to us."),
}
PATHS = {"whatsapp": "whatsapp", "messenger": "facebook", "instagram": "instagram", "telegram": "telegram"}
_PERSONS = {"whatsapp": re.compile(r"whatsapp:\+[0-9]{6,15}")}
_NUMBERED = re.compile(r"[1-9][0-9]{0,31}")  # Meta's and Telegram's people have numbers


def is_person(kind: str, address: str) -> bool:
    """Return whether the vendor of a channel has people with such addresses."""
    return _PERSONS.get(kind, _NUMBERED).fullmatch(address) is not None


@dataclass
class Scene:
    """One customer and one account. `fields` connect the account: to be given to this server."""

    kind: str
    stand_in: TwilioStandIn | MetaStandIn | TelegramStandIn
    webhook: str
    fields: Mapping[str, str]
    person: str
    _shown: int = field(default=0)

    async def write(self, text: str) -> int:
        """Let the customer write; return the status of the server's answer, 0 for none."""
        if isinstance(self.stand_in, TwilioStandIn):
            return await self.stand_in.write(self.webhook, text, address=self.person)
        return await self.stand_in.write(text, person=self.person)

    def read(self) -> None:
        """Let the customer read all that came."""
        if isinstance(self.stand_in, TwilioStandIn):
            self.stand_in.customer_reads()
        elif isinstance(self.stand_in, MetaStandIn):
            self.stand_in.report("read", self.person)  # Telegram tells bots of no such thing

    def texts(self) -> list[str]:
        """Return what the customer sees, in order."""
        return [shown_text(one) for one in self.stand_in.messages if one.to == self.person]

    def news(self) -> list[str]:
        """Return what has come since the last call."""
        texts = self.texts()
        fresh, self._shown = texts[self._shown :], len(texts)
        return fresh


@asynccontextmanager
async def scene(kind: str, server_url: str, *, port: int = 0, post: Post | None = None) -> AsyncIterator[Scene]:
    """Serve the stand-in of a channel on the loopback, for a server at `server_url`; `post` brings it what it posts.

    Raises: ValueError for a channel that has no stand-in.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no stand-in for {kind}: use one of {', '.join(KINDS)}")
    webhook = f"{server_url.rstrip('/')}/api/webhooks/{PATHS[kind]}/"
    token, secret = secrets.token_hex(16), secrets.token_hex(16)
    if kind == "whatsapp":
        sid = "AC" + "0" * 31 + "1"
        numbers, outgoing = {f"whatsapp:{NUMBER}"}, Outgoing(post)
        twilio = TwilioStandIn(sid, token, numbers, sender_webhook=webhook, outgoing=outgoing, templates=TEMPLATES)
        fields = {"account_sid": sid, "auth_token": token, "number": NUMBER}
        async with serving(twilio.app, port) as base:
            twilio.base = base
            yield Scene(kind, twilio, webhook, {**fields, "api_base": base}, "whatsapp:+14155550101")
            await twilio.outgoing.idle()
        return
    if kind == "telegram":
        bot = TelegramStandIn(f"7001001:{token}", outgoing=Outgoing(post), webhook=f"{webhook}?bot=7001001")
        bot.secret, bot.allowed = secret, list(TELEGRAM_UPDATES)
        async with serving(bot.app, port) as base:
            yield Scene(
                kind, bot, webhook, {"bot_token": bot.token, "secret_token": secret, "api_base": base}, "9901001"
            )
            await bot.outgoing.idle()
        return
    app = {"app_secret": secret, "verify_token": secrets.token_hex(8)}
    if kind == "messenger":
        meta = MetaStandIn("page", "100100100", token, secret, webhook=webhook, outgoing=Outgoing(post))
        fields = {"page_id": "100100100", "page_token": token, **app}
    else:
        meta = MetaStandIn(
            "instagram", "178400100", token, secret, webhook=webhook, node="100100100", outgoing=Outgoing(post)
        )
        fields = {"ig_id": "178400100", "access_token": token, "setup": "facebook", "page_id": "100100100", **app}
    meta.desk.subscribed = set(FIELDS[meta.platform])
    async with serving(meta.app, port) as base:
        meta.base = base
        yield Scene(kind, meta, webhook, {**fields, "api_base": base}, "9901001")
        await meta.outgoing.idle()


def shown_text(message: TwilioMessage | MetaMessage | TelegramMessage) -> str:
    """Return what the customer sees of a message."""
    if isinstance(message, TwilioMessage):
        return message.body or " ".join(message.media) or f"(template {message.content_sid})"
    if message.text:
        return message.text
    if isinstance(message, TelegramMessage):
        return message.media or ""
    if "template" in message.message:
        return f"(template {message.message['template']['name']})"
    payload = message.message.get("attachment", {}).get("payload", {})
    titles = [f"[{one['title']}: {one.get('subtitle', '')}]" for one in payload.get("elements", [])]
    return " ".join(titles) or str(payload.get("url", ""))

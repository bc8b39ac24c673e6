"""THE list of channels: one line each."""

from __future__ import annotations

from app.channels.meta import INSTAGRAM, MESSENGER
from app.channels.port import Channel
from app.channels.shopify import SHOPIFY
from app.channels.signed_webhook import SIGNED_WEBHOOK
from app.channels.telegram import TELEGRAM
from app.channels.twilio_whatsapp import WHATSAPP
from app.channels.web import WEB_CHANNEL

CHANNELS: tuple[Channel, ...] = (
    WEB_CHANNEL,
    WHATSAPP,
    MESSENGER,
    INSTAGRAM,
    SHOPIFY,
    SIGNED_WEBHOOK,
    TELEGRAM,
)

BY_KIND = {channel.kind: channel for channel in CHANNELS}
BY_PATH = {channel.path: channel for channel in CHANNELS if channel.path is not None}

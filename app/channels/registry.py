"""THE list of channels: one line each."""

from __future__ import annotations

from app.channels.port import Channel
from app.channels.web import WEB_CHANNEL

CHANNELS: tuple[Channel, ...] = (WEB_CHANNEL,)

BY_KIND = {channel.kind: channel for channel in CHANNELS}

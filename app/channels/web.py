"""The widget on the shop's own pages: it speaks through live sessions, so there is nothing to receive or send here."""

from __future__ import annotations

from app.channels.port import Channel
from app.domain.channel import WEB

WEB_CHANNEL = Channel(kind=WEB, name="Website")

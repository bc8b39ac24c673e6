"""Django Channels with the pub/sub layer of channels_redis: one consumer per socket, one group per conversation."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [f"redis://127.0.0.1:{os.environ['REDIS_PORT']}"]},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402  (needs the settings)
from channels.routing import ProtocolTypeRouter  # noqa: E402


class Conversation(AsyncWebsocketConsumer):
    """A socket in the group that its path names."""

    async def connect(self) -> None:
        """Join, then accept."""
        self.group = "g" + self.scope["path"].rsplit("/", 1)[1]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def chat_token(self, event: dict[str, Any]) -> None:
        """Pass a message of the group on."""
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({"websocket": Conversation.as_asgi()})

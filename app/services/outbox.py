"""What a message becomes on its way to an external channel: parts, in the transaction that logs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urljoin
from uuid import UUID

from app.domain.catalogue import format_money
from app.domain.channel import Limits
from app.domain.conversation import Conversation
from app.domain.delivery import Delivery, DeliveryStatus, MessageDelivery
from app.domain.job import Lane, NewJob
from app.domain.message import FinishReason, Message, SenderKind
from app.domain.split import split
from app.services.ids import new_id
from app.services.product_links import ProductLinks

DELIVER_KIND = "deliver"
NOTHING_WENT_OUT: Mapping[str, Any] = {"status": DeliveryStatus.CANCELED.value, "to": 0}
_CUT_SHORT = (FinishReason.STOPPED, FinishReason.TAKEN_OVER)


@dataclass(frozen=True, slots=True)
class Route:
    """How a conversation's customer is reached: `kind` of channel, and the customer's last message there (`key` is
    the vendor's id of it). `problem`: why nothing is sent for this account."""

    account: UUID
    kind: str
    address: str
    last_inbound_at: datetime | None
    last_inbound_key: str | None
    problem: str | None = None


class Deliveries(Protocol):
    """Deliveries as rows."""

    async def add(self, deliveries: Sequence[Delivery], now: datetime) -> None: ...

    async def find(self, delivery: UUID) -> Delivery | None: ...

    async def find_by_provider_id(self, account: UUID, provider_id: str) -> Delivery | None: ...

    async def open_of(self, conversation: UUID) -> Sequence[Delivery]:
        """Return what is queued or being sent, in the order in which it is to arrive."""

    async def bot_parts_in_flight(self, conversation: UUID) -> Sequence[Delivery]:
        """Return the parts of the bot that are being sent."""

    async def of_message(self, message: UUID) -> Sequence[Delivery]: ...

    async def sent_before(self, account: UUID, address: str, until: datetime) -> Sequence[Delivery]:
        """Return what was handed over for a person before `until` and is not read yet, oldest first."""

    async def is_of_identity(self, delivery: UUID, identity: UUID) -> bool:
        """Whether the delivery went to this identity."""

    async def provider_ids(self, conversation: UUID) -> set[str]: ...

    async def is_sending_to(self, account: UUID, address: str) -> bool: ...

    async def save(self, delivery: Delivery, now: datetime) -> None:
        """Write all that can change."""

    async def restamp(self, conversation: UUID, epoch: int) -> None:
        """Let the bot's queued parts be sent under a new epoch."""

    async def tell(self, message: UUID, shown: Mapping[str, Any]) -> bool:
        """Store what a message shows of its delivery; false when it shows that already."""

    async def route(self, conversation: UUID) -> Route | None: ...

    async def stop_account(self, account: UUID, problem: str) -> None:
        """Send no more for an account until its credentials are changed."""

    async def forgotten(self, before: datetime, limit: int) -> Sequence[Delivery]:
        """Return what has been queued or sending without a change since `before`."""


class Outbox:
    """Knows which conversations go out to a channel, and in what parts. `limits` by kind of channel.

    `links` makes the links of recommended products, whose opening is counted.
    """

    def __init__(
        self, limits: Mapping[str, Limits] | None = None, public_url: str = "", links: ProductLinks | None = None
    ) -> None:
        self._limits = limits or {}
        self._public_url = public_url
        self._links = links

    def limits(self, kind: str) -> Limits | None:
        """Return what a channel takes; None for the widget, which speaks through live sessions."""
        return self._limits.get(kind)

    def shown_of_cut(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a reply that ended half-way shows of its delivery: channels get whole answers alone."""
        return NOTHING_WENT_OUT if kind in self._limits else None

    def parts(
        self,
        conversation: Conversation,
        message: Message,
        account: UUID,
        template: Mapping[str, Any] | None = None,
    ) -> list[Delivery]:
        """Return the parts of a message of the shop, in order; none of what ended half-way. A template is one part."""
        limits = self._limits.get(conversation.channel)
        if limits is None or message.sender is SenderKind.CUSTOMER or message.finish_reason in _CUT_SHORT:
            return []
        end = len(message.text.encode())
        if template is not None:
            pieces: list[tuple[str, int, dict[str, Any]]] = [(message.text, end, dict(template))]
        else:
            pieces = [(one.text, one.end, {}) for one in split(message.text, limits.text)]
            pieces += [("", end, {"media": one}) for one in _media(message, limits, self._public_url)]
            pieces += _shown_products(self._linked(message), limits, self._public_url, end)
        return [
            Delivery(
                id=new_id(),
                shop=conversation.shop,
                conversation=conversation.id,
                message=message.id,
                account=account,
                part=number,
                sender=message.sender,
                epoch=conversation.control.epoch,
                text=text,
                end=stop,
                content=content,
            )
            for number, (text, stop, content) in enumerate(pieces)
        ]

    def _linked(self, message: Message) -> Sequence[Mapping[str, Any]]:
        """Return the products of a message, those that have a page with a link of this server to it."""
        links = self._links
        if links is None:
            return message.products
        return [
            {**one, "url": links.link(UUID(one["recommendation"]))} if one.get("url") else one
            for one in message.products
        ]


def deliver_job(delivery: Delivery, cause: str, *, delay_s: float = 0.0, retries: bool = False) -> NewJob:
    """Return a job that sends what is queued in a delivery's conversation; with `retries`, ends this one's pause."""
    return NewJob(
        lane=Lane.DELIVER,
        kind=DELIVER_KIND,
        cause=cause,
        shop=delivery.shop,
        conversation=delivery.conversation,
        delay_s=delay_s,
        payload={"retried": str(delivery.id)} if retries else {},
    )


def shown(summary: MessageDelivery) -> dict[str, Any]:
    """Return what became of a message, as on the wire."""
    fields = {"status": summary.status.value, "error": summary.error, "to": summary.to}
    return {name: value for name, value in fields.items() if value is not None}


def _media(message: Message, limits: Limits, public_url: str) -> list[dict[str, Any]]:
    """Return the files that the channel takes; what it does not take was refused before."""
    found = []
    for one in message.attachments:
        kind = media_kind(one["media_type"])
        if one["size"] <= limits.media_bytes.get(kind, 0):
            url = urljoin(public_url + "/", one["url"])
            found.append({"kind": kind, "url": url, **{name: one[name] for name in ("media_type", "name", "size")}})
    return found


def media_kind(media_type: str) -> str:
    """Return what channels call a file of this type: image, video, audio or file."""
    family = media_type.partition("/")[0]
    return family if family in ("image", "video", "audio") else "file"


def _shown_products(
    products: Sequence[Mapping[str, Any]], limits: Limits, public_url: str, end: int
) -> list[tuple[str, int, dict[str, Any]]]:
    """Show recommended products: as cards where the channel has them, else as lines with links."""
    if not products:
        return []
    if limits.cards:
        cards = [_card(one, public_url) for one in products[: limits.cards]]
        return [("", end, {"cards": cards})]
    lines = "\n\n".join(_line(one, public_url) for one in products)
    return [(part.text, end, {}) for part in split(lines, limits.text)]


def _card(product: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    links = {name: urljoin(public_url + "/", product[name]) for name in ("url", "image_url") if product.get(name)}
    return {"title": product["title"], "subtitle": format_money(product["price"], product["currency"]), **links}


def _line(product: Mapping[str, Any], public_url: str) -> str:
    line = f"{product['title']}, {format_money(product['price'], product['currency'])}"
    return f"{line}\n{urljoin(public_url + '/', product['url'])}" if product.get("url") else line

"""Shops as the widget and the commands need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class WidgetShop:
    """What a shop's widget is checked against. An empty list of origins allows only the server's own pages."""

    id: UUID
    name: str
    widget_key: str
    widget_secret: str
    origins: Sequence[str] = ()
    brand_colour: str | None = None


@dataclass(frozen=True, slots=True)
class NewShop:
    """A shop to be made; `hours` are (weekday, opening minute, closing minute) of the shop's local day."""

    name: str
    widget_key: str
    widget_secret: str
    currency: str = "EUR"
    timezone: str = "UTC"
    origins: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    hours: Sequence[tuple[int, int, int]] = ()


class Shops(Protocol):
    """Reads and makes shops."""

    async def by_key(self, widget_key: str) -> WidgetShop | None: ...

    async def by_id(self, shop: UUID) -> WidgetShop | None: ...

    async def all(self) -> Sequence[WidgetShop]: ...

    async def ensure(self, shop: NewShop) -> WidgetShop:
        """Return the shop with this widget key, making it when there is none."""

    async def customer_id(self, shop: UUID, external_id: str) -> UUID | None: ...

    async def setting(self, shop: UUID, name: str) -> Any: ...

    async def settings(self, shop: UUID) -> Mapping[str, Any]: ...

    async def set_setting(self, shop: UUID, name: str, value: Any) -> None: ...

    async def change_settings(self, shop: UUID, values: Mapping[str, Any]) -> None:
        """Change some settings in one step; the others stay."""

    async def history_is_empty(self, shop: UUID) -> bool: ...

    async def add_history(self, shop: UUID, rows: Sequence[tuple[str, str, str, int]]) -> int:
        """Add interactions (customer, product, kind, days ago) by external ids; return how many."""

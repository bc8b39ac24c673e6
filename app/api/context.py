"""What the REST API stands on; bootstrap fills it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.auth.staff import StaffAuth
from app.services.analytics import Analytics
from app.services.customers import Customers
from app.services.rate_limit import RateLimiter
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the parts; `ready` is false only while draining or without the database."""

    ready: bool
    degraded: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Use cases and reads behind the operations."""

    settings: Settings
    staff: StaffAuth
    limiter: RateLimiter
    analytics: Analytics
    customers: Customers
    health: Callable[[], Awaitable[Health]]

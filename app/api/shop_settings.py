"""How a shop wants its conversations handled, as its staff reads and changes it."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from app.api.operation import Call, Operation
from app.auth.roles import Permission
from app.domain.message import check_text
from app.domain.shop import DoubleTexting, HandoffTimeout, ShopRules

TAG = "settings"
TEXT_CHARS = 1000
MOST_HOURS = 24 * 365
MOST_SECONDS = 7 * 86_400


class ShopSettings(Struct, frozen=True):
    """The settings in force. `double_texting`: what a new question does to a running answer: `merge` stops it and
    answers both together, `queue` lets it end first. `merge_by_email`: the shop's logins prove e-mail addresses, so two
    customers of its records who share one and have both signed in are joined by themselves."""

    double_texting: DoubleTexting
    handoff_timeout: HandoffTimeout
    handoff_timeout_s: float
    handoff_timeout_text: str
    reopen_within_h: float
    ask_csat: bool
    disclosure: dict[str, bool] | bool
    disclosure_text: str
    disclosure_gap_h: float
    merge_by_email: bool


class ShopSettingsChange(Struct, frozen=True):
    """What is to be other than now; fields that are left out stay."""

    double_texting: DoubleTexting | UnsetType = UNSET
    handoff_timeout: HandoffTimeout | UnsetType = UNSET
    handoff_timeout_s: Annotated[float, Meta(ge=1, le=MOST_SECONDS)] | UnsetType = UNSET
    handoff_timeout_text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS)] | UnsetType = UNSET
    reopen_within_h: Annotated[float, Meta(ge=0, le=MOST_HOURS)] | UnsetType = UNSET
    ask_csat: bool | UnsetType = UNSET
    disclosure: dict[str, bool] | bool | UnsetType = UNSET
    disclosure_text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS)] | UnsetType = UNSET
    disclosure_gap_h: Annotated[float, Meta(ge=0, le=MOST_HOURS)] | UnsetType = UNSET
    merge_by_email: bool | UnsetType = UNSET


async def read_settings(call: Call) -> ShopSettings:
    """Return the shop's settings, with the defaults of those that were never set."""
    return _in_force(ShopRules.of(await call.context.shops.settings(call.staff.shop)))


async def change_settings(call: Call) -> ShopSettings:
    """Change some of the shop's settings; they count from the next message on."""
    given: dict[str, Any] = {
        name: value for name, value in structs.asdict(call.body).items() if not isinstance(value, UnsetType)
    }
    for name in ("handoff_timeout_text", "disclosure_text"):
        if name in given:
            check_text(given[name], TEXT_CHARS)
    await call.context.shops.change_settings(call.staff.shop, given)
    return await read_settings(call)


def _in_force(rules: ShopRules) -> ShopSettings:
    return ShopSettings(
        double_texting=rules.double_texting,
        handoff_timeout=rules.handoff_timeout,
        handoff_timeout_s=rules.handoff_timeout_s,
        handoff_timeout_text=rules.handoff_timeout_text,
        reopen_within_h=rules.reopen_within.total_seconds() / 3600,
        ask_csat=rules.ask_csat,
        disclosure=rules.disclosure if isinstance(rules.disclosure, bool) else dict(rules.disclosure),
        disclosure_text=rules.disclosure_text,
        disclosure_gap_h=rules.disclosure_gap.total_seconds() / 3600,
        merge_by_email=rules.merge_by_email,
    )


OPERATIONS = (
    Operation("GET", "/api/settings/", read_settings, "How conversations are handled", TAG,
              Permission.READ_CONVERSATIONS, response=ShopSettings),
    Operation("PATCH", "/api/settings/", change_settings, "Change how conversations are handled", TAG,
              Permission.MANAGE_SETTINGS, ShopSettingsChange, response=ShopSettings, errors=(413,)),
)  # fmt: skip
